//! One segment: a `.log` file of batches, its two indexes, and how far it is written.
//!
//! ```text
//! 0                       length                   the file's end
//! | batch | batch | batch | mark | zeros, claimed  |   (cut off when the segment is sealed or closed)
//! ```
//!
//! Only the last segment of a log grows. Behind `length` lies the `mark` of the last write, then zeros, or what a
//! failed write left. In a recycled file (`recycle`) there are zeros up to the end of the page, then stale bytes of an
//! older segment of the same partition; recovery knows which segments may be such (`reuse_checkpoint`).

pub(crate) mod checkpoints;
pub(crate) mod files;
pub(crate) mod lazy_file;
pub(crate) mod open_files;
pub(crate) mod scan;
pub(crate) mod spare;
pub(crate) mod wipe;

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::path::Path;

use creel_io::fs::{self, File};

use crate::config::LogConfig;
use crate::directory::{FileKind, segment_path};
use crate::format::batch::BatchHeader;
use crate::format::durability_mark::{self, MARK_BYTES, Secret, Signer};
use crate::format::offset_index::OffsetIndex;
use crate::format::time_index::{TimeIndex, TimestampOffset};
use crate::limits::PAGE_BYTES;
use crate::offset::{FilePosition, Offset};
use crate::segment::lazy_file::LazyFile;
use crate::segment::spare::Spare;

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
        self.end + -1
    }

    pub(crate) fn end_position(&self) -> FilePosition {
        self.position + u64::from(self.size_bytes)
    }
}

/// What decides whether a batch still fits into a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Staged before it.
    pub(crate) staged_bytes: u64,
    pub(crate) bytes: u64,
    pub(crate) end: Offset,
    pub(crate) timestamp: i64,
    pub(crate) now_ms: i64,
}

/// What follows the batches of a write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    pub(crate) mark: [u8; MARK_BYTES],
    pub(crate) zeros: usize,
}

/// Both indexes of a segment.
#[derive(Debug)]
pub(crate) struct Indexes {
    pub(crate) offsets: OffsetIndex,
    pub(crate) times: TimeIndex,
}

impl Indexes {
    pub(crate) fn empty(base: Offset) -> Self {
        Self { offsets: OffsetIndex::new(base), times: TimeIndex::new(base) }
    }

    fn size_bytes(&self) -> u64 {
        self.offsets.size_bytes().max(self.times.size_bytes())
    }
}

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) base: Offset,
    pub(crate) log: LazyFile,
    pub(crate) created_ms: i64,
    /// When it was last appended to.
    appended_ms: Cell<i64>,
    /// Retention took it out of the log; its files are going.
    pub(crate) is_gone: Cell<bool>,
    /// It is in the list of open segments ([`crate::segment::open_files`]).
    pub(crate) is_listed: Cell<bool>,
    /// Some of it was lost to damage.
    pub(crate) is_damaged: Cell<bool>,
    /// Signs its marks.
    secret: Option<Secret>,
    /// The largest durable offset that a mark in the file tells of.
    marked: Cell<Offset>,
    /// Before this, in whole pages, the file holds stale bytes behind the last write's page.
    stale_end: Cell<u64>,
    length: Cell<u64>,
    unindexed_bytes: Cell<u64>,
    first_timestamp: Cell<Option<i64>>,
    /// `None` until the time index of a segment from an earlier life was looked at.
    largest: Cell<Option<TimestampOffset>>,
    /// `None` while a sealed segment is not being read.
    indexes: RefCell<Option<Indexes>>,
}

impl Segment {
    /// A segment that begins now.
    pub(crate) fn create(directory: &Path, signer: Signer, now_ms: i64) -> io::Result<Self> {
        let segment = Self::found(directory, signer.segment, 0, now_ms).signed(signer.secret);
        segment.log.create()?;
        segment.begin_empty();
        Ok(segment)
    }

    /// A segment that begins now in a file that is there already.
    pub(crate) fn reuse(directory: &Path, signer: Signer, now_ms: i64, spare: Spare) -> io::Result<Self> {
        let segment = Self::found(directory, signer.segment, 0, now_ms).signed(signer.secret);
        fs::rename(&spare.path, segment.log.path())?;
        segment.log.adopt(spare.file);
        segment.begin_empty();
        if spare.is_stale {
            segment.stale_end.set(spare.length.next_multiple_of(PAGE_BYTES));
        }
        Ok(segment)
    }

    fn signed(self, secret: Option<Secret>) -> Self {
        Self { secret, ..self }
    }

    /// A segment from an earlier life with `length` bytes of batches, whose indexes are not read yet.
    pub(crate) fn found(directory: &Path, base: Offset, length: u64, now_ms: i64) -> Self {
        Self {
            base,
            log: LazyFile::new(segment_path(directory, base, FileKind::Log)),
            created_ms: now_ms,
            appended_ms: Cell::new(now_ms),
            is_gone: Cell::new(false),
            is_listed: Cell::new(false),
            is_damaged: Cell::new(false),
            secret: None,
            marked: Cell::new(Offset::ZERO),
            stale_end: Cell::new(0),
            length: Cell::new(length),
            unindexed_bytes: Cell::new(0),
            first_timestamp: Cell::new(None),
            largest: Cell::new(None),
            indexes: RefCell::new(None),
        }
    }

    /// Forgets everything but the name: batches are noted again from the first on.
    pub(crate) fn begin_empty(&self) {
        self.length.set(0);
        self.unindexed_bytes.set(0);
        self.first_timestamp.set(None);
        self.largest.set(Some(TimestampOffset::NONE));
        *self.indexes.borrow_mut() = Some(Indexes::empty(self.base));
    }

    pub(crate) fn length(&self) -> u64 {
        self.length.get()
    }

    pub(crate) fn end_position(&self) -> FilePosition {
        FilePosition(self.length.get())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length.get() == 0
    }

    /// The largest timestamp, if it is known without reading.
    pub(crate) fn largest(&self) -> Option<TimestampOffset> {
        self.largest.get()
    }

    /// Whether it is known that no record has a timestamp.
    pub(crate) fn has_no_times(&self) -> bool {
        self.largest.get() == Some(TimestampOffset::NONE)
    }

    pub(crate) fn set_largest(&self, largest: TimestampOffset) {
        self.largest.set(Some(largest));
    }

    /// Something is appended at `now_ms`.
    pub(crate) fn note_append(&self, now_ms: i64) {
        self.appended_ms.set(now_ms);
    }

    pub(crate) fn appended_ms(&self) -> i64 {
        self.appended_ms.get()
    }

    /// The time of its newest record, or of its last append where no record has one: retention goes by it. `None` while
    /// that is not known without reading.
    pub(crate) fn newest_ms(&self) -> Option<i64> {
        let largest = self.largest.get()?.timestamp;
        Some(if largest < 0 { self.appended_ms.get() } else { largest })
    }

    /// Whether a batch belongs into a new segment. An empty segment takes any.
    pub(crate) fn must_roll(&self, batch: Arrival, config: &LogConfig) -> bool {
        let before = self.length.get() + batch.staged_bytes;
        if before == 0 {
            return false;
        }
        let waited = match self.first_timestamp.get() {
            Some(first) => batch.timestamp.saturating_sub(first),
            None => batch.now_ms.saturating_sub(self.created_ms),
        };
        before + batch.bytes > config.segment_limit()
            || waited > i64::try_from(config.segment_ms).unwrap_or(i64::MAX)
            || batch.end - self.base > i64::from(i32::MAX)
            || self.index_bytes() + 12 > config.segment_index_bytes
    }

    fn index_bytes(&self) -> u64 {
        self.indexes.borrow().as_ref().map_or(0, Indexes::size_bytes)
    }

    /// Writes behind the last batch into its file, in one system call as a rule. `length` moves only with
    /// [`note`](Self::note).
    pub(crate) fn write(&self, file: &File, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        file.write_all_at(pieces, self.length.get())
    }

    pub(crate) fn signer(&self) -> Signer {
        Signer { segment: self.base, secret: self.secret }
    }

    /// What every write ends with if `end` is where its batches end: the mark, and in a recycled file zeros up to the
    /// page's end, so that no write begins in a page that would have to be read first.
    pub(crate) fn tail(&self, durable: Offset, end: FilePosition) -> Tail {
        let mark = durability_mark::encode(durable, self.signer(), end);
        let tail_end = end.0 + MARK_BYTES as u64;
        let is_stale = tail_end < self.stale_end.get();
        let zeros = if is_stale { tail_end.next_multiple_of(PAGE_BYTES) - tail_end } else { 0 };
        Tail { mark, zeros: zeros as usize }
    }

    /// Whether its last mark is looked for among stale bytes, and says less than is known by now.
    pub(crate) fn mark_is_stale(&self, durable: Offset) -> bool {
        self.secret.is_some() && self.marked.get() < durable
    }

    pub(crate) fn note_mark(&self, durable: Offset) {
        self.marked.set(durable);
    }

    /// Writes the mark anew, by itself and without a sync.
    pub(crate) fn write_mark(&self, durable: Offset) -> io::Result<()> {
        let Tail { mark, zeros } = self.tail(durable, self.end_position());
        let zeros = vec![0; zeros];
        let mut pieces = [IoSlice::new(&mark), IoSlice::new(&zeros)];
        self.log.get()?.write_all_at(&mut pieces, self.length.get())?;
        self.note_mark(durable);
        Ok(())
    }

    /// Takes a written batch into account.
    pub(crate) fn note(&self, batch: &Placed, index_interval_bytes: u64) {
        debug_assert_eq!(batch.position, self.end_position());
        self.observe(batch);
        self.index(batch, index_interval_bytes);
        self.length.set(batch.end_position().0);
    }

    pub(crate) fn observe(&self, batch: &Placed) {
        if self.first_timestamp.get().is_none() && batch.max_timestamp >= 0 {
            self.first_timestamp.set(Some(batch.max_timestamp));
        }
        let largest = self.largest.get().unwrap_or(TimestampOffset::NONE);
        if batch.max_timestamp > largest.timestamp {
            let last_offset = batch.last_offset();
            self.largest.set(Some(TimestampOffset { timestamp: batch.max_timestamp, last_offset }));
        }
    }

    fn index(&self, batch: &Placed, interval: u64) {
        let unindexed = self.unindexed_bytes.get();
        if unindexed > interval {
            if let Some(indexes) = &mut *self.indexes.borrow_mut() {
                indexes.offsets.push(batch.last_offset(), batch.position);
                indexes.times.push(self.largest.get().unwrap_or(TimestampOffset::NONE));
            }
            self.unindexed_bytes.set(0);
        }
        self.unindexed_bytes.set(self.unindexed_bytes.get() + u64::from(batch.size_bytes));
    }

    /// Skips bytes that recovery found to be damaged.
    pub(crate) fn skip_to(&self, position: FilePosition) {
        self.length.set(position.0);
    }

    /// Cuts the file to its batches: nothing claimed, nothing half-written stays behind.
    pub(crate) fn cut_to_length(&self) -> io::Result<()> {
        let file = self.log.get()?;
        self.stale_end.set(0);
        if file.len()? != self.length.get() {
            file.truncate(self.length.get())?;
        }
        if self.has_no_times() {
            // A start has nothing else to tell its age by. Only a file's owner may say so; for others it stays younger.
            let _ = file.set_modified_ms(self.appended_ms());
        }
        Ok(())
    }

    /// Looks something up in the indexes, or `None` if they are not in memory.
    pub(crate) fn with_indexes<T>(&self, look: impl FnOnce(&Indexes) -> T) -> Option<T> {
        self.indexes.borrow().as_ref().map(look)
    }

    pub(crate) fn set_indexes(&self, indexes: Indexes) {
        *self.indexes.borrow_mut() = Some(indexes);
    }

    /// The two index files' bytes. Closing a segment ends its time index with the largest timestamp, as Kafka does.
    pub(crate) fn encode_indexes(&self, closing: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut indexes = self.indexes.borrow_mut();
        let indexes = indexes.as_mut()?;
        if closing && let Some(largest) = self.largest.get() {
            indexes.times.push(largest);
        }
        Some((indexes.offsets.encode(), indexes.times.encode()))
    }

    /// Lets memory and descriptor of a segment that is not written to go.
    pub(crate) fn rest(&self) {
        self.log.close();
        *self.indexes.borrow_mut() = None;
    }
}
