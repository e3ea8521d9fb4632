//! Passes one value, once, between two tasks of a core.
//!
//! Owns the value until it is taken. Knows no executor.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

enum OneshotState<T> {
    Empty(Option<Waker>),
    Full(T),
    SenderGone,
    ReceiverGone,
}

/// Makes the two ends.
#[must_use]
pub fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let state = Rc::new(RefCell::new(OneshotState::Empty(None)));
    (Sender(state.clone()), Receiver(state))
}

/// Sends the value.
pub struct Sender<T>(Rc<RefCell<OneshotState<T>>>);

/// Waits for the value.
pub struct Receiver<T>(Rc<RefCell<OneshotState<T>>>);

/// The sender was dropped without sending a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canceled;

impl fmt::Display for Canceled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sender was dropped without sending a value")
    }
}

impl std::error::Error for Canceled {}

impl<T> Sender<T> {
    /// Sends the value. Gives it back if the receiver was dropped.
    pub fn send(self, value: T) -> Result<(), T> {
        let before = self.0.replace(OneshotState::SenderGone);
        match before {
            OneshotState::ReceiverGone => Err(value),
            OneshotState::Empty(waker) => {
                *self.0.borrow_mut() = OneshotState::Full(value);
                waker.into_iter().for_each(Waker::wake);
                Ok(())
            }
            OneshotState::Full(_) | OneshotState::SenderGone => unreachable!("send consumes the only sender"),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        if let OneshotState::Empty(waker) = &mut *state {
            let waker = waker.take();
            *state = OneshotState::SenderGone;
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let before = self.0.replace(OneshotState::ReceiverGone);
        drop(before);
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Canceled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.borrow_mut();
        match std::mem::replace(&mut *state, OneshotState::SenderGone) {
            OneshotState::Full(value) => Poll::Ready(Ok(value)),
            OneshotState::Empty(_) => {
                *state = OneshotState::Empty(Some(cx.waker().clone()));
                Poll::Pending
            }
            OneshotState::SenderGone | OneshotState::ReceiverGone => Poll::Ready(Err(Canceled)),
        }
    }
}
