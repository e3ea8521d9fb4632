//! The identity of a task, as wakers hold it, and the part of its core that other threads use.
//!
//! Owns no future: that stays in the core's executor, and only this crosses threads.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use super::flags::WakeFlags;
use super::inbox::Inbox;

/// A task within its core.
pub(crate) struct Task {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    pub(super) core: Arc<CoreShared>,
    pub(super) flags: WakeFlags,
}

impl Task {
    pub(crate) fn new(slot: u32, generation: u32, core: Arc<CoreShared>) -> Task {
        Task { slot, generation, core, flags: WakeFlags::default() }
    }

    /// The executor calls this right before a poll. A later wake queues the task again.
    #[inline]
    pub(crate) fn unqueue(&self) {
        self.flags.unqueue();
    }
}

/// The part of a core that wakers on other threads use.
pub(crate) struct CoreShared {
    pub(crate) inbox: Inbox<Arc<Task>>,
    /// The ring's descriptor. -1 if there is none, or none any more.
    ring_fd: AtomicI32,
    event_fd: Option<Arc<OwnedFd>>,
}

impl CoreShared {
    /// For a core that sleeps in the kernel. A message to its ring, or its event counter, wakes it.
    pub(crate) fn of_ring(ring_fd: RawFd, event_fd: Arc<OwnedFd>) -> CoreShared {
        CoreShared { inbox: Inbox::new(), ring_fd: AtomicI32::new(ring_fd), event_fd: Some(event_fd) }
    }

    /// For a simulated core, which never sleeps.
    pub(crate) fn simulated() -> CoreShared {
        CoreShared { inbox: Inbox::new(), ring_fd: AtomicI32::new(-1), event_fd: None }
    }

    /// Notes that the core's ring is closed.
    pub(crate) fn close_ring(&self) {
        self.ring_fd.store(-1, Ordering::Release);
    }

    /// The ring to send the message to that wakes the core.
    pub(crate) fn ring_fd(&self) -> Option<RawFd> {
        Some(self.ring_fd.load(Ordering::Acquire)).filter(|fd| *fd >= 0)
    }

    /// Wakes the core from a thread without a ring of its own.
    pub(crate) fn signal_event(&self) {
        let Some(fd) = &self.event_fd else { return };
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the descriptor is open and the eight bytes are readable. A full counter (EAGAIN) wakes as well.
        unsafe { libc::write(fd.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }
}
