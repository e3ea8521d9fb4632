//! Throws a log away and starts it at another offset. A follower does so if its leader's log begins behind its own end, or
//! has nothing in common with it.
//!
//! ```text
//! recovery point 0 -> in memory -> epochs, bad ranges, snapshots removed -> segments removed, newest first
//!                  -> an empty file in place of the first segment -> renamed to the new start
//! ```
//!
//! Whatever a crash leaves is a part of the old log without a hole, or an empty log. What was removed never comes back.
//! Meanwhile nothing is appended, no segment begins, and retention removes none.

use std::io;
use std::path::Path;
use std::rc::Rc;

use creel_io::fs::{self, File, OpenOptions};

use crate::directory::log_path;
use crate::error::TruncateError;
use crate::offset::Offset;
use crate::partition::state::State;
use crate::partition::truncate::{alone, check_goes_on, unless_it_ends};
use crate::partition::{Partition, commit, journal_writer, spare};
use crate::segment::Segment;
use crate::segment::active::ActiveSegment;
use crate::segment::checkpoints::{remove_epochs, remove_reuse, write_bad_ranges};
use crate::segment::remove::{remove_off_core, remove_segment};
use crate::segment::side_files::{remove_indexes, remove_snapshot, snapshot};
use crate::segment::spare::path_not_kept;

impl Partition {
    /// Removes everything, and lets the log start at `offset`, which may lie anywhere: before the log, in it or behind
    /// it. Then the log is empty, and starts and ends there. The producers and the leader epochs are forgotten.
    ///
    /// Like [`truncate_to`](Self::truncate_to), it can remove batches that were acknowledged as durable, refuses
    /// appends meanwhile, and is given up if the partition is closed before anything was removed.
    ///
    /// `lower_checkpoint` is called before anything is removed. It must write the checkpoints, durably: for this
    /// partition a recovery point of 0 ([`recovery_point`](Self::recovery_point) gives it meanwhile), and a log start no
    /// larger than [`start_point`](Self::start_point).
    ///
    /// Readers of the old log keep what they have found. After an error the log's storage has failed, unless the error
    /// is that of `lower_checkpoint`; then nothing was removed.
    ///
    /// Nothing in the broker calls this yet.
    pub async fn truncate_fully_and_start_at(
        &self,
        offset: Offset,
        lower_checkpoint: impl AsyncFnOnce() -> io::Result<()> + 'static,
    ) -> Result<(), TruncateError> {
        alone(self.state(), async move |state| {
            // Before anything is removed: a start must not append it again.
            journal_writer::write_cut(state, Offset::ZERO).await?;
            state.side_files.borrow_mut().begin_anew(offset);
            if let Err(error) = lower(state, lower_checkpoint).await {
                state.side_files.borrow_mut().stay();
                return Err(error);
            }
            if let Err(error) = start_at(state, offset).await {
                state.poison("starting the log anew", &error);
                return Err(error.into());
            }
            state.side_files.borrow_mut().has_begun_anew();
            Ok(())
        })
        .await
    }
}

async fn lower(
    state: &Rc<State>,
    lower_checkpoint: impl AsyncFnOnce() -> io::Result<()>,
) -> Result<(), TruncateError> {
    unless_it_ends(state, lower_checkpoint()).await??;
    Ok(check_goes_on(state)?)
}

async fn start_at(state: &Rc<State>, start: Offset) -> io::Result<()> {
    let dropped = state.reclaim.borrow_mut().take();
    commit::stop_lingering(state);
    state.commit.borrow_mut().cut(start);
    spare::discard(state);
    let active = ActiveSegment::noting(Segment::new(&state.directory, start, creel_io::wall_clock_ms()));
    let gone = state.log.borrow_mut().start_at(active);
    state.sync_times.clear();
    state.hw_waiters.borrow_mut().wake_all();
    remove_side_files(&state.directory).await?;
    // Those that retention has dropped lie before the others.
    for segment in &dropped {
        remove(state, &segment.segment).await?;
    }
    let (first, behind) = gone.split_first().ok_or(io::ErrorKind::NotFound)?;
    for segment in behind.iter().rev() {
        remove(state, segment).await?;
    }
    replace(state, first, start).await?;
    // If it was opened meanwhile, that was the old file of the same name.
    state.log.borrow().active().log.close();
    if state.spare.borrow_mut().forget_announced() {
        remove_reuse(&state.directory)?;
        fs::sync_dir(&state.directory).await?;
    }
    Ok(())
}

/// Removes what describes the log as a whole. Without it, a start believes only the batches that it finds.
async fn remove_side_files(directory: &Path) -> io::Result<()> {
    remove_epochs(directory)?;
    write_bad_ranges(directory, &[]).await?;
    for name in fs::read_dir(directory)? {
        if let Some(offset) = snapshot::KIND.offset_in(name.as_ref()) {
            remove_snapshot(directory, offset)?;
        }
    }
    fs::sync_dir(directory).await
}

/// Removes a segment, durably.
async fn remove(state: &State, segment: &Segment) -> io::Result<()> {
    let (directory, base) = (state.directory.clone(), segment.base);
    let last_handle = segment.log.retire();
    remove_off_core(last_handle, move || remove_segment(&directory, base)).await?;
    fs::sync_dir(&state.directory).await
}

/// Replaces the last segment that is left by an empty one that begins at `start`. There is a segment at any time, and
/// never two, because between two a start would look for what is missing.
async fn replace(state: &State, last: &Segment, start: Offset) -> io::Result<()> {
    let directory = &state.directory;
    remove_indexes(directory, last.base)?;
    // A file of its own: readers may still hold the old one.
    let empty = path_not_kept(directory, start, ".tmp");
    let options = OpenOptions { truncate: true, ..OpenOptions::create() };
    File::open(&empty, options)?.sync_all().await?;
    let (old, new) = (log_path(directory, last.base), log_path(directory, start));
    let last_handle = last.log.retire();
    let replaced = old.clone();
    remove_off_core(last_handle, move || fs::rename(&empty, &replaced)).await?;
    fs::sync_dir(directory).await?;
    if old != new {
        fs::rename(&old, &new)?;
        fs::sync_dir(directory).await?;
    }
    Ok(())
}
