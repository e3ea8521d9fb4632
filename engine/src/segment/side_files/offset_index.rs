//! The sparse offset index of one segment, in Kafka's `.index` format.
//!
//! ```text
//! per entry, 8 bytes: last offset of a batch - base offset  i32 | position of that batch  i32
//! ```
//!
//! Both numbers grow from entry to entry. Entries are about `index.interval.bytes` apart, so a lookup ends with a short
//! walk over batch headers. The index is in memory while its segment is written to or read from: 2 MiB per GiB of log.

use crate::offset::{FilePosition, Offset};
use crate::segment::side_files::index::{Index, IndexPoint, TimestampOffset};
use crate::segment::side_files::kind::Kind;

pub(crate) const ENTRY_BYTES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct IndexEntry {
    relative: u32,
    position: u32,
}

/// The offset index of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetIndex {
    base: Offset,
    entries: Vec<IndexEntry>,
}

impl OffsetIndex {
    /// An empty index of the segment that starts at `base`.
    pub fn new(base: Offset) -> Self {
        Self { base, entries: Vec::new() }
    }

    /// Reads the file's bytes. `None` if they can't be the index of a segment of `log_bytes`; then rebuild it.
    pub fn decode(base: Offset, bytes: &[u8], log_bytes: u64) -> Option<Self> {
        let entries: Vec<IndexEntry> =
            bytes.chunks(ENTRY_BYTES).map(IndexEntry::decode).collect::<Option<_>>()?;
        let grows = entries.windows(2).all(|pair| pair[0].is_before(pair[1]));
        let inside = entries.last().is_none_or(|last| u64::from(last.position) < log_bytes);
        (grows && inside).then_some(Self { base, entries })
    }

    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * ENTRY_BYTES);
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.relative.to_be_bytes());
            bytes.extend_from_slice(&entry.position.to_be_bytes());
        }
        bytes
    }

    /// Adds the batch at `position` whose last offset is `last`. Does nothing if either number would not grow.
    pub fn push(&mut self, last: Offset, position: FilePosition) {
        let (Ok(relative), Ok(position)) = (u32::try_from(last - self.base), u32::try_from(position.get()))
        else {
            return;
        };
        let entry = IndexEntry { relative, position };
        if self.entries.last().is_none_or(|previous| previous.is_before(entry)) {
            self.entries.push(entry);
        }
    }

    /// A batch boundary at or before the batch that holds `offset`.
    pub fn position_before(&self, offset: Offset) -> FilePosition {
        let wanted = offset - self.base;
        let after = self.entries.partition_point(|entry| i64::from(entry.relative) <= wanted);
        self.at(after)
    }

    /// The last indexed batch boundary at or before `position`.
    pub fn boundary_before(&self, position: FilePosition) -> FilePosition {
        let after = self.entries.partition_point(|entry| u64::from(entry.position) <= position.get());
        self.at(after)
    }

    /// The entry at which a lookup of `offset` begins: the (last offset, position) of its batch. `None`: begin at the
    /// start.
    pub fn entry_before(&self, offset: Offset) -> Option<(Offset, FilePosition)> {
        let wanted = offset - self.base;
        let after = self.entries.partition_point(|entry| i64::from(entry.relative) <= wanted);
        Some(self.batch_of(self.entries[after.checked_sub(1)?]))
    }

    /// The last entry: the (last offset, position) of its batch.
    pub fn last(&self) -> Option<(Offset, FilePosition)> {
        self.entries.last().map(|entry| self.batch_of(*entry))
    }

    /// All entries: the (last offset, position) of each batch.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Offset, FilePosition)> {
        self.entries.iter().map(|entry| self.batch_of(*entry))
    }

    fn batch_of(&self, entry: IndexEntry) -> (Offset, FilePosition) {
        (self.base + i64::from(entry.relative), FilePosition::new(u64::from(entry.position)))
    }

    fn at(&self, after: usize) -> FilePosition {
        let entry = after.checked_sub(1).map(|at| self.entries[at]);
        entry.map_or(FilePosition::START, |entry| FilePosition::new(u64::from(entry.position)))
    }

    /// Removes the entries of batches at or behind `position`.
    pub fn truncate(&mut self, position: FilePosition) {
        let kept = self.entries.partition_point(|entry| u64::from(entry.position) < position.get());
        self.entries.truncate(kept);
    }

    /// The size of the file in bytes.
    pub fn size_bytes(&self) -> u64 {
        (self.entries.len() * ENTRY_BYTES) as u64
    }
}

impl Index for OffsetIndex {
    const KIND: Kind = Kind::named("index");

    fn empty(base: Offset) -> Self {
        Self::new(base)
    }

    fn read(base: Offset, bytes: &[u8], log_bytes: u64) -> Option<Self> {
        Self::decode(base, bytes, log_bytes)
    }

    fn bytes(&self) -> Vec<u8> {
        self.encode()
    }

    fn note(&mut self, point: &IndexPoint) {
        self.push(point.last, point.position);
    }

    fn finish(&mut self, _: Option<TimestampOffset>) {}

    fn file_bytes(&self) -> u64 {
        self.size_bytes()
    }
}

impl IndexEntry {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (relative, position) = bytes.split_first_chunk::<4>()?;
        let position = position.first_chunk::<4>()?;
        Some(Self { relative: u32::from_be_bytes(*relative), position: u32::from_be_bytes(*position) })
    }

    fn is_before(self, next: Self) -> bool {
        self.relative < next.relative && self.position < next.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> OffsetIndex {
        let mut index = OffsetIndex::new(Offset::of(100));
        index.push(Offset::of(109), FilePosition::new(4000));
        index.push(Offset::of(119), FilePosition::new(8200));
        index
    }

    #[test]
    fn a_lookup_lands_at_or_before_the_batch() {
        let index = sample();
        for (offset, position) in [(100, 0), (108, 0), (109, 4000), (118, 4000), (119, 8200), (900, 8200)] {
            assert_eq!(
                index.position_before(Offset::of(offset)),
                FilePosition::new(position),
                "offset {offset}"
            );
        }
        assert_eq!(index.boundary_before(FilePosition::new(8199)), FilePosition::new(4000));
        assert_eq!(index.boundary_before(FilePosition::new(8200)), FilePosition::new(8200));
    }

    #[test]
    fn the_file_is_kafkas() {
        let bytes = sample().encode();
        assert_eq!(bytes, [0, 0, 0, 9, 0, 0, 0x0f, 0xa0, 0, 0, 0, 19, 0, 0, 0x20, 0x08]);
        assert_eq!(OffsetIndex::decode(Offset::of(100), &bytes, 9000), Some(sample()));
    }

    #[test]
    fn damaged_files_are_refused() {
        let bytes = sample().encode();
        assert_eq!(OffsetIndex::decode(Offset::of(100), &bytes, 8200), None, "points behind the log");
        assert_eq!(OffsetIndex::decode(Offset::of(100), &bytes[..12], 9000), None, "half an entry");
        let backwards = [&bytes[8..], &bytes[..8]].concat();
        assert_eq!(OffsetIndex::decode(Offset::of(100), &backwards, 9000), None);
    }

    #[test]
    fn truncating_forgets_what_lies_behind() {
        let mut index = sample();
        index.truncate(FilePosition::new(8200));
        assert_eq!(index.position_before(Offset::of(900)), FilePosition::new(4000));
    }
}
