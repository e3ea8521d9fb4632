//! The files of a partition's segments, opened within what the core's partitions may together keep open.

use std::io;
use std::rc::Rc;

use creel_io::fs::File;

use crate::error::has_no_descriptor;
use crate::partition::Inner;
use crate::segment::Segment;
use crate::segment::open_files::Owner;

impl Inner {
    /// A handle to a segment's file. A sealed one is [let go](Self::let_go) of after it was read.
    pub(crate) fn file_of(self: &Rc<Self>, segment: &Rc<Segment>) -> io::Result<File> {
        if self.is_active(segment) { self.active_file(segment) } else { self.file_if_any(segment) }
    }

    /// A handle to the active segment's file, which stays open.
    pub(crate) fn active_file(self: &Rc<Self>, active: &Rc<Segment>) -> io::Result<File> {
        self.note_opened(active);
        self.file_if_any(active)
    }

    fn file_if_any(&self, segment: &Segment) -> io::Result<File> {
        match segment.log.get() {
            Err(error) if has_no_descriptor(&error) && self.flusher.open_files.close_all() => {
                segment.log.get()
            }
            file => file,
        }
    }

    /// Whether the active segment is open, or may be opened without closing another one first.
    pub(crate) fn may_open(&self) -> bool {
        self.log.borrow().active().log.is_open() || self.flusher.open_files.has_room()
    }

    /// Waits until the active segment may be opened.
    pub(crate) async fn make_room_to_open(&self) {
        if !self.may_open() {
            self.flusher.open_files.make_room().await;
        }
    }

    /// Counts an active segment that is open or about to be.
    pub(crate) fn note_opened(self: &Rc<Self>, active: &Rc<Segment>) {
        if !active.is_listed.replace(true) {
            self.flusher.open_files.add_active(self, active);
        }
    }

    fn is_active(&self, segment: &Segment) -> bool {
        self.log.borrow().active().base == segment.base
    }

    /// A segment that is not appended to is open for a while, if there is room for it; who reads it has a handle.
    pub(crate) fn let_go(&self, segment: &Rc<Segment>) {
        if !self.is_active(segment) {
            self.flusher.open_files.keep_sealed(segment);
        }
    }
}

impl Owner for Inner {
    fn try_close(&self, segment: &Rc<Segment>) -> bool {
        // A log that is borrowed is being written to.
        let Ok(log) = self.log.try_borrow() else { return false };
        let is_unsynced = log.unsynced.iter().any(|other| Rc::ptr_eq(other, segment));
        if is_unsynced || self.is_committing.get() || self.side_jobs.get() > 0 {
            return false;
        }
        segment.is_listed.set(false);
        segment.log.close();
        true
    }

    async fn sync(self: &Rc<Self>) {
        self.sync_now().await;
    }
}
