//! So many at a time, across awaits. The others wait, the one that has waited longest first.

use std::cell::Cell;

use creel_io::local::Notify;

/// A bound on how many do something.
pub(crate) struct Slots {
    free: Cell<usize>,
    freed: Notify,
}

/// The right to be one of them, until it is dropped.
pub(crate) struct Slot<'a>(&'a Slots);

impl Slots {
    pub(crate) fn new(count: usize) -> Self {
        Self { free: Cell::new(count), freed: Notify::new() }
    }

    pub(crate) async fn take(&self) -> Slot<'_> {
        while self.free.get() == 0 {
            let waiting = Waiting(self);
            self.freed.notified().await;
            std::mem::forget(waiting);
        }
        self.free.set(self.free.get() - 1);
        Slot(self)
    }
}

/// A wait that may be dropped after it was told of a free slot. Then the next one must be told.
struct Waiting<'a>(&'a Slots);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.0.free.get() > 0 {
            self.0.freed.notify_one();
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn no_more_than_so_many_have_one_and_whoever_waits_is_next() {
        let slots = Slots::new(2);
        let first = poll(pin!(slots.take())).unwrap();
        let second = poll(pin!(slots.take())).unwrap();
        let (mut third, mut fourth) = (pin!(slots.take()), pin!(slots.take()));
        assert!(poll(third.as_mut()).is_none() && poll(fourth.as_mut()).is_none());
        drop(first);
        assert!(poll(fourth.as_mut()).is_none(), "it came later");
        let third = poll(third.as_mut()).unwrap();
        drop((second, third));
        assert!(poll(fourth.as_mut()).is_some());
    }

    #[test]
    fn a_wait_that_is_given_up_passes_its_turn_on() {
        let slots = Slots::new(1);
        let held = poll(pin!(slots.take())).unwrap();
        let mut later = pin!(slots.take());
        {
            let mut given_up = pin!(slots.take());
            assert!(poll(given_up.as_mut()).is_none() && poll(later.as_mut()).is_none());
            drop(held);
        }
        assert!(poll(later.as_mut()).is_some());
    }
}
