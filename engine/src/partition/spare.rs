//! Prepares the spare file for the next segment, and gives it back. It runs what `jobs::preallocate` and
//! `jobs::segment_reuse` say, for the slot in `jobs::spare`.

use std::io;
use std::path::Path;
use std::rc::Rc;

use creel_io::fs::File;

use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::jobs::running::Work;
use crate::jobs::{preallocate, segment_reuse};
use crate::log::Dropped;
use crate::offset::Offset;
use crate::partition::state::State;
use crate::segment::Segment;
use crate::segment::active::ActiveSegment;
use crate::segment::checkpoints::{new_secret, write_reuse};
use crate::segment::remove::remove_if_there;
use crate::segment::spare::{Spare, path_not_kept, remove_retired, retired_path};

/// Whether segments of this log are reused now.
pub(crate) fn reuses_segments(state: &State) -> bool {
    segment_reuse::is_on(&state.config.borrow()) && state.is_healthy()
}

/// Preallocates a file for the segment behind the active one, once half of the active one is written. A reused file is
/// preferred.
pub(crate) fn preallocate_next_soon(state: &Rc<State>, active: &Segment) {
    let Some(length) = state.config.borrow().preallocate_limit() else { return };
    let is_due = active.length() >= length / 2 && !reuses_segments(state);
    if !is_due || !state.spare.borrow_mut().wants_preallocation_behind(active.base) {
        return;
    }
    let path = path_not_kept(&state.directory, active.base, ".next.deleted");
    state.spare.borrow_mut().begin();
    state.spawn(Work::Spare, async move |state| {
        let file = preallocate::new_file(&state.directory, &path, length).await;
        let spare = match file.filter(|_| state.is_healthy()) {
            Some(file) => Some(Spare { path, file, length, is_stale: false }),
            None => {
                remove_retired(path, None).await;
                None
            }
        };
        state.spare.borrow_mut().end(spare);
    });
}

/// The spare slot, for the file of a segment that retention is about to drop. If it is dropped unused, the slot is
/// vacant again.
pub(crate) struct Reserved(Option<Rc<State>>);

impl Reserved {
    fn end(mut self, spare: Option<Spare>) {
        if let Some(state) = self.0.take() {
            state.spare.borrow_mut().end(spare);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(state) = self.0.take() {
            state.spare.borrow_mut().end(None);
        }
    }
}

/// Takes the slot for the file of a segment that retention dropped, if the file is to be kept for the next segment. Of
/// several, it is the newest. Settings may change before the file has its new name, so the slot is taken at once.
pub(crate) fn reserve(state: &Rc<State>, dropped: &Dropped) -> Option<Reserved> {
    let is_wanted = reuses_segments(state)
        && state.spare.borrow().is_vacant()
        && state.reclaim.borrow().is_down_to_one()
        && segment_reuse::is_worth_keeping(dropped, &state.config.borrow());
    is_wanted.then(|| {
        state.spare.borrow_mut().begin();
        Reserved(Some(state.clone()))
    })
}

/// Makes a spare from a retired segment, or removes the segment.
pub(crate) fn prepare(state: &Rc<State>, reserved: Reserved, segment: Rc<Segment>) {
    state.spawn(Work::Spare, async move |state| {
        let path = retired_path(&state.directory, segment.base);
        let spare = match try_prepare(state, &segment, &path).await {
            Ok(Some(file)) if reuses_segments(state) => {
                Some(Spare { path, file, length: segment.length(), is_stale: true })
            }
            // Without a spare the next segment gets a new file. Nothing else is lost.
            _ => {
                remove_retired(path, None).await;
                None
            }
        };
        reserved.end(spare);
    });
}

async fn try_prepare(state: &State, segment: &Segment, path: &Path) -> io::Result<Option<File>> {
    let file = segment_reuse::prepare(segment, path, || reuses_segments(state)).await?;
    if file.is_some() {
        announce(state).await?;
    }
    Ok(file)
}

/// Writes to the medium that segments that begin from now on may be reused files.
async fn announce(state: &State) -> io::Result<()> {
    while !state.spare.borrow().is_announced() {
        let from = state.log.borrow().active().base + 1;
        let reuse = ReuseCheckpoint { from, secret: new_secret() };
        write_reuse(&state.directory, reuse).await?;
        // A segment that began meanwhile has marks without the secret.
        if state.log.borrow().active().base < from {
            state.spare.borrow_mut().announce(reuse);
        }
    }
    Ok(())
}

/// Begins the segment behind the last one, in the spare file if there is one.
pub(crate) fn begin_segment(state: &State, base: Offset, now_ms: i64) -> io::Result<ActiveSegment> {
    let mut slot = state.spare.borrow_mut();
    let signer = slot.signer(base);
    if let Some(spare) = slot.take() {
        let (path, is_stale) = (spare.path.clone(), spare.is_stale);
        match ActiveSegment::reuse(&state.directory, signer, now_ms, spare) {
            Ok(segment) => {
                slot.used(is_stale);
                return Ok(segment);
            }
            Err(error) => {
                tracing::warn!(partition = %state.name, %error, "cannot use the file prepared for the next segment");
                remove_if_there(&path)?;
            }
        }
    }
    ActiveSegment::create(&state.directory, signer, now_ms)
}

/// Removes a spare, which frees its disk space.
pub(crate) fn discard(state: &Rc<State>) {
    if let Some(spare) = state.spare.borrow_mut().take() {
        state.spawn(Work::Spare, async move |_| remove_retired(spare.path, Some(spare.file)).await);
    }
}
