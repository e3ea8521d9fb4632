//! What other threads deliver to a core, and how the core goes to sleep without missing any of it.
//!
//! Owns the items on their way, and the flag that says whether the core sleeps. Knows no task, nor how a core is woken:
//! it says who has to wake it.
//!
//! Each side writes, executes a fence, and then reads what the other side writes. The core sets the flag that it sleeps
//! and looks into the inbox. A thread that delivers fills the inbox and looks whether the core sleeps. The fences are
//! sequentially consistent, so at least one of the two sees the other. The flag is only ever exchanged, never just
//! stored. So all its changes follow one another, which loom needs: it orders a store and an exchange by two threads
//! too freely.

use std::sync::PoisonError;

use crate::sync::{AtomicBool, Mutex, Ordering, fence};

pub(crate) struct Inbox<T> {
    items: Mutex<Vec<T>>,
    is_filled: AtomicBool,
    is_asleep: AtomicBool,
}

impl<T> Inbox<T> {
    /// An empty inbox, whose core is awake.
    pub(crate) fn new() -> Inbox<T> {
        Inbox {
            items: Mutex::new(Vec::new()),
            is_filled: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
        }
    }

    /// Delivers `item` to the core. Returns true if the core sleeps and this caller has to wake it.
    pub(crate) fn deliver(&self, item: T) -> bool {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push(item);
        self.is_filled.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        // Usually the core is awake, and an exchange would take the cache line from it.
        self.is_asleep.load(Ordering::Relaxed) && self.is_asleep.swap(false, Ordering::Relaxed)
    }

    /// For the core: puts everything delivered since the last call into `taken`, which must be empty. What that list has
    /// allocated stays in use.
    pub(crate) fn take(&self, taken: &mut Vec<T>) {
        if !self.has_items() {
            return;
        }
        // Before the lock is taken: an item that comes later sets the flag again.
        self.is_filled.store(false, Ordering::Relaxed);
        std::mem::swap(&mut *self.items.lock().unwrap_or_else(PoisonError::into_inner), taken);
    }

    /// For the core: whether something was delivered. An item that comes at this very moment may be missed;
    /// [`Inbox::begin_sleep`] finds it.
    pub(crate) fn has_items(&self) -> bool {
        self.is_filled.load(Ordering::Relaxed)
    }

    /// For the core: sets the flag that it sleeps. Returns false if something was delivered; then it must not sleep.
    pub(crate) fn begin_sleep(&self) -> bool {
        self.is_asleep.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.has_items() {
            self.end_sleep();
            return false;
        }
        true
    }

    /// For the core: clears the flag; it is awake again.
    pub(crate) fn end_sleep(&self) {
        self.is_asleep.swap(false, Ordering::Relaxed);
    }
}
