//! std's atomics, lock and cell, under one name. The lock-free files use them by that name (`mailbox/spsc.rs`,
//! `mailbox/parking.rs`, `wake/inbox.rs`, `wake/flags.rs`).
//!
//! Owns nothing. A test builds those files a second time with a `sync` of its own, made of loom's types. So the code
//! that is checked there is the code that runs (`tests/loom_models/`).

pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
pub(crate) use std::sync::{Arc, Mutex};

/// [`std::cell::UnsafeCell`] with loom's interface.
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Calls `f` with the content's address. Nobody else may use the content meanwhile.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
