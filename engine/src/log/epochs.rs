//! The leader epoch under which each offset was appended.
//!
//! Followers and consumers use the epochs to find where two logs diverge (KIP-101, KIP-320). They are stored in Kafka's
//! `leader-epoch-checkpoint` (`format::epochs`).

use std::io;
use std::path::Path;

use crate::format::epochs::EpochStart;
use crate::offset::{LeaderEpoch, Offset};
use crate::segment::checkpoints::read_epochs;

/// The epochs of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    entries: Vec<EpochStart>,
}

impl LeaderEpochs {
    /// Notes that `epoch` begins at `start`. Returns whether that changed anything.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        if self.entries.last().is_some_and(|last| last.epoch >= epoch) {
            return false;
        }
        self.entries.retain(|entry| entry.start < start);
        self.entries.push(EpochStart { epoch, start });
        true
    }

    /// The epoch of the newest entry.
    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|entry| entry.epoch)
    }

    /// Where the newest entry begins.
    pub fn latest_start(&self) -> Option<Offset> {
        self.entries.last().map(|entry| entry.start)
    }

    /// Where the oldest entry begins: at the log's start when it was last cut there.
    pub(crate) fn start(&self) -> Option<Offset> {
        self.entries.first().map(|entry| entry.start)
    }

    /// The epoch under which `offset` was appended.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.entries.partition_point(|entry| entry.start <= offset);
        after.checked_sub(1).map(|at| self.entries[at].epoch)
    }

    /// The largest known epoch that is not above `epoch`, and where it ends in a log that ends at `log_end`.
    pub fn end_of(&self, epoch: LeaderEpoch, log_end: Offset) -> Option<(LeaderEpoch, Offset)> {
        let after = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let found = self.entries[after.checked_sub(1)?].epoch;
        let end = self.entries.get(after).map_or(log_end, |next| next.start);
        Some((found, end))
    }

    /// Removes the epochs that begin at or behind the end of a truncated log.
    pub fn truncate_end(&mut self, log_end: Offset) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.start < log_end);
        self.entries.len() != before
    }

    /// Removes the epochs that lie wholly before the log's start. The epoch of the start now begins there.
    pub fn truncate_start(&mut self, log_start: Offset) -> bool {
        let after = self.entries.partition_point(|entry| entry.start <= log_start);
        let Some(in_force) = after.checked_sub(1) else {
            return false;
        };
        let changed = in_force > 0 || self.entries[in_force].start != log_start;
        self.entries.drain(..in_force);
        self.entries[0].start = log_start;
        changed
    }

    /// Reads a partition's file. `None` if it is missing or damaged; the epochs are then rebuilt from the batches.
    pub fn read(directory: &Path) -> io::Result<Option<Self>> {
        Ok(read_epochs(directory)?.map(Self::from))
    }

    /// Oldest first.
    pub fn entries(&self) -> &[EpochStart] {
        &self.entries
    }
}

impl From<Vec<EpochStart>> for LeaderEpochs {
    /// Both grow from entry to entry.
    fn from(entries: Vec<EpochStart>) -> Self {
        Self { entries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        assert!(epochs.assign(LeaderEpoch::ZERO, Offset::ZERO));
        assert!(epochs.assign(LeaderEpoch::of(2), Offset::of(10)));
        assert!(epochs.assign(LeaderEpoch::of(5), Offset::of(30)));
        epochs
    }

    #[test]
    fn epochs_end_where_the_next_begins() {
        let epochs = sample();
        let end = |epoch| epochs.end_of(LeaderEpoch::of(epoch), Offset::of(99));
        assert_eq!(end(0), Some((LeaderEpoch::ZERO, Offset::of(10))));
        assert_eq!(end(3), Some((LeaderEpoch::of(2), Offset::of(30))));
        assert_eq!(end(9), Some((LeaderEpoch::of(5), Offset::of(99))));
        assert_eq!(epochs.epoch_of(Offset::of(29)), Some(LeaderEpoch::of(2)));
    }

    #[test]
    fn an_epoch_that_wrote_nothing_gives_way() {
        let mut epochs = sample();
        assert!(epochs.assign(LeaderEpoch::of(6), Offset::of(30)));
        assert_eq!(
            epochs.end_of(LeaderEpoch::of(5), Offset::of(99)),
            Some((LeaderEpoch::of(2), Offset::of(30)))
        );
        assert!(!epochs.assign(LeaderEpoch::of(6), Offset::of(40)));
    }

    #[test]
    fn both_ends_can_be_cut() {
        let mut epochs = sample();
        assert!(epochs.truncate_start(Offset::of(15)));
        assert!(epochs.truncate_end(Offset::of(30)));
        assert_eq!(epochs.entries, [EpochStart { epoch: LeaderEpoch::of(2), start: Offset::of(15) }]);
        assert!(!epochs.truncate_start(Offset::of(15)));
    }
}
