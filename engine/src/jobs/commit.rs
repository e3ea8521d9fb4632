//! From written to durable: when the next sync is due, and what it covers.
//!
//! At most one sync per partition is in flight. It covers everything that was written before it began. What is written
//! meanwhile waits for the next sync, so the busier the log is, the more acks one sync serves.
//!
//! Owns the phase, and how far someone waits for a sync. Does not know the partition: it says what is due, and
//! the caller does it.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use creel_io::{Instant, fs};

use crate::config::Durability;
use crate::error::is_disk_full;
use crate::fault_points::{self, Bug};
use crate::jobs::hw_waiters::HwWaiters;
use crate::limits::{COMMIT_LINGER, UNSYNCED_BYTES};
use crate::log::epochs::LeaderEpochs;
use crate::log::{Cursors, End, Log};
use crate::offset::Offset;
use crate::segment::Segment;
use crate::segment::checkpoints::write_epochs;

/// See the module.
#[derive(Debug)]
pub(crate) struct Commit {
    phase: Phase,
    /// How long a sync is delayed that nobody waits for.
    linger: Duration,
    /// What someone waits for: everything before it is to be durable. It may lie behind what is written.
    wanted: Offset,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    /// Nobody waits for a sync now. It is delayed, because syncs slow down writes.
    Lingering { until: Instant },
    /// A sync is in flight.
    Syncing { covers: End },
}

/// What a log has written and not synced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backlog {
    pub(crate) synced: Offset,
    pub(crate) durable: Offset,
    pub(crate) written: Offset,
    /// The number of bytes written since the last sync began.
    pub(crate) bytes: u64,
}

impl Backlog {
    pub(crate) fn of(log: &Log) -> Self {
        let Cursors { synced, durable, written, .. } = *log.cursors();
        Self { synced, durable, written, bytes: log.unsynced_bytes() }
    }
}

/// What the caller has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A sync, now.
    Sync,
    /// A sync by this time, unless one begins before: see [`Commit::alarm`].
    Alarm(Instant),
}

impl Commit {
    /// Of partition `index`. The delays of a topic's partitions differ by up to a quarter, so that partitions that were
    /// written to in one turn are not all synced in another.
    pub(crate) fn of_partition(index: i32) -> Self {
        let linger = COMMIT_LINGER - COMMIT_LINGER / 64 * (index as u32 % 16);
        Self { phase: Phase::Idle, linger, wanted: Offset::ZERO }
    }

    /// Notes that someone waits until everything before `end` is durable.
    pub(crate) fn want(&mut self, end: Offset) {
        self.wanted = self.wanted.max(end);
    }

    /// Notes that the log ends at `end` now: nobody waits any more for what lay behind it.
    pub(crate) fn cut(&mut self, end: Offset) {
        self.wanted = self.wanted.min(end);
    }

    /// What is due after a write, or when someone begins to wait for a sync. `is_urgent`: someone waits for what only a
    /// sync makes durable.
    pub(crate) fn after_write(
        &mut self,
        log: Backlog,
        durability: Durability,
        is_urgent: bool,
        now: impl FnOnce() -> Instant,
    ) -> Option<Due> {
        if log.synced == log.written || self.is_syncing() {
            return None;
        }
        let linger = match durability {
            Durability::GroupCommit if is_urgent || log.bytes >= UNSYNCED_BYTES => return Some(Due::Sync),
            Durability::GroupCommit => self.linger,
            Durability::Relaxed { records: Some(most), .. } if (log.written - log.synced) as u64 >= most => {
                return Some(Due::Sync);
            }
            Durability::Relaxed { after, .. } => after?,
        };
        if let Phase::Lingering { .. } = self.phase {
            return None;
        }
        let until = now() + linger;
        self.phase = Phase::Lingering { until };
        Some(Due::Alarm(until))
    }

    /// Whether someone waits for what is written and not durable.
    pub(crate) fn is_awaited(&self, log: Backlog, durability: Durability, waiters: &HwWaiters) -> bool {
        let is_wanted = log.durable < self.wanted.min(log.written);
        let is_waited_for = log.durable < log.written && !waiters.is_empty();
        durability == Durability::GroupCommit && (is_wanted || is_waited_for)
    }

    /// What is due when an alarm goes off. `None`: no sync is delayed any more.
    pub(crate) fn alarm(&self, now: Instant) -> Option<Due> {
        match self.phase {
            Phase::Lingering { until } if until > now => Some(Due::Alarm(until)),
            Phase::Lingering { .. } => Some(Due::Sync),
            Phase::Idle | Phase::Syncing { .. } => None,
        }
    }

    pub(crate) fn is_syncing(&self) -> bool {
        matches!(self.phase, Phase::Syncing { .. })
    }

    /// Notes that a sync of everything before `covers` begins. No other sync may be in flight.
    pub(crate) fn begin(&mut self, covers: End) {
        debug_assert!(!self.is_syncing());
        self.phase = Phase::Syncing { covers };
    }

    /// Notes that the sync has ended. Returns what it covers.
    pub(crate) fn end(&mut self) -> Option<End> {
        match std::mem::take(&mut self.phase) {
            Phase::Syncing { covers } => Some(covers),
            Phase::Idle | Phase::Lingering { .. } => None,
        }
    }

    /// Ends the delay. Written bytes are synced when that is asked for again.
    pub(crate) fn stop_lingering(&mut self) {
        if let Phase::Lingering { .. } = self.phase {
            self.phase = Phase::Idle;
        }
    }
}

/// What a sync has to do.
pub(crate) struct ToSync {
    /// The segments written to since the last sync, oldest first.
    pub(crate) segments: Vec<Rc<Segment>>,
    /// Whether the directory holds a name that is not yet durable.
    pub(crate) directory: bool,
    pub(crate) epochs: Option<LeaderEpochs>,
    pub(crate) covers: End,
}

impl ToSync {
    /// Syncs the segments oldest first. So we never make a later batch durable before an earlier one.
    pub(crate) async fn run(&self, directory: &Path) -> io::Result<EpochsWritten> {
        for segment in self.segments.iter().filter(|segment| !segment.is_pending_delete()) {
            segment.log.get()?.sync_data().await?;
        }
        let epochs = match &self.epochs {
            Some(epochs) => EpochsWritten::of(write_epochs(directory, epochs.entries()).await)?,
            None => EpochsWritten::Yes,
        };
        if self.directory && !fault_points::has(Bug::DirectoryNotSynced) {
            fs::sync_dir(directory).await?;
        }
        Ok(epochs)
    }
}

/// Whether the epochs that a sync covers were written to their file. The batches hold them too, so the file may be
/// written later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EpochsWritten {
    Yes,
    NoRoom,
}

impl EpochsWritten {
    fn of(outcome: io::Result<()>) -> io::Result<Self> {
        match outcome {
            Err(error) if is_disk_full(&error) => Ok(Self::NoRoom),
            outcome => outcome.map(|()| Self::Yes),
        }
    }
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
