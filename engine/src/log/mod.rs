//! One partition's log as a plain value: segments, cursors, producers, epochs, and what is staged for the next write.
//!
//! Owns what the log holds and how far it has come. Knows no task, no waker, no clock and no directory: whoever reads or
//! writes files says what came of it ([`Log::wrote`], [`Log::undo`], [`Log::synced`], [`Log::rolled`], [`Log::cut`]).
//! What changes it is in `changes`.

mod changes;
pub(crate) mod cursors;
pub(crate) mod epochs;
pub(crate) mod producers;
mod recent;
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
pub(crate) use crate::log::cursors::{Cursors, End, Place};
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::{AppendOrigin, ProducerCheck, Producers};
use crate::log::recent::RecentBatches;
use crate::log::staging::{Staging, WriteGroup};
use crate::offset::{LeaderEpoch, Offset};
use crate::segment::Segment;
use crate::segment::active::ActiveSegment;

/// See the module.
#[derive(Debug)]
pub(crate) struct Log {
    /// By base offset, what can be read of each.
    segments: Vec<Rc<Segment>>,
    /// The last of them, which is written to.
    active: ActiveSegment,
    cursors: Cursors,
    producers: Producers,
    epochs: LeaderEpochs,
    /// What appends are stamped with.
    epoch: LeaderEpoch,
    bad_ranges: Vec<BadRange>,
    recent: RecentBatches,
    staging: Staging,
    unsynced: Unsynced,
    /// Its files are not what they were when it was opened, so that a clean stop has something to do.
    is_changed: bool,
    /// How often its end was cut. Whoever waits for a batch knows by it that the batch may be gone.
    cuts: u64,
    /// What the last one cut it to.
    last_cut: Offset,
}

/// What the next sync has to cover.
#[derive(Debug, Default)]
pub(crate) struct Unsynced {
    /// Written to since the last sync began, oldest first.
    pub(crate) segments: Vec<Rc<Segment>>,
    /// A file was created whose name is not yet safe.
    pub(crate) directory: bool,
    /// The epochs on the medium are older ones.
    pub(crate) epochs: bool,
}

/// What opening found.
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

/// When a batch is appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now_ms: i64,
    /// The same, where it becomes the records' time.
    pub(crate) append_time_ms: Option<i64>,
    /// The same on the other clock, where times are noted.
    pub(crate) staged_at: Option<Instant>,
}

/// Whether a batch was staged.
#[derive(Debug)]
pub(crate) enum Stage {
    Staged(Staged),
    /// What is staged is to be written first.
    Full,
    /// What is staged is to be written first, and a segment begun.
    MustRoll,
}

/// A batch that has its offsets.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) base: Offset,
    pub(crate) end: Offset,
    pub(crate) group: Rc<WriteGroup>,
}

/// What a write says besides the batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WritePlan {
    /// What the mark behind the batches will say.
    durable: Offset,
}

/// What the end of a log is cut to.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) end: Offset,
    /// In the place of the segment that the cut goes through: it is written to from now on.
    pub(crate) active: ActiveSegment,
    /// As they were at the new end.
    pub(crate) producers: Producers,
}

impl Log {
    pub(crate) fn new(opened: Opened) -> Self {
        let Opened { segments, active, producers, epochs, epoch, bad_ranges, log_start, end, is_changed } =
            opened;
        let place = Place { segment: active.base, position: active.end_position() };
        let log = Self {
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
        log.check_invariants();
        log
    }

    pub(crate) fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    /// The end of what read_committed consumers may read.
    pub(crate) fn last_stable(&self) -> Offset {
        let high_watermark = self.cursors.high_watermark;
        let open = self.producers.first_open_transaction();
        open.map_or(high_watermark, |open| open.min(high_watermark))
    }

    /// The end of what is written.
    pub(crate) fn end(&self) -> End {
        let place = Place { segment: self.active.base, position: self.active.end_position() };
        End { offset: self.cursors.written, place }
    }

    /// The segment that is written to.
    pub(crate) fn active(&self) -> &ActiveSegment {
        &self.active
    }

    /// All segments but the one that is written to.
    pub(crate) fn sealed(&self) -> &[Rc<Segment>] {
        &self.segments[..self.segments.len() - 1]
    }

    /// By base offset; the last one is written to.
    pub(crate) fn segments(&self) -> &[Rc<Segment>] {
        &self.segments
    }

    /// From the segment on that holds `offset`.
    pub(crate) fn segments_from(&self, offset: Offset) -> &[Rc<Segment>] {
        &self.segments[self.index_of(offset).unwrap_or(0)..]
    }

    /// The segment that holds `offset`, if it is not before the first.
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

    /// Bytes of all segments.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length()).sum()
    }

    pub(crate) fn producers(&self) -> &Producers {
        &self.producers
    }

    pub(crate) fn epochs(&self) -> &LeaderEpochs {
        &self.epochs
    }

    pub(crate) fn epoch(&self) -> LeaderEpoch {
        self.epoch
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

    /// Whether what ended at `end`, when the log had been cut so often, was not cut off since. After several cuts that is no
    /// longer known, and counts as cut off.
    pub(crate) fn holds(&self, end: Offset, cuts: u64) -> bool {
        self.cuts == cuts || (self.cuts == cuts + 1 && end <= self.last_cut)
    }

    /// Whether the next sync has yet to cover what was written to `segment`.
    pub(crate) fn is_unsynced(&self, segment: &Rc<Segment>) -> bool {
        self.unsynced.segments.iter().any(|other| Rc::ptr_eq(other, segment))
    }

    /// Whether a producer's batch is new, a repetition, or out of turn.
    pub(crate) fn check_producer(
        &self,
        header: &BatchHeader,
        origin: AppendOrigin,
    ) -> Result<ProducerCheck, ProducerError> {
        self.producers.check(header, origin)
    }

    /// Writes what is staged. Say next what came of it: [`wrote`](Self::wrote) or [`undo`](Self::undo).
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
