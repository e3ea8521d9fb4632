//! How a partition ends on a core: it is closed cleanly, or deleted.

use std::io;
use std::rc::Rc;

use creel_io::fs::{self, File};

use crate::offset::Offset;
use crate::partition::state::{Health, State};
use crate::partition::{Partition, commit, journaling, spare};
use crate::recover::log_directory::mark_deleted;
use crate::segment::checkpoints::{remove_epochs, remove_reuse, write_bad_ranges, write_epochs};
use crate::segment::remove::remove_off_core;
use crate::segment::side_files::{remove_snapshot, replace_snapshot, write_indexes};

impl Partition {
    /// Writes and syncs everything, cuts the files to their length, and writes the indexes and the snapshot that
    /// Kafka's tools expect. After an error the log directory must not be marked as cleanly shut down.
    pub async fn close(&self) -> io::Result<()> {
        let state = self.state();
        state.begin_to_end();
        while state.is_healthy() && !is_settled(state) {
            self.sync().await?;
            state.running.quiet().await;
        }
        let before = state.health.get();
        end(state).await;
        match before {
            Health::Healthy => {
                // Everything is synced, so the journal is not needed for it.
                journaling::forget(state);
                if state.log.borrow().is_changed() { close_files(state).await } else { Ok(()) }
            }
            Health::Closed => Ok(()),
            Health::Poisoned => Err(io::Error::other("the log's storage failed")),
        }
    }

    /// Removes the partition and its files. A crash meanwhile leaves a directory whose name says that it was being
    /// deleted.
    pub async fn delete(&self) -> io::Result<()> {
        let state = self.state();
        end(state).await;
        let deleted = mark_deleted(&state.name, &state.directory).await?;
        journaling::forget(state);
        let last_handles = retire_all(state);
        remove_off_core(last_handles, move || fs::remove_dir_all(&deleted)).await
    }
}

/// Whether every appended batch is on the medium, and nothing writes any more.
fn is_settled(state: &State) -> bool {
    let log = state.log.borrow();
    log.cursors().next == log.cursors().synced && state.running.is_quiet()
}

/// Ends appends, and waits for the tasks that still run. Another partition of the same name may be opened afterwards.
async fn end(state: &Rc<State>) {
    state.begin_to_end();
    state.health.set(Health::Closed);
    commit::stop_lingering(state);
    state.hw_waiters.borrow_mut().wake_all();
    spare::discard(state);
    state.running.ended().await;
    // A spare that was still being prepared when the log was closed.
    spare::discard(state);
    state.running.ended().await;
}

/// Closes the files even after an error, because a stop may close any number of partitions.
async fn close_files(state: &State) -> io::Result<()> {
    let written = write_final_files(state).await;
    state.log.borrow().segments().iter().for_each(|segment| segment.log.close());
    written
}

async fn write_final_files(state: &State) -> io::Result<()> {
    let (active, next, epochs, bad, snapshot) = {
        let mut log = state.log.borrow_mut();
        log.active_mut().cut_to_length()?;
        let snapshot = log.producers().to_snapshot();
        let (active, next) = (log.active().readable(), log.cursors().next);
        (active, next, log.epochs().clone(), log.bad_ranges().to_vec(), snapshot)
    };
    let directory = &state.directory;
    active.log.get()?.sync_all().await?;
    write_indexes(directory, &active).await?;
    if next > Offset::ZERO {
        replace_snapshot(directory, next, &snapshot).await?;
        write_epochs(directory, epochs.entries()).await?;
    } else {
        // No record was ever there, or all were cut off: neither has anything to say.
        remove_snapshot(directory, next)?;
        remove_epochs(directory)?;
    }
    write_bad_ranges(directory, &bad).await?;
    // Every file now ends with its batches.
    remove_reuse(directory)?;
    fs::sync_dir(directory).await
}

fn retire_all(state: &State) -> Vec<File> {
    state.log.borrow().segments().iter().filter_map(|segment| segment.log.retire()).collect()
}
