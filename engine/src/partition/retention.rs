//! Retention and DeleteRecords: they move the log's start, and remove the segments before it.

use std::io;
use std::ops::Deref;
use std::rc::Rc;

use creel_io::fs;

use crate::jobs::running::{Run, Work};
use crate::jobs::upkeep::{Upkeep, decide, is_too_old};
use crate::log::Cursors;
use crate::offset::Offset;
use crate::partition::state::{Health, State};
use crate::partition::{commit, spare, timestamps};
use crate::segment::Segment;
use crate::segment::remove::{remove_off_core, remove_segment};
use crate::segment::side_files::write_snapshot;
use crate::segment::spare::retire_files;

/// Runs retention at a roll. So one segment is dropped as another begins, and its file can be reused for the one after
/// that.
pub(crate) fn retain_soon(state: &Rc<State>, now_ms: i64) {
    if !spare::reuses_segments(state) {
        return;
    }
    state.spawn(Work::Retention, async move |state| {
        if let Err(error) = retain(state, now_ms).await {
            tracing::error!(partition = %state.name, %error, "retention failed");
        }
    });
}

/// Drops what retention no longer keeps, as far as it is synced.
async fn retain(state: &Rc<State>, now_ms: i64) -> io::Result<()> {
    load_largest(state, now_ms).await?;
    let due = {
        let log = state.log.borrow();
        let limit = log.cursors().high_watermark.min(log.cursors().synced);
        decide(&log, &state.config.borrow(), limit, now_ms)
    };
    match due {
        Upkeep::DropBefore(offset) => drop_expired(state, offset).await,
        Upkeep::Nothing | Upkeep::Roll => Ok(()),
    }
}

/// Does nothing if the partition is closed meanwhile.
pub(crate) async fn drop_expired(state: &Rc<State>, offset: Offset) -> io::Result<()> {
    match drop_before(state, offset).await {
        Err(_) if state.is_closed() => Ok(()),
        dropped => dropped,
    }
}

pub(crate) async fn drop_before(state: &Rc<State>, offset: Offset) -> io::Result<()> {
    make_safe_before(state, offset).await?;
    while state.running.has(Work::Truncate) {
        state.running.changed().await;
    }
    move_start(state, offset);
    let _removing = Removing::begin(&**state).await;
    if state.is_closed() {
        // The partition was deleted meanwhile. A new partition may have a directory and segments of the same names.
        return Err(io::Error::other("the partition is closed"));
    }
    remove_pending(state).await
}

fn move_start(state: &State, offset: Offset) {
    let gone = state.log.borrow_mut().truncate_front(offset);
    let mut side_files = state.side_files.borrow_mut();
    gone.iter().for_each(|dropped| side_files.safe(dropped.segment.base));
    state.hw_waiters.borrow_mut().start_moved();
    state.reclaim.borrow_mut().add(gone);
}

/// Syncs the segments before `offset` before they are dropped. Otherwise a crash could bring such a segment
/// back torn, without what it said about producers. This makes a difference only where durability is relaxed.
async fn make_safe_before(state: &Rc<State>, offset: Offset) -> io::Result<()> {
    let (frees_segment, is_synced) = {
        let log = state.log.borrow();
        let frees_segment = log.segments().get(1).is_some_and(|second| second.base <= offset);
        (frees_segment, log.cursors().synced >= offset)
    };
    if frees_segment && !is_synced && !commit::sync_now(state).await {
        return Err(io::Error::other("the log's storage failed"));
    }
    let lacks_snapshot = state.side_files.borrow().lacks_snapshot();
    if frees_segment && lacks_snapshot { write_missing_snapshot(state).await } else { Ok(()) }
}

/// Writes a missing producer snapshot. Until it exists, or a roll has left another one, only the first segments hold
/// the state of their producers.
async fn write_missing_snapshot(state: &Rc<State>) -> io::Result<()> {
    commit::sync_now(state).await;
    // A truncation meanwhile would leave a snapshot behind the log's end.
    let _removing = Removing::begin(&**state).await;
    if !state.side_files.borrow().lacks_snapshot() {
        return Ok(());
    }
    let Cursors { next, synced, .. } = *state.log.borrow().cursors();
    if next != synced {
        return Err(io::Error::other(
            "a producer snapshot is missing: retention waits until the log is quiet or rolls a segment",
        ));
    }
    let encoded = state.log.borrow().producers().to_snapshot();
    write_snapshot(&state.directory, next, &encoded)?.sync_data().await?;
    fs::sync_dir(&state.directory).await?;
    state.side_files.borrow_mut().set_lacks_snapshot(false);
    Ok(())
}

/// Removes segments strictly oldest first, in one task at a time.
async fn remove_pending(state: &Rc<State>) -> io::Result<()> {
    if state.reclaim.borrow().is_empty() {
        return Ok(());
    }
    // What the removed batches said about producers must be durable in the next segment's snapshot.
    while state.running.has(Work::SideFiles) {
        state.running.changed().await;
    }
    commit::write_start(state).await?;
    if state.health.get() == Health::Poisoned {
        return Err(io::Error::other("the log's storage failed"));
    }
    // The names of the segments that stay are made durable first, and each removal is made durable before the next. So
    // whatever a crash brings back, the log has no hole and its offsets go on.
    fs::sync_dir(&state.directory).await?;
    loop {
        let Some(dropped) = state.reclaim.borrow().oldest() else { return Ok(()) };
        // More segments may have been added meanwhile. A start that finds the first segment missing must know that it
        // was to be removed.
        if !commit::write_start(state).await? {
            return Ok(());
        }
        let reserved = spare::reserve(state, &dropped);
        let segment = dropped.segment;
        let (directory, base) = (state.directory.clone(), segment.base);
        let take_away = if reserved.is_some() { retire_files } else { remove_segment };
        let last_handle = segment.log.retire();
        remove_off_core(last_handle, move || take_away(&directory, base)).await?;
        fs::sync_dir(&state.directory).await?;
        state.reclaim.borrow_mut().removed();
        if let Some(reserved) = reserved {
            spare::prepare(state, reserved, segment);
        }
    }
}

/// Reads the largest timestamps that retention needs: those of the oldest segments, up to the first one that stays.
pub(crate) async fn load_largest(state: &Rc<State>, now_ms: i64) -> io::Result<()> {
    let sealed: Vec<Rc<Segment>> = state.log.borrow().sealed().to_vec();
    for segment in sealed {
        match timestamps::largest(state, &segment).await {
            // The segment was dropped meanwhile.
            Err(_) if segment.is_pending_delete() => continue,
            known => known?,
        };
        if !is_too_old(&segment, &state.config.borrow(), now_ms) {
            break;
        }
    }
    Ok(())
}

/// The right to change the segments at the log's start. When it is dropped, the next task may have it, also after a
/// failure.
pub(crate) struct Removing<S: Deref<Target = State>>(Run<S>);

impl<S: Deref<Target = State>> Removing<S> {
    pub(crate) async fn begin(state: S) -> Self {
        while !state.reclaim.borrow_mut().begin() {
            state.running.changed().await;
        }
        Self(Run::begin(state, Work::Reclaim))
    }
}

impl<S: Deref<Target = State>> Drop for Removing<S> {
    fn drop(&mut self) {
        self.0.owner().reclaim.borrow_mut().end();
    }
}
