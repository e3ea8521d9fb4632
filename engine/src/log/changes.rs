//! Everything that changes a log. Each method ends with a check of the invariants.

use std::rc::Rc;

use creel_io::Instant;

use crate::config::LogConfig;
use crate::error::AppendAsIsError;
use crate::format::batch::{Batch, BatchHeader, StampedBatch};
use crate::log::cursors::{End, Place};
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::{Producers, dated};
use crate::log::staging::{Stamp, WriteGroup};
use crate::log::{Cut, Dropped, Log, Moment, Stage, Staged, Unsynced, WritePlan};
use crate::offset::{LeaderEpoch, Offset};
use crate::segment::active::{ActiveSegment, Arrival};
use crate::segment::{Placed, Segment};

impl Log {
    /// The active segment, for work on its file. After a write the log is told by [`wrote`](Self::wrote).
    pub(crate) fn active_mut(&mut self) -> &mut ActiveSegment {
        &mut self.active
    }

    /// Stamps later appends with `epoch`, if it is a later epoch.
    pub(crate) fn begin_epoch(&mut self, epoch: LeaderEpoch) {
        self.epoch = self.epoch.max(epoch);
        self.check_invariants();
    }

    /// The group of the next write: every batch that is staged for it.
    pub(crate) fn staged_group(&mut self) -> Rc<WriteGroup> {
        self.staging.group()
    }

    /// When the staged batches were staged, of those whose times are recorded.
    pub(crate) fn staged_at(&mut self) -> &mut Vec<Instant> {
        &mut self.staging.staged_at
    }

    /// Stages a batch: gives it its offsets and the current leader epoch.
    pub(crate) fn stage(&mut self, batch: &Batch, moment: Moment, config: &LogConfig) -> Stage {
        let base = self.cursors.next;
        let end = base + i64::from(batch.header().record_count);
        self.stage_at(batch, (base, end, Some(self.epoch())), moment, config)
    }

    /// Stages a batch that already has its offsets and its leader epoch, because another log holds it.
    pub(crate) fn append_as_is(
        &mut self,
        batch: &StampedBatch,
        moment: Moment,
        config: &LogConfig,
    ) -> Result<Stage, AppendAsIsError> {
        let (base, end, epoch) =
            (batch.header().base_offset, batch.header().end_offset(), batch.header().leader_epoch);
        let next = self.cursors.next;
        if base < next || (base > next && !config.may_skip_offsets()) {
            return Err(AppendAsIsError::OutOfOrder { base, next });
        }
        if let Some(latest) = self.epochs.latest().filter(|latest| epoch < Some(*latest)) {
            return Err(AppendAsIsError::OlderEpoch { epoch, latest });
        }
        Ok(self.stage_at(batch.as_batch(), (base, end, epoch), moment, config))
    }

    fn stage_at(
        &mut self,
        batch: &Batch,
        (base, end, epoch): (Offset, Offset, Option<LeaderEpoch>),
        moment: Moment,
        config: &LogConfig,
    ) -> Stage {
        let Moment { now_ms, append_time_ms, staged_at } = moment;
        let header = batch.header();
        let max_timestamp = append_time_ms.unwrap_or(header.max_timestamp);
        if self.staging.is_full() {
            return Stage::Full;
        }
        let (staged_bytes, is_first) = (self.staging.total(), self.staging.is_empty());
        let bytes = header.size_bytes as u64;
        let arrival = Arrival { staged_bytes, bytes, end, timestamp: max_timestamp, now_ms };
        if self.active.must_roll(arrival, config) {
            // Where a segment begins with the last one's end, recovery can see that nothing is missing in between.
            let fits = ActiveSegment::reaches(self.cursors.next, end);
            return Stage::MustRoll(if fits { self.cursors.next } else { base });
        }
        self.active.note_append(now_ms);
        let position = self.active.end_position() + staged_bytes;
        let placed = Placed { base, end, position, size_bytes: header.size_bytes as u32, max_timestamp };
        if let Some(epoch) = epoch.filter(|epoch| self.epochs.latest().is_none_or(|latest| latest < *epoch)) {
            self.staging.epochs_before.get_or_insert_with(|| self.epochs.clone());
            self.unsynced.epochs |= self.epochs.assign(epoch, base);
        }
        let undo = self.producers.record(&dated(header, max_timestamp, now_ms), base);
        self.staging.undo.extend(undo);
        self.staging.staged_at.extend(staged_at);
        self.staging.push(batch, placed, Stamp { base, epoch, append_time_ms });
        self.cursors.stage(end);
        self.check_invariants();
        Stage::Staged(Staged { base, end, is_first, group: self.staging.group() })
    }

    /// Notes a batch that was refused for lack of disk space. Its producer will send it again.
    pub(crate) fn refuse(&mut self, header: &BatchHeader, moment: Moment) {
        let max_timestamp = moment.append_time_ms.unwrap_or(header.max_timestamp);
        self.producers.refuse(&dated(header, max_timestamp, moment.now_ms));
    }

    /// The write to do now. `None` if nothing is staged.
    pub(crate) fn write_plan(&mut self) -> Option<WritePlan> {
        if self.staging.is_empty() {
            return None;
        }
        let synced = self.cursors.synced;
        let tail = self.active.tail(synced, self.active.end_position() + self.staging.total());
        self.staging.push_tail(&tail);
        Some(WritePlan { synced })
    }

    /// Notes that the staged batches are in the file. Returns those who wait for it; the caller tells them.
    pub(crate) fn wrote(&mut self, plan: WritePlan, index_interval_bytes: u64) -> Rc<WriteGroup> {
        self.active.note_mark(plan.synced);
        self.unsynced.bytes += self.staging.total();
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

    /// Undoes the staging. Returns those who wait for the write; the caller tells them.
    pub(crate) fn undo(&mut self) -> Rc<WriteGroup> {
        while let Some(undo) = self.staging.undo.pop() {
            self.producers.undo(undo);
        }
        if let Some(before) = self.staging.epochs_before.take() {
            self.epochs = before;
            self.epochs.truncate_start(self.cursors.log_start);
            // A sync may have written epochs that no longer exist.
            self.unsynced.epochs = true;
        }
        let group = self.staging.take();
        self.cursors.take_back();
        self.check_invariants();
        group
    }

    /// Notes that no sync has covered some bytes of the active segment.
    fn note_unsynced(&mut self) {
        let base = self.active.base;
        if self.unsynced.segments.last().is_none_or(|last| last.base != base) {
            self.unsynced.segments.push(self.active.readable());
        }
    }

    /// Takes what a sync that begins now has to cover.
    pub(crate) fn take_unsynced(&mut self) -> Unsynced {
        self.active.sync_begins();
        std::mem::take(&mut self.unsynced)
    }

    /// Notes that the next sync must write the epochs again.
    pub(crate) fn epochs_are_unsynced(&mut self) {
        self.unsynced.epochs = true;
    }

    /// Notes that a sync of the segments has ended: their files hold everything before `end` on the medium.
    pub(crate) fn synced(&mut self, end: End) {
        self.cursors.sync(end);
        self.check_invariants();
    }

    /// Notes that the journal holds everything before `end` on the medium that the segments' files do not.
    pub(crate) fn journaled(&mut self, end: End) {
        self.cursors.make_durable(end);
        self.check_invariants();
    }

    /// Moves the high watermark up to `to`. Returns whether it moved.
    pub(crate) fn raise_high_watermark(&mut self, to: End) -> bool {
        let moves = self.cursors.raise_high_watermark(to);
        self.check_invariants();
        moves
    }

    /// Notes that a segment has begun behind the active one, whose file was cut to its batches. Nothing is staged. If it
    /// begins behind the log's end, there is a gap, and the log now ends where the segment begins. Returns the segment
    /// that is sealed now.
    pub(crate) fn rolled(&mut self, next: ActiveSegment) -> Rc<Segment> {
        debug_assert!(self.staging.is_empty());
        // The new length of the sealed file must be durable before anything relies on it.
        self.note_unsynced();
        self.unsynced.directory = true;
        self.cursors.skip_to(next.base);
        self.segments.push(next.readable());
        let sealed = std::mem::replace(&mut self.active, next).seal();
        self.recent.clear();
        self.is_changed = true;
        self.check_invariants();
        sealed
    }

    /// Moves the log's start to `offset`, but never beyond the high watermark. Returns the segments that lie before it
    /// now; their files may be removed.
    pub(crate) fn truncate_front(&mut self, offset: Offset) -> Vec<Dropped> {
        self.cursors.raise_log_start(offset);
        let log_start = self.cursors.log_start;
        self.unsynced.epochs |= self.epochs.truncate_start(log_start);
        let gone = self.segments.drain(..self.index_of(log_start).unwrap_or(0));
        let bad_ranges = &self.bad_ranges;
        let dropped: Vec<_> = gone.map(|segment| Dropped::of(segment, bad_ranges)).collect();
        self.bad_ranges.retain(|bad| !dropped.iter().any(|one| one.segment.base == bad.segment));
        self.is_changed = true;
        self.check_invariants();
        dropped
    }

    /// Truncates the log as its files are to be. Everything must be synced, and no sync in flight. Returns the
    /// segments that are no longer part of the log, oldest first, with the one that is cut.
    pub(crate) fn cut(&mut self, cut: Cut) -> Vec<Rc<Segment>> {
        debug_assert_eq!(self.cursors.synced, self.cursors.next);
        let Cut { end, active, producers } = cut;
        let at = self.segments.partition_point(|segment| segment.base < active.base);
        let gone = self.segments.split_off(at);
        gone.iter().for_each(|segment| segment.leave_log());
        let place = Place { segment: active.base, position: active.end_position() };
        self.unsynced.segments.retain(|segment| segment.base < active.base);
        self.segments.push(active.readable());
        self.active = active;
        self.active.sync_begins();
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

    /// Forgets everything that the log holds. It goes on where `active` begins, as its files are to be. Everything must be
    /// synced, and no sync in flight. Returns the segments that are no longer part of the log, oldest first.
    pub(crate) fn start_at(&mut self, active: ActiveSegment) -> Vec<Rc<Segment>> {
        debug_assert_eq!(self.cursors.synced, self.cursors.next);
        let gone = std::mem::replace(&mut self.segments, vec![active.readable()]);
        gone.iter().for_each(|segment| segment.leave_log());
        let place = Place { segment: active.base, position: active.end_position() };
        self.cursors.start_at(End { offset: active.base, place });
        self.active = active;
        self.producers = Producers::default();
        self.epochs = LeaderEpochs::default();
        self.bad_ranges.clear();
        self.recent.clear();
        self.unsynced = Unsynced::default();
        self.is_changed = true;
        self.cuts += 1;
        // Nothing is left of what was appended before.
        self.last_cut = Offset::ZERO;
        self.check_invariants();
        gone
    }

    /// Frees what an idle log does not need: producers last seen before `expired_ms`, buffers, and the descriptors and
    /// indexes of sealed segments, except those that are not synced or `is_needed`.
    pub(crate) fn rest(&mut self, expired_ms: i64, is_needed: impl Fn(Offset) -> bool) {
        self.producers.expire(expired_ms);
        self.staging.rest();
        let sealed =
            self.sealed().iter().filter(|segment| !is_needed(segment.base) && !self.is_unsynced(segment));
        sealed.for_each(|segment| segment.rest());
        self.check_invariants();
    }
}
