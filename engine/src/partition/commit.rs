//! Does what `jobs::commit` says is due: it runs the syncs, and the alarm that waits for the next one.

use std::io;
use std::rc::Rc;

use creel_io::{Instant, fs};

use crate::jobs::commit::{Backlog, Due, ToSync};
use crate::jobs::running::Work;
use crate::jobs::side_files::StartStep;
use crate::jobs::visibility::Visibility;
use crate::offset::Offset;
use crate::partition::state::State;
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
    let (goes_to_journal, due) = {
        let (log, waiters, durability) = (state.log.borrow(), state.hw_waiters.borrow(), state.durability());
        let mut commit = state.commit.borrow_mut();
        let backlog = Backlog::of(&log);
        let is_awaited = commit.is_awaited(backlog, durability, &waiters);
        let goes_to_journal = is_awaited && journaling::takes(state, &log);
        let is_urgent = is_awaited && !goes_to_journal;
        (goes_to_journal, commit.after_write(backlog, durability, is_urgent, creel_io::now))
    };
    if goes_to_journal {
        journaling::add(state);
    }
    match due {
        Some(Due::Sync) => begin(state),
        Some(Due::Alarm(at)) => set_alarm(state, at),
        None => {}
    }
}

/// Starts a sync of what is written, unless one is in flight.
pub(crate) fn sync_soon(state: &Rc<State>) {
    let is_due = {
        let log = state.log.borrow();
        log.cursors().synced < log.cursors().written
    };
    if is_due && state.is_healthy() && !state.commit.borrow().is_syncing() {
        begin(state);
    }
}

/// Starts a sync in a task of its own. When the sync ends, the task looks at what was written meanwhile. No other sync
/// is in flight.
fn begin(state: &Rc<State>) {
    let work = {
        let mut log = state.log.borrow_mut();
        let unsynced = log.take_unsynced();
        let epochs = unsynced.epochs.then(|| log.epochs().clone());
        ToSync { segments: unsynced.segments, directory: unsynced.directory, epochs, covers: log.end() }
    };
    state.commit.borrow_mut().begin(work.covers);
    state.spawn(Work::Commit, async move |state| {
        sync(state, work).await;
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

/// Makes sure that a sync begins by `at`. If an alarm is already set, it goes off no later and then checks again.
fn set_alarm(state: &Rc<State>, at: Instant) {
    if !state.running.has(Work::CommitAlarm) {
        let alarm = state.spawn(Work::CommitAlarm, async move |state| wait_for(state, at).await);
        state.commit_alarm.set(Some(alarm));
    }
}

async fn wait_for(state: &Rc<State>, mut at: Instant) {
    loop {
        creel_io::sleep_until(at).await;
        let due = state.commit.borrow().alarm(creel_io::now());
        match due {
            Some(Due::Alarm(later)) => at = later,
            Some(Due::Sync) if state.is_healthy() => return begin(state),
            Some(Due::Sync) | None => return,
        }
    }
}

/// Stops the alarm: no written batch has to be synced by a given time any more.
pub(crate) fn stop_alarm(state: &State) {
    state.commit.borrow_mut().stop_lingering();
    if let Some(alarm) = state.commit_alarm.take() {
        alarm.abort();
    }
}

/// Applies a change of `flush.messages` or `flush.ms`. What is written is synced at once, which is never too late for
/// the new settings. If the high watermark now follows the write, it moves to the end of what is already written.
pub(crate) fn durability_changed(state: &Rc<State>) {
    stop_alarm(state);
    if state.visibility() == Visibility::AtWritten {
        let mut log = state.log.borrow_mut();
        let end = log.end();
        state.raise_high_watermark(&mut log, end);
    }
    sync_soon(state);
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
        begin(state);
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
                begin(state);
            }
        }
    }
}
