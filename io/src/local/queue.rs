//! A bounded queue between tasks of a core. When it is full, the sender waits.
//!
//! Owns the items and the wakers of both sides. Knows no executor.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// An empty queue keeps the memory for this many items. What a burst took beyond that is freed.
const ROOM_KEPT: usize = 64;

struct Shared<T> {
    items: VecDeque<T>,
    bound: usize,
    senders: usize,
    receiver_alive: bool,
    receiver: Option<Waker>,
    waiting_senders: VecDeque<Waker>,
}

/// Makes a queue that holds at most `bound` items.
#[must_use]
pub fn queue<T>(bound: usize) -> (QueueSender<T>, QueueReceiver<T>) {
    let shared = Rc::new(RefCell::new(Shared {
        items: VecDeque::new(),
        bound,
        senders: 1,
        receiver_alive: true,
        receiver: None,
        waiting_senders: VecDeque::new(),
    }));
    (QueueSender(shared.clone()), QueueReceiver(shared))
}

/// The sending end. It may be cloned.
pub struct QueueSender<T>(Rc<RefCell<Shared<T>>>);

/// The receiving end. Items come in the order in which they were sent.
pub struct QueueReceiver<T>(Rc<RefCell<Shared<T>>>);

/// The receiver was dropped. Holds the item.
#[derive(Debug)]
pub struct Closed<T>(pub T);

/// The queue is full, or the receiver was dropped. Holds the item.
#[derive(Debug)]
pub struct Full<T>(pub T);

impl<T> QueueSender<T> {
    /// Adds an item, if there is room and a receiver.
    pub fn try_send(&self, item: T) -> Result<(), Full<T>> {
        let mut shared = self.0.borrow_mut();
        if !shared.receiver_alive || shared.items.len() >= shared.bound {
            return Err(Full(item));
        }
        shared.items.push_back(item);
        let waker = shared.receiver.take();
        drop(shared);
        waker.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Adds an item, and waits for room.
    pub async fn send(&self, item: T) -> Result<(), Closed<T>> {
        let mut item = Some(item);
        poll_fn(|cx| {
            let it = item.take().expect("polled only until it is ready");
            match self.try_send(it) {
                Ok(()) => Poll::Ready(Ok(())),
                Err(Full(it)) => {
                    let mut shared = self.0.borrow_mut();
                    if !shared.receiver_alive {
                        return Poll::Ready(Err(Closed(it)));
                    }
                    shared.waiting_senders.push_back(cx.waker().clone());
                    item = Some(it);
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl<T> Clone for QueueSender<T> {
    fn clone(&self) -> Self {
        self.0.borrow_mut().senders += 1;
        QueueSender(self.0.clone())
    }
}

impl<T> Drop for QueueSender<T> {
    fn drop(&mut self) {
        let mut shared = self.0.borrow_mut();
        shared.senders -= 1;
        let waker = if shared.senders == 0 { shared.receiver.take() } else { None };
        drop(shared);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<T> QueueReceiver<T> {
    /// The next item. `None` once every sender was dropped and the queue is empty.
    pub async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| match self.try_recv() {
            Some(item) => Poll::Ready(Some(item)),
            None => {
                let mut shared = self.0.borrow_mut();
                if shared.senders == 0 {
                    return Poll::Ready(None);
                }
                shared.receiver = Some(cx.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    /// The next item, if there is one.
    pub fn try_recv(&mut self) -> Option<T> {
        let mut shared = self.0.borrow_mut();
        let item = shared.items.pop_front()?;
        if shared.items.capacity() > ROOM_KEPT && shared.items.is_empty() {
            shared.items.shrink_to(ROOM_KEPT);
        }
        // Wakes all of them: a waiter may have been dropped since, and the others check again.
        let waiting = std::mem::take(&mut shared.waiting_senders);
        drop(shared);
        waiting.into_iter().for_each(Waker::wake);
        Some(item)
    }
}

impl<T> Drop for QueueReceiver<T> {
    fn drop(&mut self) {
        let mut shared = self.0.borrow_mut();
        shared.receiver_alive = false;
        let items = std::mem::take(&mut shared.items);
        let waiting = std::mem::take(&mut shared.waiting_senders);
        drop(shared);
        drop(items);
        waiting.into_iter().for_each(Waker::wake);
    }
}
