//! The files of a log's segments, and the files beside them.
//!
//! Owns what lies in a partition's directory. A segment is a `.log` file of batches, the files beside it
//! ([`side_files`]), and its length so far. One type reads it ([`Segment`]) and one writes it ([`active`]); a segment without the second is sealed. Must
//! not know the log that the segments make up, nor recovery, nor tasks.

pub(crate) mod active;
pub(crate) mod checkpoints;
pub(crate) mod lazy_file;
pub(crate) mod listing;
pub(crate) mod open_files;
pub(crate) mod remove;
pub(crate) mod scan;
pub(crate) mod side_files;
pub(crate) mod spare;
pub(crate) mod wipe;

use std::cell::{Cell, RefCell};
use std::path::Path;

use creel_io::fs::Facts;

use crate::directory::log_path;
use crate::format::batch::BatchHeader;
use crate::offset::{FilePosition, Offset};
use crate::segment::lazy_file::LazyFile;
use crate::segment::listing::Listing;
use crate::segment::side_files::index::TimestampOffset;
use crate::segment::side_files::kind::Kind;
use crate::segment::side_files::table::Indexes;

/// What the log remembers of one written batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) base: Offset,
    pub(crate) end: Offset,
    pub(crate) position: FilePosition,
    pub(crate) size_bytes: u32,
    pub(crate) max_timestamp: i64,
}

impl Placed {
    pub(crate) fn of(header: &BatchHeader, position: FilePosition) -> Self {
        Self {
            base: header.base_offset,
            end: header.end_offset(),
            position,
            size_bytes: header.size_bytes as u32,
            max_timestamp: header.max_timestamp,
        }
    }

    fn last_offset(&self) -> Offset {
        self.end.pred().unwrap_or(self.base)
    }

    pub(crate) fn end_position(&self) -> FilePosition {
        self.position + u64::from(self.size_bytes)
    }
}

/// The largest timestamp of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Largest {
    /// Unknown: the segment was written before this start, and its time index was not read yet.
    Unread,
    /// No record has a timestamp.
    NoTimes,
    At(TimestampOffset),
}

impl Largest {
    /// The largest timestamp, or `NoTimes` if it lies before 1970.
    pub(crate) fn of(known: Option<TimestampOffset>) -> Self {
        known.filter(|known| known.timestamp >= 0).map_or(Self::NoTimes, Self::At)
    }

    pub(crate) fn known(self) -> Option<TimestampOffset> {
        match self {
            Self::At(largest) => Some(largest),
            Self::Unread | Self::NoTimes => None,
        }
    }
}

/// Where a segment is in its life. It never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lifecycle {
    /// Part of the log.
    Live,
    /// It has left the log: retention dropped it, or a truncation. Its files are to be removed.
    PendingDelete,
}

/// The readable side of a segment, sealed or active.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) base: Offset,
    pub(crate) log: LazyFile,
    pub(crate) created_ms: i64,
    /// When it was last appended to.
    appended_ms: Cell<i64>,
    lifecycle: Cell<Lifecycle>,
    pub(crate) listing: Listing,
    length: Cell<u64>,
    largest: Cell<Largest>,
    /// `None` while a sealed segment is not read.
    indexes: RefCell<Option<Indexes>>,
}

impl Segment {
    /// A segment of this name. Nothing is known of its file.
    pub(crate) fn new(directory: &Path, base: Offset, now_ms: i64) -> Self {
        Self {
            base,
            log: LazyFile::new(log_path(directory, base)),
            created_ms: now_ms,
            appended_ms: Cell::new(now_ms),
            lifecycle: Cell::new(Lifecycle::Live),
            listing: Listing::default(),
            length: Cell::new(0),
            largest: Cell::new(Largest::Unread),
            indexes: RefCell::new(None),
        }
    }

    /// A segment that was written before this start, with everything that its file holds. The file is opened, and its
    /// indexes are read, when they are needed.
    pub(crate) fn found(directory: &Path, base: Offset, now_ms: i64, file: &Facts) -> Self {
        let segment = Self::new(directory, base, now_ms);
        segment.length.set(file.length);
        segment.appended_ms.set(file.modified_ms);
        segment
    }

    /// Forgets everything except the name. The caller adds the batches again, from the first one on.
    fn begin_empty(&self) {
        self.length.set(0);
        self.largest.set(Largest::NoTimes);
        *self.indexes.borrow_mut() = Some(Indexes::empty(self.base));
    }

    /// Notes that it has left the log, so its files are to be removed.
    pub(crate) fn leave_log(&self) {
        self.lifecycle.set(Lifecycle::PendingDelete);
    }

    /// Whether it has left the log.
    pub(crate) fn is_pending_delete(&self) -> bool {
        self.lifecycle.get() == Lifecycle::PendingDelete
    }

    pub(crate) fn length(&self) -> u64 {
        self.length.get()
    }

    pub(crate) fn end_position(&self) -> FilePosition {
        FilePosition::new(self.length.get())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length.get() == 0
    }

    /// The largest timestamp, if it is known without reading a file.
    pub(crate) fn largest(&self) -> Largest {
        self.largest.get()
    }

    /// Whether it is known that no record has a timestamp.
    pub(crate) fn has_no_times(&self) -> bool {
        self.largest.get() == Largest::NoTimes
    }

    pub(crate) fn set_largest(&self, largest: Largest) {
        self.largest.set(largest);
    }

    pub(crate) fn appended_ms(&self) -> i64 {
        self.appended_ms.get()
    }

    /// The time of its newest record. If no record has a time, the time of its last append. Retention uses it. `None`
    /// if that is not known without reading a file.
    pub(crate) fn newest_ms(&self) -> Option<i64> {
        match self.largest.get() {
            Largest::Unread => None,
            Largest::NoTimes => Some(self.appended_ms.get()),
            Largest::At(largest) => Some(largest.timestamp),
        }
    }

    fn index_bytes(&self) -> u64 {
        self.indexes.borrow().as_ref().map_or(0, Indexes::largest_file_bytes)
    }

    /// Looks something up in the indexes. `None` if they are not in memory.
    pub(crate) fn with_indexes<T>(&self, look: impl FnOnce(&Indexes) -> T) -> Option<T> {
        self.indexes.borrow().as_ref().map(look)
    }

    pub(crate) fn set_indexes(&self, indexes: Indexes) {
        *self.indexes.borrow_mut() = Some(indexes);
    }

    /// What the index files hold. Nothing may be added to the segment afterwards. Empty if the indexes are not in
    /// memory.
    pub(crate) fn finished_indexes(&self) -> Vec<(Kind, Vec<u8>)> {
        let mut indexes = self.indexes.borrow_mut();
        let Some(indexes) = indexes.as_mut() else { return Vec::new() };
        indexes.finish(self.largest.get().known());
        indexes.contents()
    }

    /// Frees the memory and closes the descriptor of a segment that is not written to.
    pub(crate) fn rest(&self) {
        self.log.close();
        *self.indexes.borrow_mut() = None;
    }
}
