//! Writes what one turn of a core's loop has staged: one `pwritev` for each partition that was appended to.
//!
//! What the partitions of a core share for it is in `state` ([`TurnWriter`](crate::TurnWriter)). This file knows of a
//! batch only that it is staged. The log decides what its write means.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use crate::error::{AppendError, no_room};
use crate::jobs::rollback::WriteFailure;
use crate::jobs::running::Work;
use crate::log::Log;
use crate::log::staging::WriteGroup;
use crate::partition::state::State;
use crate::partition::{commit, open_files, spare, write_back};
use crate::segment::Segment;

/// Adds `partition`, which has just staged its first batch, to those that are written at the end of this turn. What it
/// stages behind that goes with it. If it was written meanwhile, it is added again, and one of the two finds nothing to
/// write.
pub(crate) fn add(partition: &Rc<State>) {
    let dirty = &partition.turn_writer.dirty;
    let mut listed = dirty.borrow_mut();
    listed.push(partition.clone());
    if listed.len() == 1 {
        creel_io::spawn(write_all(dirty.clone()));
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
    // Everyone who waits for these appends has been told of the failure.
    let _ = write_staged(state, &mut state.log.borrow_mut());
    commit::start(state);
}

/// Writes the staged batches: all of them, or none.
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
    write_back::step_soon(state, log);
    group.written_at.set(at);
    group.finish(Ok(()));
    Ok(())
}

/// Undoes the staging, and cuts off what a failed write may have left in the file.
fn refuse_staged(state: &Rc<State>, log: &mut Log, error: &io::Error) -> AppendError {
    let group = log.undo();
    let cut = log.active_mut().cut_to_length();
    match WriteFailure::of(error, &cut) {
        WriteFailure::Untouched => group.finish(Err(AppendError::NoDescriptor)),
        WriteFailure::CutBack => make_cut_safe(state, log.active().readable(), group),
        WriteFailure::Unknown => {
            state.poison("write", error);
            group.finish(Err(AppendError::Storage));
            return AppendError::Storage;
        }
    }
    tracing::warn!(partition = %state.name, %error, "append refused");
    // The next append may use the disk space that this frees.
    spare::discard(state);
    no_room(error)
}

/// Syncs a file that was cut back, and then refuses the appends of `group`.
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
