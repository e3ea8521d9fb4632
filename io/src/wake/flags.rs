//! Whether a task was woken and has not been polled since.
//!
//! Owns two flags. Together they keep one promise: whoever wakes a task can rely on a poll that begins later and sees
//! everything that was written before the wake. Knows no task and no queue.
//!
//! The core that owns the task has a flag of its own, which costs it a plain load and a plain store. Other threads may
//! not skip a wake because of that flag: before they see it cleared, the task's poll may have begun and have read what
//! they wrote. They share the second flag. The core clears it by an exchange, and the exchange orders their writes
//! before the poll.

use crate::sync::{AtomicBool, Ordering};

/// A task that nobody has woken.
#[derive(Default)]
pub(crate) struct WakeFlags {
    /// The task is in its core's ready queue. Only that core writes this flag.
    is_queued: AtomicBool,
    /// The task is in its core's inbox, or about to be.
    is_delivered: AtomicBool,
}

impl WakeFlags {
    /// For the owning core: the task is to be polled. Returns true if the caller has to put it into the ready queue.
    #[inline]
    pub(crate) fn queue(&self) -> bool {
        if self.is_queued.load(Ordering::Relaxed) {
            return false;
        }
        self.is_queued.store(true, Ordering::Relaxed);
        true
    }

    /// For the owning core: a poll begins. A later wake queues the task again.
    #[inline]
    pub(crate) fn unqueue(&self) {
        self.is_queued.store(false, Ordering::Relaxed);
    }

    /// For any other thread: the task is to be polled. Returns true if the caller has to put it into the core's inbox.
    pub(crate) fn deliver(&self) -> bool {
        !self.is_delivered.swap(true, Ordering::Release)
    }

    /// For the owning core: the task was taken out of the inbox. A later wake puts it there again. Returns true if the
    /// caller has to put it into the ready queue.
    pub(crate) fn receive(&self) -> bool {
        self.is_delivered.swap(false, Ordering::Acquire);
        self.queue()
    }
}
