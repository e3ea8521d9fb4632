//! What a partition owns, behind one `Rc`: the log, the state of each job, and the count of what runs.
//!
//! This is the only place where a job is spawned, and the rooms beside it are the only ones that know all of its parts. Each part is
//! a value of its own; no borrow of one is held across an `await`.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::task::Poll;

use creel_io::JoinHandle;

use crate::config::{Durability, LogConfig};
use crate::directory::TopicPartition;
use crate::error::AppendError;
use crate::jobs::commit::Commit;
use crate::jobs::hw_waiters::HwWaiters;
use crate::jobs::reclaim::Reclaim;
use crate::jobs::rollback::Rollback;
use crate::jobs::running::{Run, Running, Work};
use crate::jobs::side_files::SideFiles;
use crate::jobs::spare::SpareSlot;
use crate::jobs::upkeep::Idleness;
use crate::jobs::visibility::Visibility;
use crate::log::{End, Log};
use crate::offset::Offset;
use crate::partition::append_times::SyncTimes;
use crate::partition::commit;
use crate::partition::turn_writer::{Listed, TurnWriter};
use crate::recover::recovered_log::RecoveryReport;

/// Whether the log takes appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Healthy,
    /// A write or sync failed: what the medium holds is unknown until recovery has looked. Final.
    Poisoned,
    /// Closed or deleted.
    Closed,
}

/// See the module.
pub(crate) struct State {
    pub(crate) name: TopicPartition,
    pub(crate) directory: PathBuf,
    pub(crate) config: RefCell<LogConfig>,
    pub(crate) health: Cell<Health>,
    pub(crate) log: RefCell<Log>,
    pub(crate) turn_writer: TurnWriter,
    pub(crate) listed: Listed,
    pub(crate) commit: RefCell<Commit>,
    /// The task that waits until a sync is due: a closed log needs it no longer.
    pub(crate) commit_alarm: Cell<Option<JoinHandle<()>>>,
    pub(crate) hw_waiters: RefCell<HwWaiters>,
    pub(crate) rollback: RefCell<Rollback>,
    pub(crate) reclaim: RefCell<Reclaim>,
    pub(crate) spare: RefCell<SpareSlot>,
    pub(crate) side_files: RefCell<SideFiles>,
    pub(crate) idleness: Cell<Idleness>,
    pub(crate) running: Running,
    /// Where times are noted.
    pub(crate) sync_times: SyncTimes,
    pub(crate) recovery: RecoveryReport,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("name", &self.name).field("log", &self.log).finish_non_exhaustive()
    }
}

impl AsRef<Running> for State {
    fn as_ref(&self) -> &Running {
        &self.running
    }
}

impl State {
    /// Runs a job in a task of its own, so that it ends whatever becomes of those who wait for it.
    pub(crate) fn spawn<T: 'static>(
        self: &Rc<Self>,
        work: Work,
        job: impl AsyncFnOnce(&Rc<Self>) -> T + 'static,
    ) -> JoinHandle<T> {
        let run = Run::begin(self.clone(), work);
        creel_io::spawn(async move { job(run.owner()).await })
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.health.get() == Health::Healthy
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.health.get() == Health::Closed
    }

    pub(crate) fn check_open(&self) -> Result<(), AppendError> {
        if self.is_healthy() { Ok(()) } else { Err(self.refusal()) }
    }

    /// Why a log that is not healthy refuses.
    pub(crate) fn refusal(&self) -> AppendError {
        match self.health.get() {
            Health::Closed => AppendError::Closed,
            Health::Healthy | Health::Poisoned => AppendError::Storage,
        }
    }

    /// Whether the log's end may be written to: not while the cut behind a refused write, or one that was asked for, is made
    /// safe.
    pub(crate) fn check_end(&self) -> Result<(), AppendError> {
        if self.rollback.borrow().is_syncing() {
            return Err(AppendError::DiskFull);
        }
        if self.running.has(Work::Truncate) { Err(AppendError::Truncated) } else { Ok(()) }
    }

    /// Declares the log unfit for appends, for good: what the medium holds is unknown until recovery has looked.
    pub(crate) fn poison(&self, what: &str, error: &io::Error) {
        tracing::error!(partition = %self.name, %error, "{what} failed: the log refuses appends until restart");
        if self.is_healthy() {
            self.health.set(Health::Poisoned);
        }
        self.hw_waiters.borrow_mut().wake_all();
    }

    pub(crate) fn durability(&self) -> Durability {
        self.config.borrow().durability()
    }

    pub(crate) fn visibility(&self) -> Visibility {
        Visibility::of(self.durability())
    }

    pub(crate) fn raise_high_watermark(&self, log: &mut Log, to: End) {
        if log.raise_high_watermark(to) {
            self.hw_waiters.borrow_mut().advance(to.offset);
        }
    }

    /// Waits until the high watermark is past `offset`, or no longer can be: the log is closed or poisoned, or was cut more
    /// often than `cuts`.
    pub(crate) async fn wait_past(self: &Rc<Self>, offset: Offset, cuts: u64) {
        let mut waiting = Waiting { waiters: &self.hw_waiters, key: None };
        poll_fn(|cx| {
            let is_over = {
                let log = self.log.borrow();
                log.cursors().high_watermark > offset || log.cuts() != cuts
            };
            if is_over || !self.is_healthy() {
                return Poll::Ready(());
            }
            let first = waiting.key.is_none();
            waiting.key = Some(self.hw_waiters.borrow_mut().wait(waiting.key, offset, cx.waker()));
            if first {
                commit::start(self);
            }
            Poll::Pending
        })
        .await;
    }
}

/// Ends the wait when the waiting future is dropped.
struct Waiting<'a> {
    waiters: &'a RefCell<HwWaiters>,
    key: Option<u64>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.waiters.borrow_mut().forget(key);
        }
    }
}
