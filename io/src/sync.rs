//! std's atomics, lock and cell, under the one name by which the lock-free files ask for them (`mailbox/spsc.rs`,
//! `mailbox/parking.rs`, `wake/inbox.rs`, `wake/flags.rs`).
//!
//! Owns nothing. A test builds those files a second time with a `sync` of its own, made of loom's types: what is checked
//! there is the code that runs (`tests/loom_models/`).

pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
pub(crate) use std::sync::{Arc, Mutex};

/// [`std::cell::UnsafeCell`] with the interface of loom's.
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Gives `f` the content's address. Nobody else may use the content meanwhile.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
