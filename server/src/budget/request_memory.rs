//! Bytes of requests that a core's connections hold together, and of what is made of them while they wait.
//!
//! A connection may hold a little without asking (`CONNECTION_BYTES_FREE`), so small requests pass whatever others
//! hold. All beyond that needs a share of its core's pool, in the order of asking. A large request asks before more
//! than its beginning is read. A share covers all that its request needs, so the request can end. The share goes back
//! when the request's answer is at hand, or when its connection ends.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::config::BrokerConfig;
use crate::limits::{
    OTHER_REQUEST_BYTES_BESIDE, OTHER_REQUEST_FACTOR, OTHER_REQUESTS_SHARED_BY, PRODUCE_BYTES_BESIDE,
    REQUEST_BYTES_OF_CORE,
};

/// A core's pools: one for Produce and one for everything else. A Produce waits for the disk; other requests may wait
/// for as long as their clients like, and must not keep producers waiting.
pub(crate) struct RequestMemory {
    produce: Rc<RequestPool>,
    other: Rc<RequestPool>,
}

impl RequestMemory {
    /// The share of one of so many cores.
    pub(crate) fn of(broker: &BrokerConfig, cores: usize) -> Self {
        let all = usize::try_from(broker.queued_max_request_bytes).ok().filter(|bytes| *bytes > 0);
        let bytes = all.map_or(REQUEST_BYTES_OF_CORE, |all| all / cores.max(1));
        let other = bytes / OTHER_REQUESTS_SHARED_BY;
        Self {
            produce: RequestPool::new(bytes - other),
            other: RequestPool::new(other * OTHER_REQUEST_FACTOR),
        }
    }

    /// What a request of so many bytes counts as until it is answered, and the pool that it is counted in.
    pub(crate) fn counted(&self, bytes: usize, is_produce: bool) -> (usize, &Rc<RequestPool>) {
        match is_produce {
            true => (bytes + PRODUCE_BYTES_BESIDE, &self.produce),
            false => (bytes * OTHER_REQUEST_FACTOR + OTHER_REQUEST_BYTES_BESIDE, &self.other),
        }
    }

    /// Whether somebody waits for what others hold.
    pub(crate) fn is_wanted(&self) -> bool {
        self.produce.is_wanted() || self.other.is_wanted()
    }
}

/// A number of bytes that requests share.
pub(crate) struct RequestPool {
    bytes: usize,
    taken: Cell<usize>,
    next: Cell<u64>,
    /// Who waits, by arrival.
    waiting: RefCell<BTreeMap<u64, Option<Waker>>>,
}

impl RequestPool {
    fn new(bytes: usize) -> Rc<Self> {
        Rc::new(Self { bytes, taken: Cell::new(0), next: Cell::new(0), waiting: RefCell::default() })
    }

    /// A share, if there is room and nobody has asked before.
    pub(crate) fn take_now(self: &Rc<Self>, bytes: usize) -> Option<RequestShare> {
        (!self.is_wanted() && self.has_room(bytes)).then(|| self.share(bytes))
    }

    /// A share, once there is room and all who asked before have theirs.
    pub(crate) async fn take(self: &Rc<Self>, bytes: usize) -> RequestShare {
        let place = QueuePlace::last(self);
        poll_fn(|context| place.poll(bytes, context)).await
    }

    /// A request larger than the pool passes alone.
    fn has_room(&self, bytes: usize) -> bool {
        let taken = self.taken.get();
        taken == 0 || taken.saturating_add(bytes) <= self.bytes
    }

    fn share(self: &Rc<Self>, bytes: usize) -> RequestShare {
        self.taken.set(self.taken.get() + bytes);
        RequestShare { pool: self.clone(), bytes }
    }

    fn is_wanted(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }

    /// Wakes the first in line, who looks whether there is room by now.
    fn wake_first(&self) {
        let waker = self.waiting.borrow_mut().first_entry().and_then(|mut first| first.get_mut().take());
        waker.into_iter().for_each(Waker::wake);
    }
}

/// Bytes of a pool, taken until this is dropped.
pub(crate) struct RequestShare {
    pool: Rc<RequestPool>,
    bytes: usize,
}

impl Drop for RequestShare {
    fn drop(&mut self) {
        self.pool.taken.set(self.pool.taken.get() - self.bytes);
        self.pool.wake_first();
    }
}

/// A place among those who wait.
struct QueuePlace<'a> {
    pool: &'a Rc<RequestPool>,
    number: u64,
}

impl<'a> QueuePlace<'a> {
    fn last(pool: &'a Rc<RequestPool>) -> Self {
        let number = pool.next.replace(pool.next.get() + 1);
        pool.waiting.borrow_mut().insert(number, None);
        Self { pool, number }
    }

    fn poll(&self, bytes: usize, context: &Context<'_>) -> Poll<RequestShare> {
        let mut waiting = self.pool.waiting.borrow_mut();
        let is_first = waiting.first_key_value().is_some_and(|(first, _)| *first == self.number);
        if is_first && self.pool.has_room(bytes) {
            return Poll::Ready(self.pool.share(bytes));
        }
        waiting.insert(self.number, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        self.pool.waiting.borrow_mut().remove(&self.number);
        self.pool.wake_first();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;

    type Taking<'a> = Pin<Box<dyn Future<Output = RequestShare> + 'a>>;

    fn poll(taking: &mut Taking<'_>) -> Option<RequestShare> {
        match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(share) => Some(share),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_share_is_given_while_there_is_room_and_again_when_one_came_back() {
        let pool = RequestPool::new(100);
        let first = pool.take_now(60);
        assert!(first.is_some() && pool.take_now(41).is_none());
        let second = pool.take_now(40);
        assert!(second.is_some() && pool.take_now(1).is_none());
        drop(first);
        assert!(pool.take_now(60).is_some());
    }

    #[test]
    fn shares_are_given_in_the_order_of_asking() {
        let pool = RequestPool::new(100);
        let held = pool.take_now(50);
        let mut large: Taking<'_> = Box::pin(pool.take(80));
        let mut small: Taking<'_> = Box::pin(pool.take(10));
        assert!(poll(&mut large).is_none() && poll(&mut small).is_none());
        assert!(pool.take_now(10).is_none(), "nobody overtakes those who wait");
        drop(held);
        assert!(poll(&mut small).is_none());
        let large = poll(&mut large);
        assert!(large.is_some());
        assert!(poll(&mut small).is_some());
    }

    #[test]
    fn who_waits_no_more_is_waited_for_no_more() {
        let pool = RequestPool::new(100);
        let held = pool.take_now(50);
        let mut large: Taking<'_> = Box::pin(pool.take(80));
        let mut small: Taking<'_> = Box::pin(pool.take(50));
        assert!(poll(&mut large).is_none() && poll(&mut small).is_none());
        drop(large);
        assert!(poll(&mut small).is_some());
        drop((held, small));
        assert!(!pool.is_wanted() && pool.taken.get() == 0);
    }

    #[test]
    fn what_is_larger_than_the_pool_passes_alone() {
        let pool = RequestPool::new(100);
        let held = pool.take_now(1);
        let mut large: Taking<'_> = Box::pin(pool.take(1000));
        assert!(poll(&mut large).is_none());
        drop(held);
        let share = poll(&mut large);
        assert!(share.is_some() && pool.take_now(1).is_none());
        drop((share, large));
        assert!(pool.take_now(1).is_some());
    }
}
