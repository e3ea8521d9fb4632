//! Tasks that wait for an event.
//!
//! Owns the wakers of the waiting tasks. Knows neither what they wait for nor the executor.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// A place to wait for an event. An event that nobody waits for is not remembered. So check the condition and then
/// wait; within a core nothing happens in between.
#[derive(Default)]
pub struct Notify {
    waiters: RefCell<BTreeMap<u64, Option<Waker>>>,
    next_key: Cell<u64>,
}

impl Notify {
    /// A place where nobody waits yet.
    #[must_use]
    pub fn new() -> Notify {
        Notify::default()
    }

    /// Wakes all tasks that wait now.
    pub fn notify_all(&self) {
        let waiters = std::mem::take(&mut *self.waiters.borrow_mut());
        waiters.into_values().flatten().for_each(Waker::wake);
    }

    /// Wakes the task that has waited longest. `false`: nobody waits.
    pub fn notify_one(&self) -> bool {
        let first = self.waiters.borrow_mut().pop_first();
        match first {
            Some((_, waker)) => {
                waker.into_iter().for_each(Waker::wake);
                true
            }
            None => false,
        }
    }

    /// Waits for the next event. The wait begins with this call, before the first poll.
    pub fn notified(&self) -> Notified<'_> {
        let key = self.next_key.get();
        self.next_key.set(key + 1);
        self.waiters.borrow_mut().insert(key, None);
        Notified { notify: self, key }
    }
}

/// The future of [`Notify::notified`].
pub struct Notified<'a> {
    notify: &'a Notify,
    key: u64,
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.notify.waiters.borrow_mut().get_mut(&self.key) {
            Some(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        self.notify.waiters.borrow_mut().remove(&self.key);
    }
}
