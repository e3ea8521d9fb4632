//! What the crate's `sync` gives, of loom's making. Each access tells [`weakened`] where it is and by which order it goes.

use loom::sync::atomic;

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::atomic::Ordering;
pub(crate) use loom::sync::{Arc, Mutex};

use crate::weakened;

pub(crate) struct AtomicBool(atomic::AtomicBool);
pub(crate) struct AtomicUsize(atomic::AtomicUsize);

impl Default for AtomicBool {
    fn default() -> AtomicBool {
        AtomicBool::new(false)
    }
}

impl AtomicBool {
    pub(crate) fn new(value: bool) -> AtomicBool {
        AtomicBool(atomic::AtomicBool::new(value))
    }

    #[track_caller]
    pub(crate) fn load(&self, order: Ordering) -> bool {
        self.0.load(weakened::order(order))
    }

    #[track_caller]
    pub(crate) fn store(&self, value: bool, order: Ordering) {
        self.0.store(value, weakened::order(order));
    }

    #[track_caller]
    pub(crate) fn swap(&self, value: bool, order: Ordering) -> bool {
        self.0.swap(value, weakened::order(order))
    }
}

impl AtomicUsize {
    pub(crate) fn new(value: usize) -> AtomicUsize {
        AtomicUsize(atomic::AtomicUsize::new(value))
    }

    #[track_caller]
    pub(crate) fn load(&self, order: Ordering) -> usize {
        self.0.load(weakened::order(order))
    }

    #[track_caller]
    pub(crate) fn store(&self, value: usize, order: Ordering) {
        self.0.store(value, weakened::order(order));
    }
}

#[track_caller]
pub(crate) fn fence(order: Ordering) {
    if weakened::order(order) == order {
        atomic::fence(order);
    }
}
