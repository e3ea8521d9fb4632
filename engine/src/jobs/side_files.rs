//! Which side files are durable, and which are not yet: the indexes and snapshots of sealed segments, and the leader
//! epochs. The recovery point follows from it.
//!
//! Owns that knowledge. Knows neither how a file is written nor when.

use crate::jobs::commit::EpochsWritten;
use crate::log::epochs::LeaderEpochs;
use crate::offset::Offset;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SideFiles {
    /// Sealed segments whose indexes and snapshot are not durable yet. Recovery must look at these segments.
    due: Vec<Offset>,
    /// The log's start, by the epochs that are on the medium.
    epochs_start: Option<Offset>,
    /// Where the newest epoch begins, while the disk is too full to write the epochs.
    epochs_lag: Option<Offset>,
    /// The disk was too full at the start for the producer snapshot that retention needs before it drops a segment.
    lacks_snapshot: bool,
    /// The offset that the log is being truncated to.
    cut: Option<Offset>,
    /// The offset at which the log begins anew, while everything before is removed.
    new_start: Option<Offset>,
}

/// What must be done so that the epochs on the medium hold the log's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartStep {
    /// Nothing: they hold it.
    Done,
    /// The disk is too full to write the epochs. Their file is removed, and the next start rebuilds them.
    RemoveFile,
    /// A sync is in flight: wait for it.
    Await,
    /// A sync is needed; it writes the epochs.
    Sync,
}

impl SideFiles {
    /// The state as the start of the broker found it and left it.
    pub(crate) fn opened(epochs_start: Option<Offset>, lacks_snapshot: bool) -> Self {
        Self { epochs_start, lacks_snapshot, ..Self::default() }
    }

    /// Notes that a segment was sealed, with a snapshot of the producers behind it.
    pub(crate) fn sealed(&mut self, base: Offset) {
        self.due.push(base);
        self.lacks_snapshot = false;
    }

    /// Notes that the side files of a sealed segment are durable, or that the segment is gone and needs none.
    pub(crate) fn safe(&mut self, base: Offset) {
        self.due.retain(|other| *other != base);
    }

    /// Whether the side files of a sealed segment are not durable yet.
    pub(crate) fn is_due(&self, base: Offset) -> bool {
        self.due.contains(&base)
    }

    pub(crate) fn lacks_snapshot(&self) -> bool {
        self.lacks_snapshot
    }

    /// Sets whether the producer snapshot that retention needs is missing.
    pub(crate) fn set_lacks_snapshot(&mut self, lacks: bool) {
        self.lacks_snapshot = lacks;
    }

    /// The recovery point: recovery need not look at anything before it. It lies at or before `synced`, and the side
    /// files of all segments before it are durable.
    pub(crate) fn recovery_point(&self, synced: Offset) -> Offset {
        let due = self.due.iter().min().copied();
        due.into_iter().chain(self.epochs_lag).chain(self.cut).fold(synced, Offset::min)
    }

    /// The log's start for the checkpoint. While the log begins anew, the files may hold the old log or the new one, so it
    /// lies before both.
    pub(crate) fn start_point(&self, log_start: Offset) -> Offset {
        self.new_start.map_or(log_start, |new_start| new_start.min(log_start))
    }

    /// Notes that a sync wrote the epochs, or had no disk space for them. Without space they stay due, and until they
    /// are written the recovery point stays before them. Returns whether they are due.
    pub(crate) fn epochs_synced(&mut self, epochs: &LeaderEpochs, written: EpochsWritten) -> bool {
        let is_late = written == EpochsWritten::NoRoom;
        if !is_late {
            self.epochs_start = epochs.start();
        }
        self.epochs_lag = epochs.latest_start().filter(|_| is_late);
        is_late
    }

    /// Notes that the epochs' file is gone, so it can't say that the log begins before `start`.
    pub(crate) fn epochs_removed(&mut self, start: Option<Offset>) {
        self.epochs_start = start;
    }

    /// The next step until the epochs on the medium say that the log begins at `start`. `awaited` is the number of
    /// syncs that were awaited so far: a sync that was in flight may still write the old start.
    pub(crate) fn step_to_start(&self, start: Option<Offset>, awaited: usize, is_syncing: bool) -> StartStep {
        if self.epochs_start >= start {
            StartStep::Done
        } else if self.epochs_lag.is_some() && (awaited > 1 || !is_syncing) {
            StartStep::RemoveFile
        } else if is_syncing {
            StartStep::Await
        } else {
            StartStep::Sync
        }
    }

    /// The log is being truncated to `end`. The recovery point lies at or before that from now on.
    pub(crate) fn begin_cut(&mut self, end: Offset) {
        self.cut = Some(end);
    }

    /// Everything is about to be removed, and the log begins anew at `start`. Recovery must look at all that it finds.
    pub(crate) fn begin_anew(&mut self, start: Offset) {
        (self.cut, self.new_start) = (Some(Offset::ZERO), Some(start));
    }

    /// The log was not touched.
    pub(crate) fn stay(&mut self) {
        (self.cut, self.new_start) = (None, None);
    }

    /// The log has begun anew, durably, and has no side files.
    pub(crate) fn has_begun_anew(&mut self) {
        *self = Self::default();
    }

    /// The truncation is durable, or was not made. `active`: the base of the segment that is written to.
    pub(crate) fn end_cut(&mut self, active: Offset) {
        self.cut = None;
        self.due.retain(|base| *base < active);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offset::LeaderEpoch;
    use crate::test_random::Random;

    #[test]
    fn a_recovery_point_never_passes_what_is_not_safe() {
        for seed in 0..50 {
            let (mut random, mut files) = (Random::new(seed), SideFiles::default());
            let (mut due, mut durable, mut next_epoch) = (Vec::new(), 0, 0);
            let mut lag = None;
            for _ in 0..200 {
                durable += random.below(10) as i64;
                match random.below(4) {
                    0 if due.last() != Some(&durable) => {
                        files.sealed(Offset::of(durable));
                        due.push(durable);
                    }
                    1 if !due.is_empty() => {
                        let base = due.swap_remove(random.below(due.len() as u64) as usize);
                        files.safe(Offset::of(base));
                    }
                    2 => {
                        next_epoch += 1;
                        let mut epochs = LeaderEpochs::default();
                        epochs.assign(LeaderEpoch::of(next_epoch), Offset::of(durable));
                        let is_late = random.below(2) == 0;
                        let written = if is_late { EpochsWritten::NoRoom } else { EpochsWritten::Yes };
                        assert_eq!(files.epochs_synced(&epochs, written), is_late);
                        lag = is_late.then_some(durable);
                    }
                    _ => {}
                }
                let point = due.iter().copied().chain(lag).fold(durable, i64::min);
                assert_eq!(files.recovery_point(Offset::of(durable)), Offset::of(point), "seed {seed}");
                assert!(due.iter().all(|base| files.is_due(Offset::of(*base))));
            }
        }
    }

    #[test]
    fn while_the_end_is_cut_nothing_behind_it_is_vouched_for() {
        let mut files = SideFiles::default();
        files.sealed(Offset::of(10));
        files.sealed(Offset::of(20));
        files.safe(Offset::of(10));
        files.begin_cut(Offset::of(15));
        assert_eq!(files.recovery_point(Offset::of(30)), Offset::of(15));
        files.end_cut(Offset::of(10));
        assert_eq!(files.recovery_point(Offset::of(15)), Offset::of(15));
    }

    #[test]
    fn while_a_log_begins_anew_nothing_of_it_is_vouched_for() {
        let mut files = SideFiles::opened(Some(Offset::of(3)), true);
        files.sealed(Offset::of(10));
        for new_start in [Offset::of(5), Offset::of(50)] {
            files.begin_anew(new_start);
            assert_eq!(files.recovery_point(Offset::of(30)), Offset::of(0));
            assert_eq!(files.start_point(Offset::of(8)), Offset::of(8).min(new_start));
            files.stay();
            assert_eq!(files.recovery_point(Offset::of(30)), Offset::of(10));
            assert_eq!(files.start_point(Offset::of(8)), Offset::of(8));
        }
        files.begin_anew(Offset::of(5));
        files.has_begun_anew();
        assert_eq!(files.recovery_point(Offset::of(5)), Offset::of(5));
        assert_eq!(files.step_to_start(None, 0, false), StartStep::Done);
        assert!(!files.lacks_snapshot() && !files.is_due(Offset::of(10)));
    }

    #[test]
    fn the_start_gets_to_the_medium_with_or_without_room_for_the_epochs() {
        let (old, new) = (Some(Offset::ZERO), Some(Offset::of(9)));
        let mut files = SideFiles::opened(old, false);
        assert_eq!(files.step_to_start(old, 0, false), StartStep::Done);
        assert_eq!(files.step_to_start(new, 0, false), StartStep::Sync);
        assert_eq!(files.step_to_start(new, 0, true), StartStep::Await);
        let mut epochs = LeaderEpochs::default();
        epochs.assign(LeaderEpoch::of(1), Offset::of(9));
        assert!(files.epochs_synced(&epochs, EpochsWritten::NoRoom));
        assert_eq!(files.step_to_start(new, 1, true), StartStep::Await);
        assert_eq!(files.step_to_start(new, 2, true), StartStep::RemoveFile);
        files.epochs_removed(new);
        assert_eq!(files.step_to_start(new, 2, true), StartStep::Done);
    }
}
