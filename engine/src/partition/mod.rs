//! One partition on the core that owns it: the handle that the broker holds.
//!
//! Owns the only `Rc` of a log's state, and is the only room that spawns tasks. Each operation has a file: it asks the
//! log and the jobs what is to be done, does it, and reports the result to them. Must not know the wire protocol or
//! another core.

pub(crate) mod append;
pub(crate) mod append_times;
pub(crate) mod background;
pub(crate) mod close;
pub(crate) mod commit;
pub(crate) mod durability_mark;
pub(crate) mod journal_writer;
pub(crate) mod journaling;
pub(crate) mod open;
pub(crate) mod open_files;
pub(crate) mod read;
pub(crate) mod replay;
pub(crate) mod replayed;
pub(crate) mod retention;
pub(crate) mod roll;
#[cfg(test)]
mod segment_reuse_tests;
pub(crate) mod settle;
pub(crate) mod spare;
pub(crate) mod start_anew;
pub(crate) mod state;
pub(crate) mod timestamps;
pub(crate) mod truncate;
pub(crate) mod turn_writer;
pub(crate) mod upkeep;
pub(crate) mod waiting;
pub(crate) mod watching;
pub(crate) mod write_back;

use std::io;
use std::ops::AddAssign;
use std::rc::Rc;

use crate::config::LogConfig;
use crate::directory::TopicPartition;
use crate::format::bad_ranges::BadRange;
use crate::jobs::hw_waiters::Seen;
use crate::log::Cursors;
use crate::offset::{LeaderEpoch, Offset};
use crate::partition::replayed::Replayed;
use crate::partition::state::{Health, State};
use crate::partition::waiting::wait_past;
use crate::recover::recovered_log::RecoveryReport;

/// What is written, and a power cut could take back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotDurable {
    /// The number of records.
    pub records: u64,
    /// The size of their batches in bytes.
    pub bytes: u64,
}

impl AddAssign for NotDurable {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

/// A partition's log. A clone is a handle to the same log.
#[derive(Clone, Debug)]
pub struct Partition(Rc<State>);

impl Partition {
    pub(crate) fn new(state: State) -> Self {
        Self(Rc::new(state))
    }

    pub(crate) fn state(&self) -> &Rc<State> {
        &self.0
    }

    /// Topic and index.
    pub fn name(&self) -> &TopicPartition {
        &self.0.name
    }

    /// The first offset that may be read.
    pub fn log_start(&self) -> Offset {
        self.0.log.borrow().cursors().log_start
    }

    /// The end of the records that consumers may read.
    pub fn high_watermark(&self) -> Offset {
        self.0.log.borrow().cursors().high_watermark
    }

    /// The last stable offset: the end of the records that read_committed consumers may read.
    pub fn last_stable(&self) -> Offset {
        self.0.log.borrow().last_stable()
    }

    /// The end of the batches in the file: the offset that the next written batch may get.
    pub fn log_end(&self) -> Offset {
        self.0.log.borrow().cursors().written
    }

    /// The offset that the next appended batch gets, unless a staged batch can't be written.
    pub fn next_offset(&self) -> Offset {
        self.0.log.borrow().cursors().next
    }

    /// The end of the batches that a power cut can't take back.
    pub fn durable_end(&self) -> Offset {
        self.0.log.borrow().cursors().durable
    }

    /// The end of the batches that the segments hold on the medium, without what only the core's journal holds.
    pub fn synced_end(&self) -> Offset {
        self.0.log.borrow().cursors().synced
    }

    /// What is written, so acknowledged with acks=1, and a power cut could take back.
    pub fn not_durable(&self) -> NotDurable {
        let log = self.0.log.borrow();
        let Cursors { durable, written, .. } = *log.cursors();
        NotDurable { records: (written - durable) as u64, bytes: log.bytes_not_durable() }
    }

    /// The recovery point for the checkpoint: the segments hold everything before it on the medium, with its side files. So recovery
    /// need not look at it again.
    pub fn recovery_point(&self) -> Offset {
        let synced = self.0.log.borrow().cursors().synced;
        self.0.side_files.borrow().recovery_point(synced)
    }

    /// The log's start for the checkpoint: [`log_start`](Self::log_start), or less while the log
    /// [begins anew](Self::truncate_fully_and_start_at) at a smaller offset.
    pub fn start_point(&self) -> Offset {
        self.0.side_files.borrow().start_point(self.log_start())
    }

    /// The epoch that appends are stamped with.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.0.log.borrow().epoch()
    }

    /// Starts a new leader epoch: later appends carry it.
    pub fn set_leader_epoch(&self, epoch: LeaderEpoch) {
        self.0.log.borrow_mut().begin_epoch(epoch);
    }

    /// The largest epoch that is not above `epoch`, and where it ends (OffsetForLeaderEpoch).
    pub fn end_of_epoch(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        self.0.log.borrow().epochs().end_of(epoch, self.log_end())
    }

    /// The leader epoch under which `offset` was appended.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.0.log.borrow().epochs().epoch_of(offset)
    }

    /// The topic's settings.
    pub fn config(&self) -> LogConfig {
        self.0.config.borrow().clone()
    }

    /// Changes the topic's settings. They apply from now on.
    pub fn set_config(&self, config: LogConfig) {
        let before = self.0.durability();
        *self.0.config.borrow_mut() = config;
        if self.0.durability() != before {
            commit::durability_changed(&self.0);
        }
    }

    /// The size of all segments in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.0.log.borrow().size_bytes()
    }

    /// The number of idempotent producers that are remembered.
    pub fn producer_count(&self) -> usize {
        self.0.log.borrow().producers().len()
    }

    /// Whether a write or a sync has failed, so that the log refuses appends until a restart.
    pub fn is_poisoned(&self) -> bool {
        self.0.health.get() == Health::Poisoned
    }

    /// Whether the partition was closed or deleted.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// What a reader that looks now has seen of the partition.
    pub fn seen(&self) -> Seen {
        let log = self.0.log.borrow();
        let cursors = log.cursors();
        Seen { high_watermark: cursors.high_watermark, log_start: cursors.log_start }
    }

    /// Ranges that can't be served, because they are damaged.
    pub fn bad_ranges(&self) -> Vec<BadRange> {
        self.0.log.borrow().bad_ranges().to_vec()
    }

    /// The number of segments that began in the file of an older one since the log was opened.
    pub fn reused_segments(&self) -> u64 {
        self.0.spare.borrow().reused()
    }

    /// What the opening of the log found and did.
    pub fn recovery(&self) -> &RecoveryReport {
        &self.0.recovery
    }

    /// How many records the core's journal held of the log that were not appended when it was opened: they do not fit
    /// it, or are damaged.
    pub fn not_replayed(&self) -> u64 {
        self.replayed().map_or(0, |replayed| replayed.left_out)
    }

    /// What became of what the core's journal held of the log when it was opened. `None`: it held nothing.
    pub fn replayed(&self) -> Option<Replayed> {
        self.0.replayed.get().map(|replayed| **replayed)
    }

    /// Waits until the high watermark is past `offset`, or the log is closed, poisoned or truncated. For long polls.
    /// Dropping the future ends the wait.
    pub async fn changed(&self, offset: Offset) {
        let cuts = self.0.log.borrow().cuts();
        wait_past(&self.0, offset, cuts).await;
    }

    /// Syncs everything written so far, whatever the topic's settings.
    pub async fn sync(&self) -> io::Result<()> {
        let state = self.state();
        let _ = turn_writer::write_staged(state, &mut state.log.borrow_mut());
        if commit::sync_now(state).await { Ok(()) } else { Err(io::Error::other("the log's storage failed")) }
    }
}
