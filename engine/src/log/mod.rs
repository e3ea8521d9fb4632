//! One partition's log as a plain value: segments, cursors, producers, epochs, and what is staged for the next write.
//!
//! Owns what the log holds and how far it has come. Must not know tasks, wakers, the clock or the directory. Whoever
//! reads or writes files reports what came of it ([`Log::wrote`], [`Log::undo`], [`Log::synced`], [`Log::rolled`],
//! [`Log::cut`]). Everything that changes the log is in `changes`.

mod changes;
pub(crate) mod cursors;
pub(crate) mod epochs;
pub(crate) mod producers;
mod recent;
pub(crate) mod record_rules;
pub(crate) mod record_times;
pub(crate) mod staging;
#[cfg(test)]
mod tests;

use std::io;
use std::rc::Rc;

use creel_io::Instant;
use creel_io::fs::File;

use crate::error::ProducerError;
use crate::format::bad_ranges::BadRange;
use crate::format::batch::BatchHeader;
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::{AppendOrigin, ProducerCheck, Producers};
use crate::log::recent::RecentBatches;
use crate::log::staging::{Staging, WriteGroup};
use crate::offset::{LeaderEpoch, Offset};
use crate::segment::Segment;
use crate::segment::active::ActiveSegment;

pub(crate) use crate::log::cursors::{Cursors, End, Place};

/// See the module.
#[derive(Debug)]
pub(crate) struct Log {
    /// The readable side of every segment, by base offset.
    segments: Vec<Rc<Segment>>,
    /// The last segment, which is written to.
    active: ActiveSegment,
    cursors: Cursors,
    producers: Producers,
    epochs: LeaderEpochs,
    /// The leader epoch that the broker last said. The batches may carry a later one.
    epoch: LeaderEpoch,
    bad_ranges: Vec<BadRange>,
    recent: RecentBatches,
    staging: Staging,
    unsynced: Unsynced,
    /// Whether the files have changed since the log was opened. Then a clean stop has work to do.
    is_changed: bool,
    /// How often the log was truncated. Those who wait for a batch learn from it that the batch may be gone.
    cuts: u64,
    /// The offset that the last truncation cut it to.
    last_cut: Offset,
}

/// What the next sync has to cover.
#[derive(Debug, Default)]
pub(crate) struct Unsynced {
    /// Segments that were written to since the last sync began, oldest first.
    pub(crate) segments: Vec<Rc<Segment>>,
    /// Whether a file was created whose name is not durable yet.
    pub(crate) directory: bool,
    /// Whether the epochs on the medium are out of date.
    pub(crate) epochs: bool,
    /// The number of bytes written since the last sync began.
    pub(crate) bytes: u64,
}

/// What opening the log found.
pub(crate) struct Opened {
    pub(crate) segments: Vec<Rc<Segment>>,
    pub(crate) active: ActiveSegment,
    pub(crate) producers: Producers,
    pub(crate) epochs: LeaderEpochs,
    pub(crate) epoch: LeaderEpoch,
    pub(crate) bad_ranges: Vec<BadRange>,
    pub(crate) log_start: Offset,
    pub(crate) end: Offset,
    pub(crate) is_changed: bool,
}

/// The time of an append.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now_ms: i64,
    /// The same time, where it becomes the timestamp of the records.
    pub(crate) append_time_ms: Option<i64>,
    /// The same moment on the monotonic clock, where times are recorded.
    pub(crate) staged_at: Option<Instant>,
}

/// Whether a batch was staged.
#[derive(Debug)]
pub(crate) enum Stage {
    Staged(Staged),
    /// It was not: write what is staged first.
    Full,
    /// It was not: write what is staged first, then roll. The next segment begins at this offset: at the log's end, or
    /// where the batch begins if that is too far away.
    MustRoll(Offset),
}

/// A staged batch, which has its offsets.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) base: Offset,
    pub(crate) end: Offset,
    /// Whether nothing was staged before it. Then the log must be added to those that are written this turn.
    pub(crate) is_first: bool,
    pub(crate) group: Rc<WriteGroup>,
}

/// What a write holds besides the batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WritePlan {
    /// The synced offset that the mark behind the batches will hold.
    synced: Offset,
}

/// A segment that has left the log at its start.
#[derive(Clone, Debug)]
pub(crate) struct Dropped {
    pub(crate) segment: Rc<Segment>,
    pub(crate) contents: Contents,
}

/// What a dropped segment's file holds. Only whole ones become files of later segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    Whole,
    /// Some of it was lost.
    Damaged,
}

impl Dropped {
    /// `bad_ranges` are those of the log that the segment leaves.
    fn of(segment: Rc<Segment>, bad_ranges: &[BadRange]) -> Self {
        segment.leave_log();
        let is_damaged = bad_ranges.iter().any(|bad| bad.segment == segment.base);
        let contents = if is_damaged { Contents::Damaged } else { Contents::Whole };
        Self { segment, contents }
    }
}

/// What a truncated log ends with.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) end: Offset,
    /// The segment that is cut: it is written to from now on.
    pub(crate) active: ActiveSegment,
    /// The producers as they were at the new end.
    pub(crate) producers: Producers,
}

impl Log {
    pub(crate) fn new(opened: Opened) -> Self {
        let Opened { segments, active, producers, epochs, epoch, bad_ranges, log_start, end, is_changed } =
            opened;
        let place = Place { segment: active.base, position: active.end_position() };
        let mut log = Self {
            cursors: Cursors::at(log_start, End { offset: end, place }),
            segments,
            active,
            producers,
            epochs,
            epoch,
            bad_ranges,
            recent: RecentBatches::default(),
            staging: Staging::default(),
            unsynced: Unsynced::default(),
            is_changed,
            cuts: 0,
            last_cut: Offset::ZERO,
        };
        log.active.sync_begins();
        log.check_invariants();
        log
    }

    pub(crate) fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    /// The last stable offset: the end of what read_committed consumers may read.
    pub(crate) fn last_stable(&self) -> Offset {
        let high_watermark = self.cursors.high_watermark;
        let open = self.producers.first_open_transaction();
        open.map_or(high_watermark, |open| open.min(high_watermark))
    }

    /// The end of the written batches.
    pub(crate) fn end(&self) -> End {
        let place = Place { segment: self.active.base, position: self.active.end_position() };
        End { offset: self.cursors.written, place }
    }

    /// The segment that is written to.
    pub(crate) fn active(&self) -> &ActiveSegment {
        &self.active
    }

    /// All segments except the one that is written to.
    pub(crate) fn sealed(&self) -> &[Rc<Segment>] {
        &self.segments[..self.segments.len() - 1]
    }

    /// All segments by base offset; the last one is written to.
    pub(crate) fn segments(&self) -> &[Rc<Segment>] {
        &self.segments
    }

    /// The segment that holds `offset`, and those behind it.
    pub(crate) fn segments_from(&self, offset: Offset) -> &[Rc<Segment>] {
        &self.segments[self.index_of(offset).unwrap_or(0)..]
    }

    /// The segment that holds `offset`. `None` if it lies before the first.
    pub(crate) fn segment_of(&self, offset: Offset) -> Option<&Rc<Segment>> {
        self.index_of(offset).map(|at| &self.segments[at])
    }

    fn index_of(&self, offset: Offset) -> Option<usize> {
        self.segments.partition_point(|segment| segment.base <= offset).checked_sub(1)
    }

    pub(crate) fn segment_after(&self, base: Offset) -> Option<&Rc<Segment>> {
        let after = self.segments.partition_point(|segment| segment.base <= base);
        self.segments.get(after)
    }

    /// The size of all segments in bytes.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length()).sum()
    }

    pub(crate) fn producers(&self) -> &Producers {
        &self.producers
    }

    pub(crate) fn epochs(&self) -> &LeaderEpochs {
        &self.epochs
    }

    /// The leader epoch that appends are stamped with: no older than that of any batch in the log. It follows from what
    /// the log holds, so a batch that is undone or cut off leaves no trace, as after a restart.
    pub(crate) fn epoch(&self) -> LeaderEpoch {
        self.epochs.latest().map_or(self.epoch, |latest| latest.max(self.epoch))
    }

    pub(crate) fn bad_ranges(&self) -> &[BadRange] {
        &self.bad_ranges
    }

    pub(crate) fn recent(&self) -> &RecentBatches {
        &self.recent
    }

    pub(crate) fn is_changed(&self) -> bool {
        self.is_changed
    }

    pub(crate) fn cuts(&self) -> u64 {
        self.cuts
    }

    /// Whether the log still holds a batch that ends at `end` and was appended when the log had been truncated `cuts`
    /// times. After more than one truncation since then this is unknown, and the answer is `false`.
    pub(crate) fn holds(&self, end: Offset, cuts: u64) -> bool {
        self.cuts == cuts || (self.cuts == cuts + 1 && end <= self.last_cut)
    }

    /// The number of bytes written since the last sync began.
    pub(crate) fn unsynced_bytes(&self) -> u64 {
        self.unsynced.bytes
    }

    /// The number of written bytes that a power cut could take back.
    pub(crate) fn bytes_not_durable(&self) -> u64 {
        let Place { segment, position } = self.cursors.durable_place;
        let from = self.segments_from(segment);
        let behind: u64 = from.iter().map(|segment| segment.length()).sum();
        // Retention may have dropped the segment.
        let is_there = from.first().is_some_and(|first| first.base == segment);
        behind.saturating_sub(if is_there { position.get() } else { 0 })
    }

    /// Whether no sync has covered yet what was written to `segment`.
    pub(crate) fn is_unsynced(&self, segment: &Rc<Segment>) -> bool {
        self.unsynced.segments.iter().any(|other| Rc::ptr_eq(other, segment))
    }

    /// Whether a producer's batch is new, a duplicate, or out of sequence.
    pub(crate) fn check_producer(
        &self,
        header: &BatchHeader,
        origin: AppendOrigin,
    ) -> Result<ProducerCheck, ProducerError> {
        self.producers.check(header, origin)
    }

    /// Writes the staged batches. The caller then reports the result: [`wrote`](Self::wrote) or [`undo`](Self::undo).
    pub(crate) fn write(&self, file: &File) -> io::Result<()> {
        self.staging.write_with(|pieces| self.active.write(file, pieces))
    }

    fn check_invariants(&self) {
        let last_two = &self.segments[self.segments.len().saturating_sub(2)..];
        debug_assert!(last_two.is_sorted_by(|left, right| left.base < right.base));
        debug_assert!(self.segments.last().is_some_and(|last| Rc::ptr_eq(last, &self.active)));
        debug_assert!(self.active.base <= self.cursors.written, "{:?}", self.cursors);
        debug_assert_eq!(self.staging.is_empty(), self.cursors.next == self.cursors.written);
        debug_assert!(self.segments[0].base <= self.cursors.log_start, "{:?}", self.cursors);
    }
}
