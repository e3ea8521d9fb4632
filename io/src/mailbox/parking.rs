//! Where one side of a ring waits for the other.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

/// Wakers of those who found nothing (or no room). Costs the other side one load while nobody waits.
#[derive(Default)]
pub(crate) struct Parking {
    anyone: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl Parking {
    /// Leaves a waker; the caller must look at the ring once more afterwards.
    pub(crate) fn park(&self, waker: &Waker) {
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
        self.anyone.store(true, Ordering::SeqCst);
        drop(wakers);
        fence(Ordering::SeqCst);
    }

    /// Wakes whoever waits. Called after the ring has changed.
    pub(crate) fn unpark(&self) {
        fence(Ordering::SeqCst);
        if !self.anyone.load(Ordering::Relaxed) || !self.anyone.swap(false, Ordering::SeqCst) {
            return;
        }
        let wakers = std::mem::take(&mut *self.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_iter().for_each(Waker::wake);
    }
}
