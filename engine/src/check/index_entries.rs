//! Whether the entries of a segment's indexes say what its batches say.
//!
//! Another broker's entries are less exact than ours: they may name a later batch of the same append, or a record within
//! a batch. A lookup that begins with such an entry is right all the same.

use std::iter::Peekable;
use std::vec::IntoIter;

use crate::format::batch::BatchHeader;
use crate::offset::{FilePosition, Offset};
use crate::segment::side_files::index::TimestampOffset;
use crate::segment::side_files::offset_index::OffsetIndex;
use crate::segment::side_files::time_index::TimeIndex;

/// The entries of one segment's indexes that its batches were not reached for yet.
pub(super) struct IndexEntries {
    offsets: Peekable<IntoIter<(Offset, FilePosition)>>,
    times: Peekable<IntoIter<TimestampOffset>>,
    /// The largest timestamp so far.
    largest: i64,
    are_ours: bool,
    pub(super) wrong_offsets: u64,
    pub(super) wrong_times: u64,
}

impl IndexEntries {
    /// Those of files that could be read.
    pub(super) fn of(offsets: Option<&OffsetIndex>, times: Option<&TimeIndex>, are_ours: bool) -> Self {
        let offsets: Vec<_> = offsets.map(|index| index.entries().collect()).unwrap_or_default();
        let times: Vec<_> = times.map(|index| index.entries().collect()).unwrap_or_default();
        Self {
            offsets: offsets.into_iter().peekable(),
            times: times.into_iter().peekable(),
            largest: i64::MIN,
            are_ours,
            wrong_offsets: 0,
            wrong_times: 0,
        }
    }

    /// The next batch of the segment.
    pub(super) fn see(&mut self, header: &BatchHeader, position: FilePosition) {
        while let Some((last, at)) = self.offsets.next_if(|(_, at)| *at <= position) {
            let is_right = at == position
                && if self.are_ours { last == header.last_offset() } else { last >= header.base_offset };
            self.wrong_offsets += u64::from(!is_right);
        }
        self.largest = self.largest.max(header.max_timestamp);
        while let Some(entry) = self.times.next_if(|entry| entry.last_offset <= header.last_offset()) {
            let is_of_batch = if self.are_ours {
                entry.last_offset == header.last_offset()
            } else {
                entry.last_offset >= header.base_offset
            };
            self.wrong_times += u64::from(!is_of_batch || entry.timestamp != self.largest);
        }
    }

    /// Everything up to here is damaged, so nothing can be said of its entries.
    pub(super) fn skip_to(&mut self, position: FilePosition, offset: Offset) {
        while self.offsets.next_if(|(_, at)| *at < position).is_some() {}
        while self.times.next_if(|entry| entry.last_offset < offset).is_some() {}
        // What was there may have had a larger one.
        self.times = Vec::new().into_iter().peekable();
    }

    /// There are no more batches.
    pub(super) fn end(&mut self) {
        self.wrong_offsets += self.offsets.by_ref().count() as u64;
        self.wrong_times += self.times.by_ref().count() as u64;
    }
}
