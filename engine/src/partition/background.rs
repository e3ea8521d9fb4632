//! The syncs of a core that nobody waits for: who is in the queue, and the slots that bound how many are in flight.
//!
//! `P` is a partition, of which nothing is known here. The order is decided in `jobs::sync_queue`, and the syncs themselves
//! are in `commit`.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use creel_io::Instant;
use creel_io::local::Notify;

use crate::jobs::sync_queue::{Next, Space, SyncQueue, Ticket};

/// See the module. There is one per core.
pub(crate) struct Background<P> {
    /// A partition that was given up without being closed is not synced.
    queue: RefCell<SyncQueue<Weak<P>>>,
    /// Whether the task runs that begins the syncs.
    pub(crate) is_running: Cell<bool>,
    changed: Notify,
}

impl<P> Default for Background<P> {
    fn default() -> Self {
        Self { queue: RefCell::default(), is_running: Cell::default(), changed: Notify::new() }
    }
}

impl<P> fmt::Debug for Background<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").finish_non_exhaustive()
    }
}

impl<P> Background<P> {
    /// Gives a partition a place in the queue, in exchange for its former one.
    pub(crate) fn add(&self, former: Option<Ticket>, at: Instant, partition: &Rc<P>) -> Ticket {
        self.queue.borrow_mut().add(former, at, Rc::downgrade(partition))
    }

    pub(crate) fn is_first(&self, ticket: Ticket) -> bool {
        self.queue.borrow().is_first(ticket)
    }

    /// What comes next. `space`: what the core's journal asks for.
    pub(crate) fn next(&self, space: Space) -> Next<Weak<P>> {
        self.queue.borrow_mut().next(creel_io::now(), space)
    }

    /// Whether a sync for the journal's space may begin now.
    pub(crate) fn takes_for_space(&self, space: Space) -> bool {
        self.queue.borrow().takes_for_space(space)
    }

    /// Tells the task that begins the syncs to look again.
    pub(crate) fn tell(&self) {
        self.changed.notify_all();
    }

    pub(crate) fn changed(&self) -> impl Future<Output = ()> + '_ {
        self.changed.notified()
    }
}

/// A sync that nobody waited for when it began. It counts for as long as this is held.
pub(crate) struct Slot<P>(Rc<Background<P>>);

impl<P> Slot<P> {
    pub(crate) fn take(background: &Rc<Background<P>>) -> Self {
        background.queue.borrow_mut().begin();
        Self(background.clone())
    }
}

impl<P> Drop for Slot<P> {
    fn drop(&mut self) {
        self.0.queue.borrow_mut().end();
        self.0.tell();
    }
}
