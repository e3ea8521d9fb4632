//! Topics with partitions, cut into pieces that a coordinator handles without keeping others waiting.

use crate::limits::GROUP_NAMES_AT_ONCE;

/// A piece: topics, each with what is said of some of its partitions.
pub(crate) type Piece<T> = Vec<(String, Vec<T>)>;

/// The pieces, each of [`GROUP_NAMES_AT_ONCE`] partitions at most. A topic without any counts as one.
pub(crate) struct Pieces<T> {
    all: Vec<Piece<T>>,
    /// Names that the last piece still has room for.
    room: usize,
}

impl<T> Pieces<T> {
    pub(crate) fn new() -> Self {
        Self { all: vec![Vec::new()], room: GROUP_NAMES_AT_ONCE }
    }

    /// Adds a topic.
    pub(crate) fn add(&mut self, name: &str, partitions: Vec<T>) {
        let mut left = partitions.into_iter();
        loop {
            if self.room == 0 {
                self.all.push(Vec::new());
                self.room = GROUP_NAMES_AT_ONCE;
            }
            let some: Vec<_> = left.by_ref().take(self.room).collect();
            self.room -= some.len().max(1);
            if let Some(last) = self.all.last_mut() {
                last.push((name.to_owned(), some));
            }
            if left.len() == 0 {
                return;
            }
        }
    }

    /// In the order in which they were added. There is always one.
    pub(crate) fn into_all(self) -> Vec<Piece<T>> {
        self.all
    }
}

/// The names in a piece.
pub(crate) fn names_in<T>(piece: &Piece<T>) -> usize {
    piece.iter().map(|(_, partitions)| 1 + partitions.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_may_lie_in_several_pieces() {
        let mut pieces = Pieces::new();
        pieces.add("a", vec![(); GROUP_NAMES_AT_ONCE - 1]);
        pieces.add("b", vec![(); GROUP_NAMES_AT_ONCE + 3]);
        pieces.add("c", Vec::new());
        let shown = pieces.into_all().into_iter();
        let shown: Vec<Vec<_>> =
            shown.map(|piece| piece.into_iter().map(|(name, all)| (name, all.len())).collect()).collect();
        let (a, b, c) = ("a".to_owned(), "b".to_owned(), "c".to_owned());
        let whole = GROUP_NAMES_AT_ONCE;
        assert_eq!(
            shown,
            [vec![(a, whole - 1), (b.clone(), 1)], vec![(b.clone(), whole)], vec![(b, 2), (c, 0)]]
        );
    }
}
