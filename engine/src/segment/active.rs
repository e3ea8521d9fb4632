//! The last segment of a log: the only one that is written to.
//!
//! ```text
//! 0                       length                   the file's end
//! | batch | batch | batch | mark | zeros, preallocated |   (cut off when the segment is sealed or closed)
//! ```
//!
//! Behind `length` lies the mark of the last write (`durability_mark`). Zeros follow, or what a failed write left. In a
//! reused file, zeros follow up to the end of the page, and then stale bytes of an older segment of the same partition.
//! Recovery knows which segments may be reused files (`reuse_checkpoint`).

use std::io::{self, IoSlice};
use std::ops::{Deref, Range};
use std::path::Path;
use std::rc::Rc;

use creel_io::fs::{self, File};

use crate::config::LogConfig;
use crate::format::durability_mark::{self, MARK_BYTES, Secret, Signer};
use crate::limits::PAGE_BYTES;
use crate::offset::{FilePosition, Offset};
use crate::segment::side_files::index::{IndexPoint, TimestampOffset};
use crate::segment::side_files::table::Indexes;
use crate::segment::spare::Spare;
use crate::segment::{Largest, Placed, Segment};

/// What decides whether a batch still fits into a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// The number of bytes that are staged before it.
    pub(crate) staged_bytes: u64,
    pub(crate) bytes: u64,
    pub(crate) end: Offset,
    pub(crate) timestamp: i64,
    pub(crate) now_ms: i64,
}

/// The bytes that follow the batches of a write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    pub(crate) mark: [u8; MARK_BYTES],
    pub(crate) zeros: usize,
}

/// The right to write to a segment, until [`seal`](Self::seal). Its readable side is the [`Segment`] inside.
#[derive(Debug)]
pub(crate) struct ActiveSegment {
    segment: Rc<Segment>,
    /// The secret that signs its marks.
    secret: Option<Secret>,
    /// The largest durable offset that a mark in the file holds.
    marked: Offset,
    /// The file holds stale bytes before this position, which is rounded up to whole pages. They lie behind the page of
    /// the last write.
    stale_end: u64,
    /// Before this position the kernel was told to write its pages to the medium, or a sync does so.
    written_back: u64,
    unindexed_bytes: u64,
    first_timestamp: Option<i64>,
}

impl Deref for ActiveSegment {
    type Target = Rc<Segment>;

    fn deref(&self) -> &Rc<Segment> {
        &self.segment
    }
}

impl ActiveSegment {
    /// A segment that begins now.
    pub(crate) fn create(directory: &Path, signer: Signer, now_ms: i64) -> io::Result<Self> {
        let segment = Self::empty(Segment::new(directory, signer.segment, now_ms), signer.secret);
        segment.log.create()?;
        Ok(segment)
    }

    /// A segment that begins now, in a file that exists already.
    pub(crate) fn reuse(directory: &Path, signer: Signer, now_ms: i64, spare: Spare) -> io::Result<Self> {
        let mut segment = Self::empty(Segment::new(directory, signer.segment, now_ms), signer.secret);
        fs::rename(&spare.path, segment.log.path())?;
        segment.log.adopt(spare.file);
        if spare.is_stale {
            segment.stale_end = spare.length.next_multiple_of(PAGE_BYTES);
        }
        Ok(segment)
    }

    /// A segment whose file exists, without any batches yet. The caller adds them, from the first one on.
    pub(crate) fn noting(segment: Segment) -> Self {
        Self::empty(segment, None)
    }

    fn empty(segment: Segment, secret: Option<Secret>) -> Self {
        segment.begin_empty();
        let segment = Rc::new(segment);
        Self {
            segment,
            secret,
            marked: Offset::ZERO,
            stale_end: 0,
            written_back: 0,
            unindexed_bytes: 0,
            first_timestamp: None,
        }
    }

    /// Notes that its batches before `position` are in its indexes. `first` is the first of them.
    pub(crate) fn indexed_to(&mut self, position: FilePosition, indexes: Indexes, first: Option<&Placed>) {
        let largest = indexes.times.last();
        if let Some(first) = first {
            self.observe(first);
        }
        self.segment.set_indexes(indexes);
        self.segment.set_largest(Largest::of(largest));
        self.skip_to(position);
    }

    /// The readable side of the segment.
    pub(crate) fn readable(&self) -> Rc<Segment> {
        self.segment.clone()
    }

    /// Ends the right to write: the segment is only read from now on. Cut the file before.
    pub(crate) fn seal(self) -> Rc<Segment> {
        self.segment
    }

    /// Notes that a batch is appended at `now_ms`.
    pub(crate) fn note_append(&mut self, now_ms: i64) {
        self.segment.appended_ms.set(now_ms);
    }

    /// Whether the log must roll before a batch is appended. An empty segment takes any batch whose offsets its indexes
    /// can hold.
    pub(crate) fn must_roll(&self, batch: Arrival, config: &LogConfig) -> bool {
        if !Self::reaches(self.base, batch.end) {
            return true;
        }
        let before = self.length() + batch.staged_bytes;
        if before == 0 {
            return false;
        }
        let waited = match self.first_timestamp {
            Some(first) => batch.timestamp.saturating_sub(first),
            None => batch.now_ms.saturating_sub(self.created_ms),
        };
        before + batch.bytes > config.segment_limit()
            || waited > i64::try_from(config.segment_ms).unwrap_or(i64::MAX)
            || self.index_bytes() + 12 > config.segment_index_bytes
    }

    /// Whether the indexes of a segment that begins at `base` can hold the offsets of a batch that ends at `end`.
    pub(crate) fn reaches(base: Offset, end: Offset) -> bool {
        end - base <= i64::from(i32::MAX) + 1
    }

    /// Writes to the file, behind the last batch, usually in one system call. The length changes only with
    /// [`note`](Self::note).
    pub(crate) fn write(&self, file: &File, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        file.write_all_at(pieces, self.length())
    }

    /// The bytes that end a write whose batches end at `end`. They are the mark, and in a reused file also zeros up to
    /// the page's end. With these, no write begins in a page that would have to be read first.
    pub(crate) fn tail(&self, durable: Offset, end: FilePosition) -> Tail {
        let signer = Signer { segment: self.base, secret: self.secret };
        let mark = durability_mark::encode(durable, signer, end);
        let tail_end = end.get() + MARK_BYTES as u64;
        let is_stale = tail_end < self.stale_end;
        let zeros = if is_stale { tail_end.next_multiple_of(PAGE_BYTES) - tail_end } else { 0 };
        Tail { mark, zeros: zeros as usize }
    }

    /// Whether its last mark says less than is known by now. Only marks among stale bytes are kept up to date.
    pub(crate) fn mark_is_stale(&self, durable: Offset) -> bool {
        self.secret.is_some() && self.marked < durable
    }

    pub(crate) fn note_mark(&mut self, durable: Offset) {
        self.marked = durable;
    }

    /// Writes the mark again, by itself and without a sync.
    pub(crate) fn write_mark(&mut self, durable: Offset) -> io::Result<()> {
        let Tail { mark, zeros } = self.tail(durable, self.end_position());
        let zeros = vec![0; zeros];
        let mut pieces = [IoSlice::new(&mark), IoSlice::new(&zeros)];
        self.log.get()?.write_all_at(&mut pieces, self.length())?;
        self.note_mark(durable);
        Ok(())
    }

    /// The pages that the kernel may be told to write to the medium before a sync asks for it: `bytes` of them, once there
    /// are so many. The page that the next write begins in is not among them, or that write would wait for it.
    pub(crate) fn next_write_back(&mut self, bytes: u64) -> Option<Range<u64>> {
        let pages_end = self.length() / PAGE_BYTES * PAGE_BYTES;
        let (from, to) = (self.written_back, self.written_back + bytes);
        if pages_end < to {
            return None;
        }
        self.written_back = to;
        Some(from..to)
    }

    /// Notes that everything written is synced, or that a sync of it begins.
    pub(crate) fn sync_begins(&mut self) {
        self.written_back = self.length() / PAGE_BYTES * PAGE_BYTES;
    }

    /// Adds a written batch to the segment's length, times and indexes.
    pub(crate) fn note(&mut self, batch: &Placed, index_interval_bytes: u64) {
        debug_assert_eq!(batch.position, self.end_position());
        self.observe(batch);
        self.index(batch, index_interval_bytes);
        self.segment.length.set(batch.end_position().get());
    }

    fn observe(&mut self, batch: &Placed) {
        if self.first_timestamp.is_none() && batch.max_timestamp >= 0 {
            self.first_timestamp = Some(batch.max_timestamp);
        }
        let timestamp = batch.max_timestamp;
        let is_larger = self.largest().known().is_none_or(|largest| timestamp > largest.timestamp);
        if timestamp >= 0 && is_larger {
            let last_offset = batch.last_offset();
            self.segment.set_largest(Largest::At(TimestampOffset { timestamp, last_offset }));
        }
    }

    fn index(&mut self, batch: &Placed, interval: u64) {
        if self.unindexed_bytes > interval {
            if let Some(indexes) = &mut *self.segment.indexes.borrow_mut() {
                let largest = self.segment.largest.get().known();
                let (last, position) = (batch.last_offset(), batch.position);
                indexes.note(&IndexPoint { last, position, largest });
            }
            self.unindexed_bytes = 0;
        }
        self.unindexed_bytes += u64::from(batch.size_bytes);
    }

    /// Skips bytes that recovery found damaged.
    pub(crate) fn skip_to(&mut self, position: FilePosition) {
        self.segment.length.set(position.get());
    }

    /// Cuts the file to its batches, so that nothing preallocated and nothing half-written follows them.
    pub(crate) fn cut_to_length(&mut self) -> io::Result<()> {
        let file = self.log.get()?;
        self.stale_end = 0;
        if file.len()? != self.length() {
            file.truncate(self.length())?;
        }
        if self.has_no_times() {
            // A start learns the segment's age only from this time. Only a file's owner may set it; otherwise the
            // segment counts as younger.
            let _ = file.set_modified_ms(self.appended_ms());
        }
        Ok(())
    }
}
