//! Tasks that wait for the high watermark to pass an offset: acks of durable appends and parked fetches.

use std::cell::{Cell, RefCell};
use std::task::Waker;

use crate::offset::Offset;

#[derive(Debug, Default)]
pub(crate) struct Watch {
    waiting: RefCell<Vec<Waiter>>,
    next_key: Cell<u64>,
}

#[derive(Debug)]
struct Waiter {
    key: u64,
    past: Offset,
    waker: Waker,
}

impl Watch {
    /// Waits, or waits on under `key`, until the high watermark is past `past`.
    pub(crate) fn wait(&self, key: Option<u64>, past: Offset, waker: &Waker) -> u64 {
        let mut waiting = self.waiting.borrow_mut();
        if let Some(key) = key
            && let Ok(at) = waiting.binary_search_by_key(&key, |waiter| waiter.key)
        {
            waiting[at].waker.clone_from(waker);
            return key;
        }
        let key = self.next_key.replace(self.next_key.get() + 1);
        waiting.push(Waiter { key, past, waker: waker.clone() });
        key
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    pub(crate) fn forget(&self, key: u64) {
        let mut waiting = self.waiting.borrow_mut();
        if let Ok(at) = waiting.binary_search_by_key(&key, |waiter| waiter.key) {
            waiting.remove(at);
        }
    }

    /// Wakes those whose offset lies before `high_watermark`.
    pub(crate) fn advance(&self, high_watermark: Offset) {
        self.wake(|waiter| waiter.past < high_watermark);
    }

    /// Wakes everyone: something happened that they must look at.
    pub(crate) fn wake_all(&self) {
        self.wake(|_| true);
    }

    fn wake(&self, due: impl Fn(&Waiter) -> bool) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.iter().any(&due) {
            waiting.extract_if(.., |waiter| due(waiter)).for_each(|waiter| waiter.waker.wake());
        }
    }
}
