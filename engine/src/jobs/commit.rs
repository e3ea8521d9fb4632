//! From written to durable: when the next sync is due, and what it covers.
//!
//! At most one sync per partition is in flight. It covers everything that was written before it began. What is written
//! meanwhile waits for the next sync, so the busier the log is, the more acks one sync serves.
//!
//! A sync that someone waits for is due at once. Any other one has a time at which its turn comes, in the core's queue
//! (`sync_queue`). The time follows from what a power cut could take back: what the core's journal holds needs no sync
//! soon.
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
use crate::jobs::sync_queue::Ticket;
use crate::limits::{COMMIT_LINGER, JOURNALED_LINGER, UNSYNCED_BYTES};
use crate::log::epochs::LeaderEpochs;
use crate::log::{Cursors, End, Log};
use crate::offset::Offset;
use crate::segment::Segment;
use crate::segment::checkpoints::write_epochs;

/// See the module.
#[derive(Debug)]
pub(crate) struct Commit {
    phase: Phase,
    /// By how many 64ths the delays of this partition are shorter.
    spread: u32,
    /// What someone waits for: everything before it is to be durable. It may lie behind what is written.
    wanted: Offset,
    hurry: Option<Hurry>,
    /// Its place in the core's queue. It may come there before its turn, and then gets a later place.
    ticket: Option<Ticket>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    /// Something is not synced, and nobody waits for that. It is delayed, because syncs slow down writes.
    Lingering(Lingering),
    /// A sync is in flight.
    Syncing { covers: End },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lingering {
    unsynced_since: Instant,
    exposed: Option<Exposed>,
}

/// Batches that a power cut could take back, and that nobody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exposed {
    /// They begin where the durable ones ended. Once that is no longer so, others may be left, which came later.
    from: Offset,
    since: Instant,
}

/// It is the turn of everything before `to`, whatever its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hurry {
    to: Offset,
    since: Instant,
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

/// What makes durable what someone waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// Nobody waits.
    No,
    /// The core's journal does, or has this partition synced.
    ByJournal,
    BySync,
}

/// What the caller has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A sync, now.
    Sync,
    /// A place in the core's queue at this time: see [`Commit::queue`].
    At(Instant),
}

impl Commit {
    /// Of partition `index`. The delays of a topic's partitions differ by up to a quarter, so that partitions that were
    /// written to in one turn are not all synced in another.
    pub(crate) fn of_partition(index: i32) -> Self {
        let spread = index as u32 % 16;
        Self { phase: Phase::Idle, spread, wanted: Offset::ZERO, hurry: None, ticket: None }
    }

    /// Notes that someone waits until everything before `end` is durable.
    pub(crate) fn want(&mut self, end: Offset) {
        self.wanted = self.wanted.max(end);
    }

    /// Notes that the log ends at `end` now: nobody waits any more for what lay behind it.
    pub(crate) fn cut(&mut self, end: Offset) {
        self.wanted = self.wanted.min(end);
        self.hurry = self.hurry.map(|hurry| Hurry { to: hurry.to.min(end), ..hurry });
    }

    /// What is due after a write, or when someone begins to wait, or when something has become durable.
    pub(crate) fn after_write(
        &mut self,
        log: Backlog,
        durability: Durability,
        awaited: Awaited,
        now: impl Fn() -> Instant,
    ) -> Option<Due> {
        if log.synced == log.written || self.is_syncing() {
            return None;
        }
        if awaited == Awaited::BySync {
            return Some(Due::Sync);
        }
        let mut is_changed = self.linger(log, durability, awaited, &now);
        if is_much(log, durability) && !self.is_hurried(log) {
            self.hurry(log.written, now());
            is_changed = true;
        }
        if !is_changed && self.ticket.is_some() {
            return None;
        }
        let turn = self.turn(log, durability)?;
        let has_place = self.ticket.is_some_and(|ticket| ticket.at <= turn);
        (!has_place).then_some(Due::At(turn))
    }

    /// Notes since when something is not synced, and not durable. Returns whether that was not known.
    fn linger(
        &mut self,
        log: Backlog,
        durability: Durability,
        awaited: Awaited,
        now: &impl Fn() -> Instant,
    ) -> bool {
        let (known, since) = match self.phase {
            Phase::Lingering(Lingering { unsynced_since, exposed }) => (exposed, Some(unsynced_since)),
            Phase::Idle | Phase::Syncing { .. } => (None, None),
        };
        let is_exposed =
            durability == Durability::GroupCommit && awaited == Awaited::No && log.durable < log.written;
        let is_known = known.map(|exposed| exposed.from) == is_exposed.then_some(log.durable);
        if is_known && since.is_some() {
            return false;
        }
        let unsynced_since = since.unwrap_or_else(now);
        let exposed = is_exposed.then(|| Exposed { from: log.durable, since: now() });
        self.phase = Phase::Lingering(Lingering { unsynced_since, exposed });
        true
    }

    /// When the turn comes of what is not synced.
    fn turn(&self, log: Backlog, durability: Durability) -> Option<Instant> {
        let hurry = self.hurry.filter(|hurry| log.synced < hurry.to).map(|hurry| hurry.since);
        let Phase::Lingering(Lingering { unsynced_since, exposed }) = self.phase else { return hurry };
        let lingered = match durability {
            Durability::GroupCommit => {
                let journaled = unsynced_since + self.shortened(JOURNALED_LINGER);
                let exposed = exposed.map(|exposed| exposed.since + self.shortened(COMMIT_LINGER));
                Some(exposed.map_or(journaled, |exposed| exposed.min(journaled)))
            }
            Durability::Relaxed { after, .. } => after.map(|after| unsynced_since + after),
        };
        [hurry, lingered].into_iter().flatten().min()
    }

    fn shortened(&self, delay: Duration) -> Duration {
        delay - delay / 64 * self.spread
    }

    /// Whether someone waits for what is written and not durable.
    pub(crate) fn is_awaited(&self, log: Backlog, durability: Durability, waiters: &HwWaiters) -> bool {
        let is_wanted = log.durable < self.wanted.min(log.written);
        let is_waited_for = log.durable < log.written && !waiters.is_empty();
        durability == Durability::GroupCommit && (is_wanted || is_waited_for)
    }

    /// Notes that it is the turn of everything before `to`. It gets its place with [`after_write`](Self::after_write),
    /// after the sync that is in flight.
    pub(crate) fn hurry(&mut self, to: Offset, now: Instant) {
        self.hurry = Some(Hurry { to, since: now });
    }

    fn is_hurried(&self, log: Backlog) -> bool {
        self.hurry.is_some_and(|hurry| log.synced < hurry.to)
    }

    /// Notes the place in the core's queue that `place` gives in exchange for the former one.
    pub(crate) fn queue(&mut self, place: impl FnOnce(Option<Ticket>) -> Ticket) -> Ticket {
        *self.ticket.insert(place(self.ticket))
    }

    /// What is due when it comes up in the core's queue, which it has left. `None`: nothing is delayed any more.
    pub(crate) fn came_up(&mut self, log: Backlog, durability: Durability, now: Instant) -> Option<Due> {
        self.ticket = None;
        if log.synced == log.written || self.is_syncing() {
            return None;
        }
        let turn = self.turn(log, durability)?;
        Some(if turn <= now { Due::Sync } else { Due::At(turn) })
    }

    pub(crate) fn is_syncing(&self) -> bool {
        matches!(self.phase, Phase::Syncing { .. })
    }

    /// What the sync covers that is in flight.
    pub(crate) fn covers(&self) -> Option<Offset> {
        match self.phase {
            Phase::Syncing { covers } => Some(covers.offset),
            Phase::Idle | Phase::Lingering(_) => None,
        }
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
            Phase::Idle | Phase::Lingering(_) => None,
        }
    }

    /// Ends the delay. Written bytes are synced when that is asked for again.
    pub(crate) fn stop_lingering(&mut self) {
        self.hurry = None;
        if let Phase::Lingering(_) = self.phase {
            self.phase = Phase::Idle;
        }
    }
}

/// Whether so much is not synced that it waits no longer.
fn is_much(log: Backlog, durability: Durability) -> bool {
    match durability {
        Durability::GroupCommit => log.bytes >= UNSYNCED_BYTES,
        Durability::Relaxed { records, .. } => {
            records.is_some_and(|most| (log.written - log.synced) as u64 >= most)
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
