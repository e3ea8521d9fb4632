//! What a partition owns, behind one `Rc`: the log, the state of each job, and the count of what runs; and what the partitions of a
//! core share.
//!
//! This is the only place where a job is spawned, and the rooms beside it are the only ones that know all of its parts. Each part is
//! a value of its own; no borrow of one is held across an `await`.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use creel_io::{Instant, JoinHandle};

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
use crate::log::producers::AppendOrigin;
use crate::log::{End, Log};
use crate::partition::append_times::{AppendTimes, SyncTimes};
use crate::recover::progress::RecoveryProgress;
use crate::recover::recovered_log::RecoveryReport;
use crate::segment::open_files::OpenFiles;

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
    /// It is written at the end of this turn.
    pub(crate) is_listed: Cell<bool>,
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

/// Writes the appends of one core's partitions at the end of each turn. One per core; clones share.
#[derive(Clone, Debug, Default)]
pub struct TurnWriter {
    /// Those that are written at the end of this turn.
    pub(crate) dirty: Rc<RefCell<Vec<Rc<State>>>>,
    times: Option<Rc<AppendTimes>>,
    /// What else the partitions of a core share.
    pub(crate) open_files: Rc<OpenFiles<State>>,
    pub(crate) recovery: RecoveryProgress,
}

impl TurnWriter {
    /// A writer for this core.
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer that notes how long appends take.
    pub fn timed(times: Rc<AppendTimes>) -> Self {
        Self { times: Some(times), ..Self::default() }
    }

    /// The same, with its partitions together keeping so many active segments open between two appends, and so many
    /// sealed ones between two reads. Appends to further partitions wait until one of them has been closed.
    #[must_use]
    pub fn keeping_open(self, active_segments: usize, sealed_segments: usize) -> Self {
        Self { open_files: Rc::new(OpenFiles::at_most(active_segments, sealed_segments)), ..self }
    }

    /// Bytes of segments that recoveries have gone through so far: see [`crate::OpenLog::bytes_to_recover`].
    pub fn recovered_bytes(&self) -> u64 {
        self.recovery.bytes()
    }

    pub(crate) fn times(&self) -> Option<&AppendTimes> {
        self.times.as_deref()
    }

    /// When a batch was staged, where that is to be known.
    pub(crate) fn stage_time(&self, origin: AppendOrigin) -> Option<Instant> {
        self.times().filter(|_| origin == AppendOrigin::Client).map(|_| creel_io::now())
    }

    /// The end of a write: its batches were staged at `staged`.
    pub(crate) fn wrote(&self, staged: &mut Vec<Instant>) -> Option<Instant> {
        let times = self.times().filter(|_| !staged.is_empty())?;
        let at = creel_io::now();
        staged.drain(..).for_each(|since| times.write.record_nanos(at.nanos_since(since)));
        Some(at)
    }
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
}
