//! One partition's log as a plain value: segments, cursors, producers, epochs, and what is staged for the next write.
//!
//! Owns what the log holds and how far it has come. Knows no task, no waker, no clock and no directory: whoever reads or
//! writes files says what came of it ([`Log::wrote`], [`Log::undo`], [`Log::synced`], [`Log::rolled`], [`Log::cut`]).
//! Every `&mut` method ends with a look at the invariants.

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

use crate::config::{CleanupPolicy, LogConfig};
use crate::error::{AppendAsIsError, ProducerError};
use crate::format::bad_ranges::BadRange;
use crate::format::batch::{Batch, BatchHeader};
pub(crate) use crate::log::cursors::{Cursors, End, Place};
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::{AppendOrigin, ProducerCheck, Producers};
use crate::log::recent::RecentBatches;
use crate::log::staging::{Staging, Stamp, WriteGroup};
use crate::offset::{LeaderEpoch, Offset};
use crate::segment::active::{ActiveSegment, Arrival};
use crate::segment::{Placed, Segment};

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

    /// The same, to see to its file. What is in it changes with [`wrote`](Self::wrote).
    pub(crate) fn active_mut(&mut self) -> &mut ActiveSegment {
        &mut self.active
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

    /// Later appends carry `epoch`, if it is a later one.
    pub(crate) fn begin_epoch(&mut self, epoch: LeaderEpoch) {
        self.epoch = self.epoch.max(epoch);
        self.check_invariants();
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

    /// The group that is written next, and every batch that is staged with it.
    pub(crate) fn staged_group(&mut self) -> Rc<WriteGroup> {
        self.staging.group()
    }

    /// When those batches were staged whose times are noted.
    pub(crate) fn staged_at(&mut self) -> &mut Vec<Instant> {
        &mut self.staging.staged_at
    }

    /// Gives a batch its offsets and the leader epoch in force.
    pub(crate) fn stage(&mut self, batch: &Batch, moment: Moment, config: &LogConfig) -> Stage {
        let base = self.cursors.next;
        let end = base + i64::from(batch.header().record_count);
        self.stage_at(batch, (base, end, self.epoch), moment, config)
    }

    /// Stages a batch that has its offsets and its leader epoch: what another log holds.
    pub(crate) fn append_as_is(
        &mut self,
        batch: &Batch,
        moment: Moment,
        config: &LogConfig,
    ) -> Result<Stage, AppendAsIsError> {
        let (base, end, epoch) =
            (batch.header().base_offset, batch.header().end_offset(), batch.header().leader_epoch);
        let next = self.cursors.next;
        let may_skip = config.may_have_gaps || config.cleanup_policy != CleanupPolicy::Delete;
        if base < next || (base > next && !may_skip) {
            return Err(AppendAsIsError::OutOfOrder { base, next });
        }
        if let Some(latest) = self.epochs.latest().filter(|latest| epoch < *latest) {
            return Err(AppendAsIsError::OlderEpoch { epoch, latest });
        }
        let stage = self.stage_at(batch, (base, end, epoch), moment, config);
        if let Stage::Staged(_) = stage {
            self.epoch = self.epoch.max(epoch);
        }
        Ok(stage)
    }

    fn stage_at(
        &mut self,
        batch: &Batch,
        (base, end, epoch): (Offset, Offset, LeaderEpoch),
        moment: Moment,
        config: &LogConfig,
    ) -> Stage {
        let Moment { now_ms, append_time_ms, staged_at } = moment;
        let header = batch.header();
        let max_timestamp = append_time_ms.unwrap_or(header.max_timestamp);
        if self.staging.is_full() {
            return Stage::Full;
        }
        let staged_bytes = self.staging.total();
        let bytes = header.size_bytes as u64;
        let arrival = Arrival { staged_bytes, bytes, end, timestamp: max_timestamp, now_ms };
        if self.active.must_roll(arrival, config) {
            return Stage::MustRoll;
        }
        self.active.note_append(now_ms);
        let position = self.active.end_position() + staged_bytes;
        let placed = Placed { base, end, position, size_bytes: header.size_bytes as u32, max_timestamp };
        if self.epochs.latest().is_none_or(|latest| latest < epoch) {
            self.staging.epochs_before.get_or_insert_with(|| self.epochs.clone());
            self.unsynced.epochs |= self.epochs.assign(epoch, base);
        }
        let undo = self.producers.record(&dated(header, max_timestamp, now_ms), base);
        self.staging.undo.extend(undo);
        self.staging.staged_at.extend(staged_at);
        self.staging.push(batch, placed, Stamp { base, epoch, append_time_ms });
        self.cursors.stage(end);
        self.check_invariants();
        Stage::Staged(Staged { base, end, group: self.staging.group() })
    }

    /// Notes a batch that there was no room for and that will be sent again.
    pub(crate) fn refuse(&mut self, header: &BatchHeader, moment: Moment) {
        let max_timestamp = moment.append_time_ms.unwrap_or(header.max_timestamp);
        self.producers.refuse(&dated(header, max_timestamp, moment.now_ms));
    }

    /// What is to be written now, if anything is staged.
    pub(crate) fn write_plan(&mut self) -> Option<WritePlan> {
        if self.staging.is_empty() {
            return None;
        }
        let durable = self.cursors.durable;
        let tail = self.active.tail(durable, self.active.end_position() + self.staging.total());
        self.staging.push_tail(&tail);
        Some(WritePlan { durable })
    }

    /// Writes what is staged. Say next what came of it: [`wrote`](Self::wrote) or [`undo`](Self::undo).
    pub(crate) fn write(&self, file: &File) -> io::Result<()> {
        self.staging.write_with(|pieces| self.active.write(file, pieces))
    }

    /// What was staged is in the file. Those who wait for it are to be told.
    pub(crate) fn wrote(&mut self, plan: WritePlan, index_interval_bytes: u64) -> Rc<WriteGroup> {
        self.active.note_mark(plan.durable);
        for batch in &self.staging.batches {
            self.active.note(batch, index_interval_bytes);
            self.recent.push(batch);
        }
        self.note_unsynced();
        self.is_changed = true;
        let group = self.staging.take();
        self.cursors.write();
        self.check_invariants();
        group
    }

    /// Takes back what staging did. Those who wait for it are to be told.
    pub(crate) fn undo(&mut self) -> Rc<WriteGroup> {
        while let Some(undo) = self.staging.undo.pop() {
            self.producers.undo(undo);
        }
        if let Some(before) = self.staging.epochs_before.take() {
            self.epochs = before;
            self.epochs.truncate_start(self.cursors.log_start);
            // A sync may have written those down that are no more.
            self.unsynced.epochs = true;
        }
        let group = self.staging.take();
        self.cursors.take_back();
        self.check_invariants();
        group
    }

    /// Notes that the active segment has bytes no sync has covered.
    fn note_unsynced(&mut self) {
        let base = self.active.base;
        if self.unsynced.segments.last().is_none_or(|last| last.base != base) {
            self.unsynced.segments.push(self.active.readable());
        }
    }

    /// A sync begins, of all of this.
    pub(crate) fn take_unsynced(&mut self) -> Unsynced {
        std::mem::take(&mut self.unsynced)
    }

    /// The epochs on the medium are to be written anew.
    pub(crate) fn epochs_are_unsynced(&mut self) {
        self.unsynced.epochs = true;
    }

    /// A sync has come back: everything before `end` is on the medium.
    pub(crate) fn synced(&mut self, end: Offset) {
        self.cursors.sync(end);
        self.check_invariants();
    }

    /// Whether that moves it.
    pub(crate) fn raise_high_watermark(&mut self, to: End) -> bool {
        let moves = self.cursors.raise_high_watermark(to);
        self.check_invariants();
        moves
    }

    /// A segment has begun behind the active one, whose file was cut to its batches. Nothing is staged. The segment that is
    /// sealed now.
    pub(crate) fn rolled(&mut self, next: ActiveSegment) -> Rc<Segment> {
        debug_assert!(self.staging.is_empty());
        // The sealed file's new length must be safe before anything relies on where it ends.
        self.note_unsynced();
        self.unsynced.directory = true;
        self.segments.push(next.readable());
        let sealed = std::mem::replace(&mut self.active, next).seal();
        self.recent.clear();
        self.is_changed = true;
        self.check_invariants();
        sealed
    }

    /// Moves the start to `offset`, never beyond the high watermark. The segments that lie before it now, and whose files
    /// may go.
    pub(crate) fn truncate_front(&mut self, offset: Offset) -> Vec<Rc<Segment>> {
        self.cursors.raise_log_start(offset);
        let log_start = self.cursors.log_start;
        self.unsynced.epochs |= self.epochs.truncate_start(log_start);
        let gone: Vec<_> = self.segments.drain(..self.index_of(log_start).unwrap_or(0)).collect();
        for segment in &gone {
            segment.is_pending_delete.set(true);
            segment.is_damaged.set(self.bad_ranges.iter().any(|bad| bad.segment == segment.base));
        }
        self.bad_ranges.retain(|bad| !gone.iter().any(|segment| segment.base == bad.segment));
        self.is_changed = true;
        self.check_invariants();
        gone
    }

    /// Cuts the end off, as the files are to be. Everything is durable, and no sync in flight. The segments that are no longer part of the log, the one
    /// that the cut goes through included, oldest first.
    pub(crate) fn cut(&mut self, cut: Cut) -> Vec<Rc<Segment>> {
        debug_assert_eq!(self.cursors.durable, self.cursors.next);
        let Cut { end, active, producers } = cut;
        let at = self.segments.partition_point(|segment| segment.base < active.base);
        let gone = self.segments.split_off(at);
        gone.iter().for_each(|segment| segment.is_pending_delete.set(true));
        let place = Place { segment: active.base, position: active.end_position() };
        self.unsynced.segments.retain(|segment| segment.base < active.base);
        self.segments.push(active.readable());
        self.active = active;
        self.producers = producers;
        self.unsynced.epochs |= self.epochs.truncate_end(end);
        self.bad_ranges.retain(|bad| bad.start < end);
        self.recent.clear();
        self.is_changed = true;
        self.cuts += 1;
        self.last_cut = end;
        self.cursors.cut(End { offset: end, place });
        self.check_invariants();
        gone
    }

    /// Lets go of what an idle log does not need: producers last seen before `expired_ms`, buffers, and the sealed segments'
    /// descriptors and indexes, but of those that `is_needed`.
    pub(crate) fn rest(&mut self, expired_ms: i64, is_needed: impl Fn(Offset) -> bool) {
        self.producers.expire(expired_ms);
        self.staging.rest();
        let sealed = self.sealed().iter().filter(|segment| !is_needed(segment.base));
        sealed.for_each(|segment| segment.rest());
        self.check_invariants();
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

/// The header as producers are remembered by it. A producer whose batch has no timestamp was last seen when it was appended.
pub(crate) fn dated(header: &BatchHeader, max_timestamp: i64, appended_ms: i64) -> BatchHeader {
    let max_timestamp = if max_timestamp < 0 { appended_ms } else { max_timestamp };
    BatchHeader { max_timestamp, ..*header }
}
