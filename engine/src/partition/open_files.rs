//! Opens the files of a partition's segments, within the number of files that the core's partitions may keep open
//! together.

use std::io;
use std::rc::Rc;

use creel_io::fs::File;

use crate::error::has_no_descriptor;
use crate::partition::commit;
use crate::partition::state::State;
use crate::segment::Segment;
use crate::segment::open_files::SegmentOwner;

/// A handle to a segment's file. After a read, [`let_go`] is called for a sealed segment.
pub(crate) fn file_of(state: &Rc<State>, segment: &Rc<Segment>) -> io::Result<File> {
    if is_active(state, segment) { active_file(state, segment) } else { file_if_any(state, segment) }
}

/// A handle to the active segment's file, which stays open.
#[inline]
pub(crate) fn active_file(state: &Rc<State>, active: &Rc<Segment>) -> io::Result<File> {
    state.turn_writer.open_files.add_active(state, active);
    file_if_any(state, active)
}

#[inline]
fn file_if_any(state: &State, segment: &Segment) -> io::Result<File> {
    match segment.log.get() {
        Err(error) if has_no_descriptor(&error) && state.turn_writer.open_files.close_all() => {
            segment.log.get()
        }
        file => file,
    }
}

/// Whether the active segment is open, or may be opened without closing another one first.
#[inline]
pub(crate) fn may_open(state: &State) -> bool {
    state.log.borrow().active().log.is_open() || state.turn_writer.open_files.has_room()
}

/// Waits until the active segment may be opened.
pub(crate) async fn make_room_to_open(state: &State) {
    if !may_open(state) {
        state.turn_writer.open_files.make_room().await;
    }
}

fn is_active(state: &State, segment: &Segment) -> bool {
    state.log.borrow().active().base == segment.base
}

/// Lets a sealed segment stay open for a while, if there is room for it. A reader has its own handle.
pub(crate) fn let_go(state: &State, segment: &Rc<Segment>) {
    if !is_active(state, segment) {
        state.turn_writer.open_files.keep_sealed(segment);
    }
}

impl SegmentOwner for State {
    fn try_close(&self, segment: &Rc<Segment>) -> bool {
        // If the log is borrowed, it is being written to.
        let Ok(log) = self.log.try_borrow() else { return false };
        if log.is_unsynced(segment) || !self.running.is_quiet() {
            return false;
        }
        segment.log.close();
        true
    }

    async fn sync(self: &Rc<Self>) {
        commit::sync_now(self).await;
    }
}
