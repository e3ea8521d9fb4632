//! Ranges of a log that recovery found damaged, with sound batches behind them. They are kept and reported, and never
//! served.
//!
//! They are stored in `corrupt-ranges-checkpoint` in the partition's directory, because after a clean stop the log is
//! not scanned again. The file has the form of Kafka's checkpoints; Kafka itself ignores it. Each line holds
//! `start end segment position end-position`.

use crate::format::checkpoint::{format_lines, parse};
use crate::offset::{FilePosition, Offset};

/// File name in the partition's directory.
pub(crate) const FILE_NAME: &str = "corrupt-ranges-checkpoint";

/// Offsets that can't be served any more, and the bytes of the file that held them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRange {
    /// First offset lost.
    pub start: Offset,
    /// First sound offset behind it.
    pub end: Offset,
    /// Base offset of the segment.
    pub segment: Offset,
    /// First damaged byte.
    pub position: FilePosition,
    /// First sound byte behind it.
    pub end_position: FilePosition,
}

impl BadRange {
    /// Whether `offset` is lost.
    pub fn contains(&self, offset: Offset) -> bool {
        (self.start..self.end).contains(&offset)
    }
}

/// The file's text.
pub(crate) fn encode(ranges: &[BadRange]) -> String {
    format_lines(ranges.iter().map(format_range))
}

/// Reads the file's text; `None` if it is damaged.
pub(crate) fn decode(text: &str) -> Option<Vec<BadRange>> {
    parse(text, parse_range)
}

fn format_range(range: &BadRange) -> String {
    let BadRange { start, end, segment, position, end_position } = range;
    format!("{start} {end} {segment} {position} {end_position}")
}

fn parse_range(line: &str) -> Option<BadRange> {
    let numbers: Vec<i64> = line.split(' ').map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let [start, end, segment, position, end_position] = numbers[..] else {
        return None;
    };
    Some(BadRange {
        start: Offset::new(start)?,
        end: Offset::new(end)?,
        segment: Offset::new(segment)?,
        position: FilePosition::new(u64::try_from(position).ok()?),
        end_position: FilePosition::new(u64::try_from(end_position).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_back() {
        let range = BadRange {
            start: Offset::of(5),
            end: Offset::of(9),
            segment: Offset::ZERO,
            position: FilePosition::new(400),
            end_position: FilePosition::new(800),
        };
        assert_eq!(encode(&[range]), "0\n1\n5 9 0 400 800\n");
        assert_eq!(decode(&encode(&[range])), Some(vec![range]));
    }
}
