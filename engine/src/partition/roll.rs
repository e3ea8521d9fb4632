//! Seals the active segment and begins the next.

use std::io;
use std::rc::Rc;

use creel_io::fs::File;

use crate::error::{AppendError, is_disk_full, no_room};
use crate::jobs::running::Work;
use crate::log::Log;
use crate::offset::Offset;
use crate::partition::state::State;
use crate::partition::{durability_mark, retention, spare};
use crate::segment::Segment;
use crate::segment::active::ActiveSegment;
use crate::segment::side_files::{remove_indexes, remove_snapshot, write_indexes, write_snapshot};

/// Closes the active segment and begins the next at `base`: at the log's end, or behind it across a wide gap. Nothing is
/// staged.
pub(crate) fn roll(state: &Rc<State>, log: &mut Log, base: Offset, now_ms: i64) -> Result<(), AppendError> {
    let (next, snapshot) = match begin_next(state, log, base, now_ms) {
        Ok(begun) => begun,
        Err(error) if is_disk_full(&error) => {
            // The next append may use the disk space that this frees.
            spare::discard(state);
            return Err(no_room(&error));
        }
        Err(error) => {
            state.poison("roll", &error);
            return Err(AppendError::Storage);
        }
    };
    state.turn_writer.open_files.add_active(state, &next);
    let sealed = log.rolled(next);
    // The mark of the sealed segment was cut off with its end.
    durability_mark::write(state, log);
    retention::retain_soon(state, now_ms);
    state.side_files.borrow_mut().sealed(sealed.base);
    state.spawn(Work::SideFiles, async move |state| make_side_files_safe(state, &sealed, &snapshot).await);
    Ok(())
}

/// Creates the files of the next segment. Its producer snapshot is one of them: once retention has dropped the batches
/// before it, nothing else holds the state of their producers. So a segment does not begin without disk space for it.
fn begin_next(state: &State, log: &mut Log, base: Offset, now_ms: i64) -> io::Result<(ActiveSegment, File)> {
    log.active_mut().cut_to_length()?;
    let snapshot = write_snapshot(&state.directory, base, &log.producers().to_snapshot())?;
    match spare::begin_segment(state, base, now_ms) {
        Ok(next) => Ok((next, snapshot)),
        Err(error) => {
            let _ = remove_snapshot(&state.directory, base);
            Err(error)
        }
    }
}

/// Writes and syncs the side files of a sealed segment. Indexes are never the only copy of anything: if they fail, the
/// next start takes longer. But a snapshot that may not be on the medium is as bad as a batch that may not be.
async fn make_side_files_safe(state: &State, sealed: &Segment, snapshot: &File) {
    let indexes = write_indexes(&state.directory, sealed).await;
    match (indexes, snapshot.sync_data().await) {
        (Ok(()), Ok(())) => state.side_files.borrow_mut().safe(sealed.base),
        (_, Err(error)) => state.poison("sync of the producer snapshot", &error),
        (Err(error), Ok(())) => {
            tracing::warn!(log = %sealed.log.path().display(), %error, "cannot write the indexes");
        }
    }
    if sealed.is_pending_delete() {
        // Retention removes segments oldest first, so the log file must not be removed here.
        let _ = remove_indexes(&state.directory, sealed.base);
    }
}
