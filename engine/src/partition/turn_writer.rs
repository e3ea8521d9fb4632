//! Writes what one turn of a core's loop has staged: every partition that was appended to, each with one `pwritev`.
//!
//! Owns what the partitions of a core share: the list of those to be written, the open files, the times. Knows of a batch only
//! that it is staged; what its write means is the log's to say.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use creel_io::Instant;

use crate::error::{AppendError, no_room};
use crate::jobs::rollback::Failure;
use crate::jobs::running::Work;
use crate::log::Log;
use crate::log::producers::AppendOrigin;
use crate::log::staging::WriteGroup;
use crate::partition::append_times::AppendTimes;
use crate::partition::state::State;
use crate::partition::{commit, open_files, spare};
use crate::recover::progress::RecoveryProgress;
use crate::segment::Segment;
use crate::segment::open_files::OpenFiles;

/// Writes the appends of one core's partitions at the end of each turn. One per core; clones share.
#[derive(Clone, Debug, Default)]
pub struct TurnWriter {
    dirty: Rc<RefCell<Vec<Rc<State>>>>,
    times: Option<Rc<AppendTimes>>,
    /// What else the partitions of a core share.
    pub(crate) open_files: Rc<OpenFiles<State>>,
    pub(crate) recovery: RecoveryProgress,
}

/// Whether a partition is on the list of those to be written.
#[derive(Debug, Default)]
pub(crate) struct Listed(Cell<bool>);

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
    fn wrote(&self, staged: &mut Vec<Instant>) -> Option<Instant> {
        let times = self.times().filter(|_| !staged.is_empty())?;
        let at = creel_io::now();
        staged.drain(..).for_each(|since| times.write.record_nanos(at.nanos_since(since)));
        Some(at)
    }

    /// Has `partition` written at the end of this turn.
    pub(crate) fn add(&self, partition: &Rc<State>) {
        if partition.listed.0.replace(true) {
            return;
        }
        let mut dirty = self.dirty.borrow_mut();
        dirty.push(partition.clone());
        if dirty.len() == 1 {
            creel_io::spawn(write_all(self.dirty.clone()));
        }
    }
}

async fn write_all(dirty: Rc<RefCell<Vec<Rc<State>>>>) {
    creel_io::end_of_turn().await;
    let partitions = std::mem::take(&mut *dirty.borrow_mut());
    let mut waiting = Vec::new();
    for partition in &partitions {
        if open_files::may_open(partition) { write_turn(partition) } else { waiting.push(partition) }
    }
    for partition in waiting {
        open_files::make_room_to_open(partition).await;
        write_turn(partition);
    }
}

fn write_turn(state: &Rc<State>) {
    state.listed.0.set(false);
    // A failure has been told to everyone who waits for these appends.
    let _ = write_staged(state, &mut state.log.borrow_mut());
    commit::start(state);
}

/// Writes what is staged. All of it is written, or none of it ever was.
pub(crate) fn write_staged(state: &Rc<State>, log: &mut Log) -> Result<(), AppendError> {
    let Some(plan) = log.write_plan() else { return Ok(()) };
    if let Err(refusal) = state.check_open() {
        log.undo().finish(Err(refusal));
        return Err(refusal);
    }
    let file = open_files::active_file(state, log.active());
    if let Err(error) = file.and_then(|file| log.write(&file)) {
        return Err(refuse_staged(state, log, &error));
    }
    let at = state.turn_writer.wrote(log.staged_at());
    let interval = state.config.borrow().index_interval_bytes;
    let group = log.wrote(plan, interval);
    if let Some(end) = state.visibility().after_write(log.end()) {
        state.raise_high_watermark(log, end);
    }
    spare::preallocate_next_soon(state, log.active());
    group.written_at.set(at);
    group.finish(Ok(()));
    Ok(())
}

/// Takes back what staging did, and cuts off what a failed write may have left in the file.
fn refuse_staged(state: &Rc<State>, log: &mut Log, error: &io::Error) -> AppendError {
    let group = log.undo();
    let cut = log.active_mut().cut_to_length();
    match Failure::of(error, &cut) {
        Failure::Untouched => group.finish(Err(AppendError::NoDescriptor)),
        Failure::CutBack => make_cut_safe(state, log.active().readable(), group),
        Failure::Unknown => {
            state.poison("write", error);
            group.finish(Err(AppendError::Storage));
            return AppendError::Storage;
        }
    }
    tracing::warn!(partition = %state.name, %error, "append refused");
    // The next append may have its room.
    spare::discard(state);
    no_room(error)
}

/// Syncs a file that was cut, and then refuses the appends of `group`.
fn make_cut_safe(state: &Rc<State>, cut: Rc<Segment>, group: Rc<WriteGroup>) {
    state.rollback.borrow_mut().begin(group);
    state.spawn(Work::Rollback, async move |state| {
        let synced = async { cut.log.get()?.sync_data().await };
        let refusal = match synced.await {
            Ok(()) => AppendError::DiskFull,
            Err(error) => {
                state.poison("sync", &error);
                AppendError::Storage
            }
        };
        state.rollback.borrow_mut().end(Err(refusal));
    });
}
