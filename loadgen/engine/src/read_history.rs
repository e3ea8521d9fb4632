//! What was read from a partition: which record lay at which offset. It is kept only if a broker is killed on
//! purpose, to see whether what was read before the crash is still there after it.

use crate::records::stamp::Stamp;

/// Records that follow each other in the partition and in their producer's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    offset: i64,
    producer: u16,
    sequence: u64,
    records: u64,
}

impl Stretch {
    fn end(&self) -> i64 {
        self.offset + self.records as i64
    }

    /// Whether `other` holds the same records at the offsets that both have.
    fn agrees(&self, other: &Stretch) -> bool {
        let ahead = self.offset.wrapping_sub(other.offset) as u64;
        self.producer == other.producer && self.sequence == other.sequence.wrapping_add(ahead)
    }
}

/// One entry for each batch or so, in the order of offsets.
#[derive(Debug, Default)]
pub struct ReadHistory(Vec<Stretch>);

/// Records that are gone or others by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenBack {
    /// How many.
    pub records: u64,
    /// Where the first of them was read.
    pub first_offset: i64,
}

impl ReadHistory {
    /// A record was read.
    #[inline]
    pub fn note(&mut self, offset: i64, stamp: &Stamp) {
        let one = Stretch { offset, producer: stamp.producer, sequence: stamp.sequence, records: 1 };
        match self.0.last_mut() {
            Some(last) if last.end() == offset && one.agrees(last) => last.records += 1,
            _ => self.0.push(one),
        }
    }

    /// What is here and not in `later`, a reading of the same offsets; `None` when all is.
    pub fn missing_from(&self, later: &ReadHistory) -> Option<TakenBack> {
        let mut missing: Option<TakenBack> = None;
        let mut note = |from: i64, to: i64| {
            let taken = missing.get_or_insert(TakenBack { records: 0, first_offset: from });
            taken.records += (to - from) as u64;
        };
        let mut at = 0;
        for read in &self.0 {
            let mut from = read.offset;
            while later.0.get(at).is_some_and(|held| held.end() <= from) {
                at += 1;
            }
            for held in later.0[at..].iter().take_while(|held| held.offset < read.end()) {
                if from < held.offset {
                    note(from, held.offset);
                }
                let (start, end) = (from.max(held.offset), held.end().min(read.end()));
                if !read.agrees(held) {
                    note(start, end);
                }
                from = end;
            }
            if from < read.end() {
                note(from, read.end());
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(stretches: &[(i64, u16, u64, u64)]) -> ReadHistory {
        let mut history = ReadHistory::default();
        for (offset, producer, sequence, records) in stretches.iter().copied() {
            for i in 0..records {
                let stamp = Stamp { run: 1, producer, sequence: sequence + i, intended_ns: 0, hash: None };
                history.note(offset + i as i64, &stamp);
            }
        }
        history
    }

    #[test]
    fn what_is_still_there_was_not_taken_back_however_it_was_cut() {
        let before = history(&[(0, 0, 0, 5), (5, 1, 0, 5), (10, 0, 5, 5)]);
        assert_eq!(before.0.len(), 3);
        let after = history(&[(0, 0, 0, 5), (5, 1, 0, 5), (10, 0, 5, 9), (19, 1, 5, 3)]);
        assert_eq!(before.missing_from(&after), None);
        assert_eq!(ReadHistory::default().missing_from(&after), None);
    }

    #[test]
    fn a_tail_that_is_gone_and_one_that_was_replaced_are_found() {
        let before = history(&[(0, 0, 0, 10), (10, 1, 0, 10)]);
        let gone = before.missing_from(&history(&[(0, 0, 0, 10), (10, 1, 0, 2)]));
        assert_eq!(gone, Some(TakenBack { records: 8, first_offset: 12 }));
        let replaced = before.missing_from(&history(&[(0, 0, 0, 7), (7, 1, 30, 20)]));
        assert_eq!(replaced, Some(TakenBack { records: 13, first_offset: 7 }));
        assert_eq!(
            before.missing_from(&ReadHistory::default()),
            Some(TakenBack { records: 20, first_offset: 0 })
        );
    }

    #[test]
    fn a_hole_in_the_middle_is_found() {
        let before = history(&[(0, 0, 0, 10)]);
        let after = before.missing_from(&history(&[(0, 0, 0, 3), (6, 0, 6, 4)]));
        assert_eq!(after, Some(TakenBack { records: 3, first_offset: 3 }));
    }
}
