//! Does what `jobs::commit` says is due: it runs the syncs. Those that nobody waits for are begun by one task of the core,
//! each when its turn comes.

use std::io;
use std::rc::Rc;

use creel_io::{Instant, fs};

use crate::jobs::commit::{Awaited, Backlog, Due, ToSync};
use crate::jobs::running::Work;
use crate::jobs::side_files::StartStep;
use crate::jobs::sync_queue::Next;
use crate::jobs::visibility::Visibility;
use crate::offset::Offset;
use crate::partition::background::Slot;
use crate::partition::state::{State, TurnWriter};
use crate::partition::{durability_mark, journaling};
use crate::segment::checkpoints::remove_epochs;

/// Notes that someone waits until everything before `end` is durable, and begins to make it so. If some of it is only
/// staged, its write begins that: a sync that began before would not cover it.
pub(crate) fn want(state: &Rc<State>, end: Offset) {
    state.commit.borrow_mut().want(end);
    let is_written = end <= state.log.borrow().cursors().written;
    if is_written {
        start(state);
    }
}

/// Makes durable what someone waits for, by the core's journal if it can, or else by a sync. Starts a sync if one is due
/// and none is in flight.
pub(crate) fn start(state: &Rc<State>) {
    if !state.is_healthy() {
        return;
    }
    let (awaited, due) = {
        let (log, waiters, durability) = (state.log.borrow(), state.hw_waiters.borrow(), state.durability());
        let mut commit = state.commit.borrow_mut();
        let backlog = Backlog::of(&log);
        let awaited = if !commit.is_awaited(backlog, durability, &waiters) {
            Awaited::No
        } else if journaling::takes(state, &log) {
            Awaited::ByJournal
        } else {
            Awaited::BySync
        };
        (awaited, commit.after_write(backlog, durability, awaited, creel_io::now))
    };
    if awaited == Awaited::ByJournal {
        journaling::add(state);
    }
    match due {
        Some(Due::Sync) => begin(state, None),
        Some(Due::At(at)) => queue(state, at),
        None => {}
    }
}

/// Gives the partition its place among those of the core whose syncs nobody waits for.
fn queue(state: &Rc<State>, at: Instant) {
    let writer = &state.turn_writer;
    let ticket = state.commit.borrow_mut().queue(|former| writer.background.add(former, at, state));
    if writer.background.is_first(ticket) || !writer.background.is_running.get() {
        wake_background(writer);
    }
}

/// The core's journal asks for space, or a place in the queue is the first one.
fn wake_background(writer: &TurnWriter) {
    if writer.background.is_running.replace(true) {
        writer.background.tell();
    } else {
        creel_io::spawn(run_background(writer.clone()));
    }
}

/// Has partitions synced so that the core's journal does not fill, if it asks for that.
pub(crate) fn make_space_soon(writer: &TurnWriter) {
    if writer.background.takes_for_space(writer.journal.space()) {
        wake_background(writer);
    }
}

/// Begins the core's syncs that nobody waits for, each when its turn comes, until there are none.
async fn run_background(writer: TurnWriter) {
    let background = &writer.background;
    loop {
        // Many may come up that somebody else has synced meanwhile.
        creel_io::pace(1).await;
        match background.next(writer.journal.space()) {
            Next::Turn(partition) => {
                if let Some(state) = partition.upgrade() {
                    came_up(&state);
                }
            }
            Next::ForSpace => {
                if let Some((state, end)) = writer.journal.take_due() {
                    sync_for_space(&state, end);
                }
            }
            Next::At(at) => {
                let left = at - creel_io::now();
                let _ = creel_io::timeout(left, background.changed()).await;
            }
            Next::Wait => background.changed().await,
            Next::Nothing => return background.is_running.set(false),
        }
    }
}

fn came_up(state: &Rc<State>) {
    let due = {
        let (log, durability) = (state.log.borrow(), state.durability());
        state.commit.borrow_mut().came_up(Backlog::of(&log), durability, creel_io::now())
    };
    match due {
        Some(Due::Sync) => begin_in_background(state),
        Some(Due::At(at)) => queue(state, at),
        None => {}
    }
}

/// The core's journal has pieces of the partition, up to `end`, in a file that it is to get back.
fn sync_for_space(state: &Rc<State>, end: Offset) {
    let covers = state.commit.borrow().covers();
    match covers {
        None => begin_in_background(state),
        Some(covers) if covers < end => state.commit.borrow_mut().hurry(end, creel_io::now()),
        Some(_) => {}
    }
}

fn begin_in_background(state: &Rc<State>) {
    if state.is_healthy() {
        begin(state, Some(Slot::take(&state.turn_writer.background)));
    }
}

/// Starts a sync of what is written, unless one is in flight.
pub(crate) fn sync_soon(state: &Rc<State>) {
    let is_due = {
        let log = state.log.borrow();
        log.cursors().synced < log.cursors().written
    };
    if is_due && state.is_healthy() && !state.commit.borrow().is_syncing() {
        begin(state, None);
    }
}

/// Starts a sync in a task of its own. When the sync ends, the task looks at what was written meanwhile. No other sync
/// is in flight. `slot`: nobody waits for it.
fn begin(state: &Rc<State>, slot: Option<Slot<State>>) {
    let work = {
        let mut log = state.log.borrow_mut();
        let unsynced = log.take_unsynced();
        let epochs = unsynced.epochs.then(|| log.epochs().clone());
        ToSync { segments: unsynced.segments, directory: unsynced.directory, epochs, covers: log.end() }
    };
    state.commit.borrow_mut().begin(work.covers);
    state.spawn(Work::Commit, async move |state| {
        sync(state, work).await;
        drop(slot);
        start(state);
        durability_mark::refresh_soon(state);
    });
}

async fn sync(state: &Rc<State>, work: ToSync) {
    let outcome = work.run(&state.directory).await;
    let covers = state.commit.borrow_mut().end();
    let written = match outcome {
        Ok(written) => written,
        Err(error) => return state.poison("sync", &error),
    };
    let mut log = state.log.borrow_mut();
    if let Some(epochs) = &work.epochs
        && state.side_files.borrow_mut().epochs_synced(epochs, written)
    {
        log.epochs_are_unsynced();
    }
    let Some(covers) = covers else { return };
    log.synced(covers);
    if state.turn_writer.times().is_some() {
        state.sync_times.note(covers.offset, creel_io::now());
    }
    state.raise_high_watermark(&mut log, state.visibility().after_sync(covers));
}

/// No written batch has to be synced by a given time any more.
pub(crate) fn stop_lingering(state: &State) {
    state.commit.borrow_mut().stop_lingering();
}

/// Applies a change of `flush.messages` or `flush.ms`. It is the turn of what is written, which is never too late for the
/// new settings. If the high watermark now follows the write, it moves to the end of what is already written.
pub(crate) fn durability_changed(state: &Rc<State>) {
    stop_lingering(state);
    if state.visibility() == Visibility::AtWritten {
        let mut log = state.log.borrow_mut();
        let end = log.end();
        state.raise_high_watermark(&mut log, end);
    }
    let written = state.log.borrow().cursors().written;
    state.commit.borrow_mut().hurry(written, creel_io::now());
    start(state);
}

/// Syncs everything that is written now, whatever the topic's settings. Returns whether it is synced.
pub(crate) async fn sync_now(state: &Rc<State>) -> bool {
    let target = state.log.borrow().cursors().written;
    // What is cut off meanwhile need not be synced.
    let is_synced = || {
        let log = state.log.borrow();
        log.cursors().synced >= target.min(log.cursors().written)
    };
    while !is_synced() && state.is_healthy() {
        begin_or_await(state).await;
    }
    is_synced()
}

async fn begin_or_await(state: &Rc<State>) {
    if state.commit.borrow().is_syncing() {
        state.running.changed().await;
    } else {
        begin(state, None);
    }
}

/// Makes sure that the epochs on the medium say where the log starts now. `false`: the log is not healthy any more.
pub(crate) async fn write_start(state: &Rc<State>) -> io::Result<bool> {
    let start = state.log.borrow().epochs().start();
    let mut awaited = 0;
    loop {
        let is_syncing = state.commit.borrow().is_syncing();
        let step = state.side_files.borrow().step_to_start(start, awaited, is_syncing);
        if step != StartStep::Done && !state.is_healthy() {
            return Ok(false);
        }
        match step {
            StartStep::Done => return Ok(true),
            StartStep::RemoveFile => {
                remove_epochs(&state.directory)?;
                fs::sync_dir(&state.directory).await?;
                state.side_files.borrow_mut().epochs_removed(start);
            }
            StartStep::Await => {
                state.running.changed().await;
                awaited += 1;
            }
            StartStep::Sync => {
                state.log.borrow_mut().epochs_are_unsynced();
                begin(state, None);
            }
        }
    }
}
