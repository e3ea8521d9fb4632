//! What other threads hand to a core, and how a core goes to sleep without missing any of it.
//!
//! Owns the items on their way and the word on whether the core sleeps. Knows no task, and not how a core is woken: it
//! says who has to.
//!
//! Both sides write, fence and then read what the other one writes: the core says that it sleeps and looks into the inbox;
//! whoever delivers fills the inbox and looks whether the core sleeps. The fences are sequentially consistent, so at least
//! one of the two sees the other. Whether the core sleeps is only ever exchanged, never just stored: so all changes of it
//! follow one another, and loom can tell, which orders a store and an exchange by two threads too freely.

use std::sync::PoisonError;

use crate::sync::{AtomicBool, Mutex, Ordering, fence};

pub(crate) struct Inbox<T> {
    items: Mutex<Vec<T>>,
    is_filled: AtomicBool,
    is_asleep: AtomicBool,
}

impl<T> Inbox<T> {
    /// Empty; its core is awake.
    pub(crate) fn new() -> Inbox<T> {
        Inbox {
            items: Mutex::new(Vec::new()),
            is_filled: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
        }
    }

    /// Hands `item` to the core. True if the core sleeps and this caller has to wake it.
    pub(crate) fn deliver(&self, item: T) -> bool {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push(item);
        self.is_filled.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        // Most often it is awake, and the exchange would take the cache line from it.
        self.is_asleep.load(Ordering::Relaxed) && self.is_asleep.swap(false, Ordering::Relaxed)
    }

    /// For the core: what was delivered since the last call.
    pub(crate) fn take(&self) -> Vec<T> {
        if !self.has_items() {
            return Vec::new();
        }
        // Before the lock: an item that comes later says so anew.
        self.is_filled.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.items.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// For the core: whether something was delivered. What comes at this very moment may be missed;
    /// [`Inbox::begin_sleep`] finds it.
    pub(crate) fn has_items(&self) -> bool {
        self.is_filled.load(Ordering::Relaxed)
    }

    /// For the core: says that it sleeps from now on. False if something has been delivered, so that it must not.
    pub(crate) fn begin_sleep(&self) -> bool {
        self.is_asleep.swap(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.has_items() {
            self.end_sleep();
            return false;
        }
        true
    }

    /// For the core: it is awake again.
    pub(crate) fn end_sleep(&self) {
        self.is_asleep.swap(false, Ordering::Relaxed);
    }
}
