//! The log files that the partitions of a core hold open. The descriptors of the process suffice for any number of
//! partitions and segments.
//!
//! A few active segments stay open between two appends, and a few sealed ones between two reads. Whoever needs one more
//! closes the one that was opened longest ago. A file is closed only when a sync has covered everything that was
//! written to it. The reason: a failed write-back is reported to those who hold the file open, and whoever opens the
//! file later may never learn of it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use crate::segment::Segment;

/// The owner of active segments. It writes to them, so it knows what a sync has yet to cover.
pub(crate) trait SegmentOwner {
    /// Closes the file of a segment that is about to leave the list of open ones. `false`: a sync has yet to cover what
    /// was written.
    fn try_close(&self, segment: &Rc<Segment>) -> bool;

    /// Syncs everything that was written.
    async fn sync(self: &Rc<Self>);
}

/// The log files of a core that stay open between two uses.
#[derive(Debug)]
pub(crate) struct OpenFiles<O> {
    most_active: usize,
    most_sealed: usize,
    /// Segments that were active when they were opened, the oldest first. Some may have been closed or removed since.
    active: RefCell<VecDeque<OpenSegment<O>>>,
    /// Sealed segments in the order in which they were first read. A segment that retention has dropped meanwhile
    /// counts until its turn comes.
    sealed: RefCell<VecDeque<Weak<Segment>>>,
}

#[derive(Debug)]
struct OpenSegment<O> {
    owner: Weak<O>,
    segment: Weak<Segment>,
}

impl<O> Default for OpenFiles<O> {
    fn default() -> Self {
        Self { most_active: usize::MAX, ..Self::at_most(0, 0) }
    }
}

impl<O> OpenFiles<O> {
    /// At most this many of each.
    pub(crate) fn at_most(active: usize, sealed: usize) -> Self {
        let (most_active, most_sealed) = (active.max(1), sealed);
        Self { most_active, most_sealed, active: RefCell::default(), sealed: RefCell::default() }
    }
}

impl<O: SegmentOwner> OpenFiles<O> {
    pub(crate) fn has_room(&self) -> bool {
        self.active.borrow().len() < self.most_active
    }

    /// Counts an active segment that is open or is about to be opened. One that is counted already stays where it is.
    #[inline]
    pub(crate) fn add_active(&self, owner: &Rc<O>, segment: &Rc<Segment>) {
        if segment.listing.enter() {
            self.push_active(owner, segment);
        }
    }

    fn push_active(&self, owner: &Rc<O>, segment: &Rc<Segment>) {
        let (owner, segment) = (Rc::downgrade(owner), Rc::downgrade(segment));
        self.active.borrow_mut().push_back(OpenSegment { owner, segment });
    }

    /// Closes active segments until one more may be open, and waits for the syncs that this takes. If all of them are
    /// written to all the time, one more than the limit is open.
    pub(crate) async fn make_room(&self) {
        for _ in 0..self.most_active {
            if self.has_room() {
                return;
            }
            let Some(oldest) = self.active.borrow_mut().pop_front() else { return };
            let Some((owner, segment)) = oldest.upgrade() else { continue };
            if !close(&*owner, &segment) {
                owner.sync().await;
                if !close(&*owner, &segment) {
                    self.active.borrow_mut().push_back(oldest);
                }
            }
        }
    }

    /// Closes whatever can be closed at once. Returns whether that was anything.
    pub(crate) fn close_all(&self) -> bool {
        let before = self.active.take();
        let count = before.len();
        for one in before {
            let is_closed = one.upgrade().is_none_or(|(owner, segment)| close(&*owner, &segment));
            if !is_closed {
                self.active.borrow_mut().push_back(one);
            }
        }
        let sealed = self.sealed.take();
        sealed.iter().filter_map(Weak::upgrade).for_each(|segment| segment.log.close());
        self.active.borrow().len() < count || !sealed.is_empty()
    }

    /// Lets a sealed segment stay open, in place of the one that has stayed open longest.
    pub(crate) fn keep_sealed(&self, segment: &Rc<Segment>) {
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

/// Closes the file of a segment, which then leaves the list. `false`: a sync has yet to cover what was written.
fn close<O: SegmentOwner>(owner: &O, segment: &Rc<Segment>) -> bool {
    let is_closed = owner.try_close(segment);
    if is_closed {
        segment.listing.leave();
    }
    is_closed
}

impl<O> OpenSegment<O> {
    fn upgrade(&self) -> Option<(Rc<O>, Rc<Segment>)> {
        self.owner.upgrade().zip(self.segment.upgrade())
    }
}
