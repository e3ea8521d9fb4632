//! The sparse time index of one segment, in Kafka's `.timeindex` format.
//!
//! ```text
//! per entry, 12 bytes: largest timestamp so far  i64 | last offset of its batch - base offset  i32
//! ```
//!
//! An entry says that no record of the segment up to its offset has a larger timestamp than it. So a search for a
//! timestamp may start behind the last entry with a smaller one.

use crate::offset::Offset;
use crate::segment::side_files::index::{Index, IndexPoint, TimestampOffset};
use crate::segment::side_files::kind::Kind;

const ENTRY_BYTES: usize = 12;

/// The time index of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeIndex {
    base: Offset,
    entries: Vec<TimestampOffset>,
}

impl TimeIndex {
    /// An empty index of the segment that starts at `base`.
    pub fn new(base: Offset) -> Self {
        Self { base, entries: Vec::new() }
    }

    /// Reads the file's bytes. `None` if they can't be an index; then rebuild it.
    pub fn decode(base: Offset, bytes: &[u8]) -> Option<Self> {
        let decode = |bytes: &[u8]| decode_entry(base, bytes);
        let entries: Vec<_> = bytes.chunks(ENTRY_BYTES).map(decode).collect::<Option<_>>()?;
        let grows = entries.windows(2).all(|pair| is_before(pair[0], pair[1]));
        grows.then_some(Self { base, entries })
    }

    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * ENTRY_BYTES);
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.timestamp.to_be_bytes());
            bytes.extend_from_slice(&((entry.last_offset - self.base) as i32).to_be_bytes());
        }
        bytes
    }

    /// Adds the largest timestamp so far. Does nothing if it did not grow.
    pub fn push(&mut self, largest: TimestampOffset) {
        let fits = i32::try_from(largest.last_offset - self.base).is_ok_and(|relative| relative >= 0);
        if fits && largest.timestamp >= 0 && self.entries.last().is_none_or(|last| is_before(*last, largest))
        {
            self.entries.push(largest);
        }
    }

    /// An offset to search from: every record before it is older than `timestamp`.
    pub fn search_from(&self, timestamp: i64) -> Offset {
        let after = self.entries.partition_point(|entry| entry.timestamp < timestamp);
        after.checked_sub(1).map_or(self.base, |at| self.entries[at].last_offset)
    }

    /// The last entry. It holds the largest timestamp in the index.
    pub fn last(&self) -> Option<TimestampOffset> {
        self.entries.last().copied()
    }

    /// All entries.
    pub(crate) fn entries(&self) -> impl Iterator<Item = TimestampOffset> {
        self.entries.iter().copied()
    }

    /// Removes the entries of batches that end at or behind `end`.
    pub fn truncate(&mut self, end: Offset) {
        let kept = self.entries.partition_point(|entry| entry.last_offset < end);
        self.entries.truncate(kept);
    }

    /// The size of the file in bytes.
    pub fn size_bytes(&self) -> u64 {
        (self.entries.len() * ENTRY_BYTES) as u64
    }
}

impl Index for TimeIndex {
    const KIND: Kind = Kind::named("timeindex");

    fn empty(base: Offset) -> Self {
        Self::new(base)
    }

    fn read(base: Offset, bytes: &[u8], _log_bytes: u64) -> Option<Self> {
        Self::decode(base, bytes)
    }

    fn bytes(&self) -> Vec<u8> {
        self.encode()
    }

    fn note(&mut self, point: &IndexPoint) {
        point.largest.into_iter().for_each(|largest| self.push(largest));
    }

    /// Like Kafka's, the file ends with the largest timestamp.
    fn finish(&mut self, largest: Option<TimestampOffset>) {
        largest.into_iter().for_each(|largest| self.push(largest));
    }

    fn file_bytes(&self) -> u64 {
        self.size_bytes()
    }
}

fn decode_entry(base: Offset, bytes: &[u8]) -> Option<TimestampOffset> {
    let (timestamp, relative) = bytes.split_first_chunk::<8>()?;
    let relative = u32::from_be_bytes(*relative.first_chunk::<4>()?);
    let last_offset = base + i64::from(relative);
    Some(TimestampOffset { timestamp: i64::from_be_bytes(*timestamp), last_offset })
}

fn is_before(earlier: TimestampOffset, later: TimestampOffset) -> bool {
    earlier.timestamp < later.timestamp && earlier.last_offset < later.last_offset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(timestamp: i64, offset: i64) -> TimestampOffset {
        TimestampOffset { timestamp, last_offset: Offset::of(offset) }
    }

    fn sample() -> TimeIndex {
        let mut index = TimeIndex::new(Offset::of(100));
        index.push(at(1000, 109));
        index.push(at(1000, 119));
        index.push(at(2000, 129));
        index
    }

    #[test]
    fn a_search_starts_before_the_first_younger_record() {
        let index = sample();
        for (timestamp, from) in [(0, 100), (1000, 100), (1001, 109), (2000, 109), (2001, 129)] {
            assert_eq!(index.search_from(timestamp), Offset::of(from), "timestamp {timestamp}");
        }
    }

    #[test]
    fn the_file_is_kafkas() {
        let bytes = sample().encode();
        assert_eq!(&bytes[..12], [0, 0, 0, 0, 0, 0, 3, 0xe8, 0, 0, 0, 9]);
        assert_eq!(TimeIndex::decode(Offset::of(100), &bytes), Some(sample()));
        assert_eq!(TimeIndex::decode(Offset::of(100), &bytes[1..]), None);
        assert_eq!(TimeIndex::decode(Offset::of(100), &[&bytes[12..], &bytes[..12]].concat()), None);
    }
}
