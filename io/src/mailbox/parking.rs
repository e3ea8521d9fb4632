//! Where one side of a ring waits for the other.
//!
//! Owns the wakers of those who wait. Knows no ring. A side that waits looks at the ring once more after parking. A
//! side that changes the ring unparks afterwards. Both execute a fence in between, so at least one of them sees the
//! other.

use std::sync::PoisonError;
use std::task::Waker;

use crate::sync::{AtomicBool, Mutex, Ordering, fence};

/// The wakers of those who found no message (or no room). While nobody waits, it costs the other side one load.
pub(crate) struct Parking {
    anyone: AtomicBool,
    wakers: Mutex<Wakers>,
}

/// Usually there is one, and then no list is allocated.
#[derive(Default)]
struct Wakers {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Wakers {
    fn add(&mut self, waker: &Waker) {
        let mut known = self.first.iter().chain(&self.others);
        if known.any(|known| known.will_wake(waker)) {
            return;
        }
        match self.first {
            None => self.first = Some(waker.clone()),
            Some(_) => self.others.push(waker.clone()),
        }
    }
}

impl Parking {
    /// A place where nobody waits.
    pub(crate) fn new() -> Parking {
        Parking { anyone: AtomicBool::new(false), wakers: Mutex::new(Wakers::default()) }
    }

    /// Leaves a waker. The caller must look at the ring once more afterwards.
    pub(crate) fn park(&self, waker: &Waker) {
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        wakers.add(waker);
        self.anyone.store(true, Ordering::Relaxed);
        drop(wakers);
        fence(Ordering::SeqCst);
    }

    /// Wakes everyone who waits. Call it after the ring has changed.
    pub(crate) fn unpark(&self) {
        fence(Ordering::SeqCst);
        if !self.anyone.load(Ordering::Relaxed) || !self.anyone.swap(false, Ordering::Relaxed) {
            return;
        }
        let Wakers { first, others } =
            std::mem::take(&mut *self.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        first.into_iter().chain(others).for_each(Waker::wake);
    }
}
