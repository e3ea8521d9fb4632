//! Which leader epoch each offset was appended under: Kafka's `leader-epoch-checkpoint` of a partition.
//!
//! Entries are (epoch, first offset of it), both growing. Followers and consumers use them to find where two
//! histories part (KIP-101, KIP-320).

use std::io;
use std::path::Path;

use creel_io::fs;

use crate::directory::remove_if_there;
use crate::format::checkpoint::{format_lines, parse, read_text};
use crate::offset::{LeaderEpoch, Offset};

/// File name in the partition's directory.
pub(crate) const FILE_NAME: &str = "leader-epoch-checkpoint";

/// The epochs of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    entries: Vec<(LeaderEpoch, Offset)>,
}

impl LeaderEpochs {
    /// Notes that `epoch` begins at `start`. Returns whether that is news.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        if epoch.0 < 0 || self.entries.last().is_some_and(|last| last.0 >= epoch) {
            return false;
        }
        self.entries.retain(|entry| entry.1 < start);
        self.entries.push((epoch, start));
        true
    }

    /// The epoch of the newest entry.
    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|entry| entry.0)
    }

    /// Where the newest entry begins.
    pub fn latest_start(&self) -> Option<Offset> {
        self.entries.last().map(|entry| entry.1)
    }

    /// Where the oldest entry begins: the start of the log when it was last cut there.
    pub(crate) fn start(&self) -> Option<Offset> {
        self.entries.first().map(|entry| entry.1)
    }

    /// The epoch that `offset` was appended under.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.entries.partition_point(|entry| entry.1 <= offset);
        after.checked_sub(1).map(|at| self.entries[at].0)
    }

    /// The largest known epoch not above `epoch`, and where it ends in a log that ends at `log_end`.
    pub fn end_of(&self, epoch: LeaderEpoch, log_end: Offset) -> Option<(LeaderEpoch, Offset)> {
        let after = self.entries.partition_point(|entry| entry.0 <= epoch);
        let found = self.entries[after.checked_sub(1)?].0;
        let end = self.entries.get(after).map_or(log_end, |next| next.1);
        Some((found, end))
    }

    /// Forgets epochs that begin at or behind the end of a log that was cut.
    pub fn truncate_end(&mut self, log_end: Offset) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.1 < log_end);
        self.entries.len() != before
    }

    /// Forgets epochs that lie wholly before the start of the log; the one in force there begins with it.
    pub fn truncate_start(&mut self, log_start: Offset) -> bool {
        let after = self.entries.partition_point(|entry| entry.1 <= log_start);
        let Some(in_force) = after.checked_sub(1) else {
            return false;
        };
        let changed = in_force > 0 || self.entries[in_force].1 != log_start;
        self.entries.drain(..in_force);
        self.entries[0].1 = log_start;
        changed
    }

    /// Reads the partition's file. `None` if it is missing or damaged: to be rebuilt from the batches.
    pub fn read(directory: &Path) -> io::Result<Option<Self>> {
        let text = read_text(&directory.join(FILE_NAME))?;
        Ok(text.and_then(|text| Self::decode(&text)))
    }

    /// Replaces the partition's file, durably.
    pub(crate) async fn write(&self, directory: &Path) -> io::Result<()> {
        fs::write_atomically(&directory.join(FILE_NAME), self.encode().as_bytes()).await
    }

    /// Takes the partition's file away: the next start makes the epochs anew of the batches.
    pub(crate) fn remove(directory: &Path) -> io::Result<()> {
        remove_if_there(&directory.join(FILE_NAME))
    }

    pub(crate) fn encode(&self) -> String {
        format_lines(self.entries.iter().map(|(epoch, start)| format!("{epoch} {start}")))
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let entries = parse(text, parse_epoch)?;
        let grows = entries.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        grows.then_some(Self { entries })
    }
}

fn parse_epoch(line: &str) -> Option<(LeaderEpoch, Offset)> {
    let (epoch, start) = line.split_once(' ')?;
    Some((LeaderEpoch(epoch.parse().ok()?), Offset(start.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        assert!(epochs.assign(LeaderEpoch(0), Offset(0)));
        assert!(epochs.assign(LeaderEpoch(2), Offset(10)));
        assert!(epochs.assign(LeaderEpoch(5), Offset(30)));
        epochs
    }

    #[test]
    fn epochs_end_where_the_next_begins() {
        let epochs = sample();
        let end = |epoch| epochs.end_of(LeaderEpoch(epoch), Offset(99));
        assert_eq!(end(0), Some((LeaderEpoch(0), Offset(10))));
        assert_eq!(end(3), Some((LeaderEpoch(2), Offset(30))));
        assert_eq!(end(9), Some((LeaderEpoch(5), Offset(99))));
        assert_eq!(end(-1), None);
        assert_eq!(epochs.epoch_of(Offset(29)), Some(LeaderEpoch(2)));
    }

    #[test]
    fn an_epoch_that_wrote_nothing_gives_way() {
        let mut epochs = sample();
        assert!(epochs.assign(LeaderEpoch(6), Offset(30)));
        assert_eq!(epochs.end_of(LeaderEpoch(5), Offset(99)), Some((LeaderEpoch(2), Offset(30))));
        assert!(!epochs.assign(LeaderEpoch(6), Offset(40)));
    }

    #[test]
    fn both_ends_can_be_cut() {
        let mut epochs = sample();
        assert!(epochs.truncate_start(Offset(15)));
        assert!(epochs.truncate_end(Offset(30)));
        assert_eq!(epochs.entries, [(LeaderEpoch(2), Offset(15))]);
        assert!(!epochs.truncate_start(Offset(15)));
    }

    #[test]
    fn the_file_is_kafkas() {
        assert_eq!(sample().encode(), "0\n3\n0 0\n2 10\n5 30\n");
        assert_eq!(LeaderEpochs::decode("0\n3\n0 0\n2 10\n5 30\n"), Some(sample()));
        assert_eq!(LeaderEpochs::decode("0\n2\n3 0\n2 10\n"), None);
    }
}
