//! The form of Kafka's text checkpoints, and the lines of the files that hold one offset for each partition.
//!
//! ```text
//! 0                 version
//! 2                 number of entries
//! orders 0 1500     topic, partition, offset        (recovery-point-, log-start-offset-checkpoint)
//! orders 1 93                                       (leader-epoch-checkpoint has: epoch, start offset)
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::directory::TopicPartition;
use crate::offset::Offset;

/// Offsets of many partitions, as one checkpoint file holds them.
pub type OffsetsByPartition = BTreeMap<TopicPartition, Offset>;

/// The lines of such a file, or of a part of it, in any order.
#[derive(Debug, Default)]
pub(crate) struct OffsetLines {
    count: usize,
    lines: String,
}

impl<'a> FromIterator<(&'a TopicPartition, &'a Offset)> for OffsetLines {
    fn from_iter<I: IntoIterator<Item = (&'a TopicPartition, &'a Offset)>>(offsets: I) -> Self {
        let mut lines = Self::default();
        offsets.into_iter().for_each(|(name, offset)| lines.add(name, *offset));
        lines
    }
}

impl OffsetLines {
    pub(crate) fn add(&mut self, name: &TopicPartition, offset: Offset) {
        self.count += 1;
        let _ = writeln!(self.lines, "{} {} {offset}", name.topic, name.partition);
    }
}

/// The text of a file that consists of these parts.
pub(crate) fn join(parts: &[&OffsetLines]) -> String {
    let count: usize = parts.iter().map(|part| part.count).sum();
    let mut text = format!("0\n{count}\n");
    parts.iter().for_each(|part| text.push_str(&part.lines));
    text
}

/// Reads the text of such a file; `None` if it is damaged.
pub(crate) fn decode(text: &str) -> Option<OffsetsByPartition> {
    Some(parse(text, parse_partition)?.into_iter().collect())
}

fn parse_partition(line: &str) -> Option<(TopicPartition, Offset)> {
    let mut words = line.split(' ');
    let topic = words.next()?.to_owned();
    let partition = words.next()?.parse().ok()?;
    let offset = Offset::new(words.next()?.parse().ok()?)?;
    words.next().is_none().then_some((TopicPartition { topic, partition }, offset))
}

/// A version line, a count line, and one line per entry.
pub(crate) fn format_lines(lines: impl ExactSizeIterator<Item = String>) -> String {
    let mut text = format!("0\n{}\n", lines.len());
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The entries of a checkpoint file, or `None` if it is damaged.
pub(crate) fn parse<T>(text: &str, entry: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let mut lines = text.lines();
    let version: i32 = lines.next()?.parse().ok()?;
    let count: usize = lines.next()?.parse().ok()?;
    let entries: Vec<T> = lines.map(entry).collect::<Option<_>>()?;
    (version == 0 && entries.len() == count).then_some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        let text = format_lines(["orders 0 15".to_owned(), "a.b_c 7 0".to_owned()].into_iter());
        assert_eq!(text, "0\n2\norders 0 15\na.b_c 7 0\n");
        let entries = parse(&text, parse_partition).unwrap();
        assert_eq!(entries[1].0, TopicPartition { topic: "a.b_c".into(), partition: 7 });
    }

    #[test]
    fn a_file_of_several_parts_is_read_as_one() {
        let [mut one, mut other] = [OffsetLines::default(), OffsetLines::default()];
        let orders = |partition| TopicPartition::new("orders", partition);
        one.add(&orders(1), Offset::of(15));
        other.add(&TopicPartition::new("a.b_c", 0), Offset::ZERO);
        other.add(&orders(0), Offset::of(3));
        let text = join(&[&one, &other, &OffsetLines::default()]);
        assert_eq!(text, "0\n3\norders 1 15\na.b_c 0 0\norders 0 3\n");
        let read = decode(&text).unwrap();
        assert_eq!((read.len(), read[&orders(1)]), (3, Offset::of(15)));
        assert_eq!(decode(&join(&[])), Some(OffsetsByPartition::new()));
    }

    #[test]
    fn damaged_text_is_refused() {
        for text in ["", "0\n", "1\n0\n", "0\n2\na 0 1\n", "0\n1\na 0\n", "0\n1\na 0 x\n", "0\n1\na 0 1 2\n"]
        {
            assert!(parse(text, parse_partition).is_none(), "{text:?}");
        }
    }
}
