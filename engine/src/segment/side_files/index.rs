//! What all indexes of a segment have in common. An index can be built from the segment's batches, so it is never the
//! only copy of anything.

use crate::offset::{FilePosition, Offset};
use crate::segment::side_files::kind::Kind;

/// A timestamp and the last offset of the batch that reached it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampOffset {
    /// Milliseconds.
    pub timestamp: i64,
    /// Last offset of that batch.
    pub last_offset: Offset,
}

/// A batch that the indexes are told of: about one every `index.interval.bytes`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexPoint {
    /// Its last offset.
    pub(crate) last: Offset,
    pub(crate) position: FilePosition,
    /// The largest timestamp of the segment so far, if any record has one.
    pub(crate) largest: Option<TimestampOffset>,
}

/// An index of one segment.
pub(crate) trait Index: Sized {
    const KIND: Kind;

    /// That of a segment that starts at `base` and has no batches.
    fn empty(base: Offset) -> Self;

    /// Reads the file's bytes. `None` if they can't be the index of a segment of `log_bytes`; then it is built again.
    fn read(base: Offset, bytes: &[u8], log_bytes: u64) -> Option<Self>;

    /// The file's bytes.
    fn bytes(&self) -> Vec<u8>;

    /// Adds a batch.
    fn note(&mut self, point: &IndexPoint);

    /// Adds what the file ends with: nothing more will be added. May be called again.
    fn finish(&mut self, largest: Option<TimestampOffset>);

    /// The size of the file in bytes.
    fn file_bytes(&self) -> u64;
}
