//! Where one side of a ring waits for the other.
//!
//! Owns the wakers of those who wait. Knows no ring: whoever waits looks at it once more after parking, and whoever changes
//! it unparks afterwards. Both fence in between, so that at least one of the two sees the other.

use std::sync::PoisonError;
use std::task::Waker;

use crate::sync::{AtomicBool, Mutex, Ordering, fence};

/// Wakers of those who found nothing (or no room). Costs the other side one load while nobody waits.
pub(crate) struct Parking {
    anyone: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl Parking {
    /// Nobody waits.
    pub(crate) fn new() -> Parking {
        Parking { anyone: AtomicBool::new(false), wakers: Mutex::new(Vec::new()) }
    }

    /// Leaves a waker; the caller must look at the ring once more afterwards.
    pub(crate) fn park(&self, waker: &Waker) {
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
        self.anyone.store(true, Ordering::Relaxed);
        drop(wakers);
        fence(Ordering::SeqCst);
    }

    /// Wakes whoever waits. Called after the ring has changed.
    pub(crate) fn unpark(&self) {
        fence(Ordering::SeqCst);
        if !self.anyone.load(Ordering::Relaxed) || !self.anyone.swap(false, Ordering::Relaxed) {
            return;
        }
        let wakers = std::mem::take(&mut *self.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_iter().for_each(Waker::wake);
    }
}
