//! What a partition owns, behind one `Rc`: the log, the state of each job, and the count of running tasks. Also what
//! the partitions of a core share.
//!
//! This is the only place that spawns a job's task. Only the files beside it know all parts of the state. Each part is
//! a value of its own, and no borrow of one is held across an `await`.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::{fmt, io};

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
use crate::jobs::write_back::WriteBack;
use crate::journal::shared::{Part, SharedJournal};
use crate::log::producers::AppendOrigin;
use crate::log::{End, Log};
use crate::partition::append_times::{AppendTimes, SyncTimes};
use crate::partition::background::Background;
use crate::partition::replayed::Replayed;
use crate::recover::progress::RecoveryProgress;
use crate::recover::recovered_log::RecoveryReport;
use crate::segment::open_files::OpenFiles;

/// Whether the log takes appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Healthy,
    /// A write or a sync has failed. What the medium holds is unknown until recovery has looked. The log stays so.
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
    /// The partition is about to be closed or deleted. A truncation that has not cut anything yet is given up.
    pub(crate) is_ending: Cell<bool>,
    pub(crate) log: RefCell<Log>,
    pub(crate) turn_writer: TurnWriter,
    /// Its part in the core's journal.
    pub(crate) in_journal: Part,
    pub(crate) commit: RefCell<Commit>,
    pub(crate) hw_waiters: RefCell<HwWaiters>,
    pub(crate) rollback: RefCell<Rollback>,
    pub(crate) reclaim: RefCell<Reclaim>,
    pub(crate) spare: RefCell<SpareSlot>,
    pub(crate) side_files: RefCell<SideFiles>,
    pub(crate) idleness: Cell<Idleness>,
    pub(crate) running: Running,
    /// When the last syncs ended, where times are recorded.
    pub(crate) sync_times: SyncTimes,
    pub(crate) recovery: RecoveryReport,
    /// What became of what the journals held of it when it was opened, if they held anything.
    pub(crate) replayed: OnceCell<Box<Replayed>>,
}

/// Writes the appends of one core's partitions at the end of each turn. There is one per core; clones share it.
#[derive(Clone, Debug, Default)]
pub struct TurnWriter {
    /// The partitions that are written at the end of this turn.
    pub(crate) dirty: Rc<RefCell<Vec<Rc<State>>>>,
    times: Option<Rc<AppendTimes>>,
    /// The files that the core's partitions hold open together.
    pub(crate) open_files: Rc<OpenFiles<State>>,
    pub(crate) recovery: RecoveryProgress,
    pub(crate) journal: Rc<SharedJournal<State>>,
    /// The syncs that nobody waits for.
    pub(crate) background: Rc<Background<State>>,
    pub(crate) write_back: Option<Rc<WriteBack>>,
}

impl TurnWriter {
    /// A writer for this core.
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer that records how long appends take.
    pub fn timed(times: Rc<AppendTimes>) -> Self {
        Self { times: Some(times), ..Self::default() }
    }

    /// Limits the open files. All its partitions together keep this many active segments open between two appends, and
    /// this many sealed ones between two reads. An append to a further partition waits until another segment was
    /// closed.
    #[must_use]
    pub fn keeping_open(self, active_segments: usize, sealed_segments: usize) -> Self {
        Self { open_files: Rc::new(OpenFiles::at_most(active_segments, sealed_segments)), ..self }
    }

    /// Begins to write a segment's pages to the medium before a sync asks for it, whenever there are so many bytes of them.
    /// The page that the next write begins in is not among them. `None`: never.
    #[must_use]
    pub fn writing_back_early(self, step_bytes: Option<u64>) -> Self {
        Self { write_back: step_bytes.map(|bytes| Rc::new(WriteBack::by_steps_of(bytes))), ..self }
    }

    /// The number of bytes of segments that recoveries have scanned so far: see [`crate::OpenLog::bytes_to_recover`].
    pub fn recovered_bytes(&self) -> u64 {
        self.recovery.bytes()
    }

    pub(crate) fn times(&self) -> Option<&AppendTimes> {
        self.times.as_deref()
    }

    /// When a batch was staged, if that is to be recorded.
    pub(crate) fn stage_time(&self, origin: AppendOrigin) -> Option<Instant> {
        self.times().filter(|_| origin == AppendOrigin::Client).map(|_| creel_io::now())
    }

    /// Notes that a write has ended. Its batches were staged at `staged`.
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
    /// Runs a job in a task of its own, so it runs to its end even if those who wait for it go away.
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

    /// Notes that the partition is about to be closed or deleted.
    pub(crate) fn begin_to_end(&self) {
        self.is_ending.set(true);
        self.running.wake();
    }

    pub(crate) fn check_open(&self) -> Result<(), AppendError> {
        if self.is_healthy() { Ok(()) } else { Err(self.refusal()) }
    }

    /// Why a log refuses that is not healthy.
    pub(crate) fn refusal(&self) -> AppendError {
        match self.health.get() {
            Health::Closed => AppendError::Closed,
            Health::Healthy | Health::Poisoned => AppendError::Storage,
        }
    }

    /// Whether the log's end may be written to. It may not while the cut after a refused write is synced, or a
    /// truncation is in progress.
    pub(crate) fn check_end(&self) -> Result<(), AppendError> {
        if self.rollback.borrow().is_syncing() {
            return Err(AppendError::DiskFull);
        }
        if self.running.has(Work::Truncate) { Err(AppendError::Truncated) } else { Ok(()) }
    }

    /// Makes the log refuse all appends, for good: what the medium holds is unknown until recovery has looked.
    pub(crate) fn poison(&self, what: &str, error: &io::Error) {
        tracing::error!(partition = %self.name, %error, "{what} failed: the partition refuses writes until the broker is restarted");
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
