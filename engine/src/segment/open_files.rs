//! The log files that the partitions of a core hold open, so that any number of partitions and segments gets by with the
//! descriptors that there are.
//!
//! Active segments stay open between two appends, and sealed ones that were read a moment ago between two reads: a few of
//! each. Whoever needs one more has the one closed that was opened longest ago. A file is closed only when a sync has
//! covered all that was written to it: a failed write-back is told to those who hold the file open, and a file that is
//! opened later may never hear of it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::{Rc, Weak};

use creel_io::fs::File;

use crate::partition::Inner;
use crate::segment::Segment;

/// The log files of a core that are open between two uses.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    most_active: usize,
    most_sealed: usize,
    /// Segments that were active when they were opened, longest ago first. Some may have been closed or removed since.
    active: RefCell<VecDeque<OpenSegment>>,
    /// In the order in which they were first read. Those that retention has taken meanwhile count until their turn comes.
    sealed: RefCell<VecDeque<Weak<Segment>>>,
}

#[derive(Debug)]
struct OpenSegment {
    partition: Weak<Inner>,
    segment: Weak<Segment>,
}

impl Default for OpenFiles {
    fn default() -> Self {
        Self { most_active: usize::MAX, ..Self::at_most(0, 0) }
    }
}

impl OpenFiles {
    /// At most so many.
    pub(crate) fn at_most(active: usize, sealed: usize) -> Self {
        let (most_active, most_sealed) = (active.max(1), sealed);
        Self { most_active, most_sealed, active: RefCell::default(), sealed: RefCell::default() }
    }

    fn has_room(&self) -> bool {
        self.active.borrow().len() < self.most_active
    }

    fn add_active(&self, partition: &Rc<Inner>, segment: &Rc<Segment>) {
        let (partition, segment) = (Rc::downgrade(partition), Rc::downgrade(segment));
        self.active.borrow_mut().push_back(OpenSegment { partition, segment });
    }

    /// Closes active segments until one more may be open, and waits for the syncs that this takes. Where every one of them
    /// is written to all the time, one more is open than should be.
    async fn make_room(&self) {
        for _ in 0..self.most_active {
            if self.has_room() {
                return;
            }
            let Some(oldest) = self.active.borrow_mut().pop_front() else { return };
            let Some((partition, segment)) = oldest.upgrade() else { continue };
            if !partition.closes(&segment) {
                partition.sync_now().await;
                if !partition.closes(&segment) {
                    self.active.borrow_mut().push_back(oldest);
                }
            }
        }
    }

    /// Closes what can be closed at once. Whether that is any.
    fn close_all(&self) -> bool {
        let before = self.active.take();
        let count = before.len();
        for one in before {
            let is_closed = one.upgrade().is_none_or(|(partition, segment)| partition.closes(&segment));
            if !is_closed {
                self.active.borrow_mut().push_back(one);
            }
        }
        let sealed = self.sealed.take();
        sealed.iter().filter_map(Weak::upgrade).for_each(|segment| segment.log.close());
        self.active.borrow().len() < count || !sealed.is_empty()
    }

    /// Lets a sealed segment stay open, in the place of the one that has been so for longest.
    fn keep_sealed(&self, segment: &Rc<Segment>) {
        let mut sealed = self.sealed.borrow_mut();
        if sealed.iter().rev().any(|one| one.as_ptr() == Rc::as_ptr(segment)) {
            return;
        }
        sealed.push_back(Rc::downgrade(segment));
        if sealed.len() > self.most_sealed
            && let Some(oldest) = sealed.pop_front().and_then(|oldest| oldest.upgrade())
        {
            oldest.log.close();
        }
    }
}

impl OpenSegment {
    fn upgrade(&self) -> Option<(Rc<Inner>, Rc<Segment>)> {
        self.partition.upgrade().zip(self.segment.upgrade())
    }
}

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

    /// Closes the file of a segment that leaves the list of open ones, unless a sync has yet to cover what was written.
    fn closes(&self, segment: &Rc<Segment>) -> bool {
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
}

/// Whether the process (EMFILE) or the system (ENFILE) had no descriptor left.
pub(crate) fn has_no_descriptor(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}
