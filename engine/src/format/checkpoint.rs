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

/// The text of such a file.
pub(crate) fn encode(offsets: &OffsetsByPartition) -> String {
    format_lines(offsets.iter().map(|(name, offset)| format_partition(name, *offset)))
}

/// Reads the text of such a file; `None` if it is damaged.
pub(crate) fn decode(text: &str) -> Option<OffsetsByPartition> {
    Some(parse(text, parse_partition)?.into_iter().collect())
}

fn format_partition(name: &TopicPartition, offset: Offset) -> String {
    format!("{} {} {offset}", name.topic, name.partition)
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
    fn damaged_text_is_refused() {
        for text in ["", "0\n", "1\n0\n", "0\n2\na 0 1\n", "0\n1\na 0\n", "0\n1\na 0 x\n", "0\n1\na 0 1 2\n"]
        {
            assert!(parse(text, parse_partition).is_none(), "{text:?}");
        }
    }
}
