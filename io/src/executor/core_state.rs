//! All that one core owns, and the small part of it that other threads may touch.

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Instant;
use crate::core_id::CoreId;
use crate::executor::tasks::Executor;
use crate::ring::Driver;
use crate::sim;
use crate::timer::Timers;
use crate::turn;
use crate::wake::Task;

/// One core's own things. Lives on one thread.
pub(crate) struct CoreState {
    pub(crate) id: CoreId,
    pub(crate) executor: Executor,
    pub(crate) timers: RefCell<Timers>,
    pub(crate) backend: Backend,
    pub(crate) shared: Arc<CoreShared>,
}

/// What carries out a core's I/O.
#[expect(clippy::large_enum_variant, reason = "one a core, and the ring is to be reached without a detour")]
pub(crate) enum Backend {
    Ring(Driver),
    Sim(sim::Here),
}

impl CoreState {
    /// A turn begins: queues the tasks that other threads woke, and those whose time has come.
    pub(crate) fn take_inputs(&self, now: Instant) {
        turn::turn_goes_on(0);
        self.shared.take_delivered().into_iter().for_each(|task| self.executor.push_ready(task));
        loop {
            let due = self.timers.borrow_mut().pop_due(now);
            match due {
                Some(waker) => waker.wake(),
                None => break,
            }
        }
    }

    pub(crate) fn has_work(&self) -> bool {
        self.executor.has_ready() || self.executor.has_pieces() || self.shared.has_delivered()
    }

    pub(crate) fn ring(&self) -> &Driver {
        match &self.backend {
            Backend::Ring(driver) => driver,
            Backend::Sim(_) => panic!("something made on a real core is used on a simulated one"),
        }
    }
}

/// The part of a core that wakers on other threads reach.
///
/// Sleep protocol (a Dekker pair, hence `SeqCst`): the core stores `sleeping`, then looks at its inbox; a waker
/// fills the inbox, then looks at `sleeping`. At least one of them sees the other.
pub(crate) struct CoreShared {
    inbox: Mutex<Vec<Arc<Task>>>,
    inbox_filled: AtomicBool,
    sleeping: AtomicBool,
    ring_fd: AtomicI32,
    event_fd: Option<OwnedFd>,
}

impl CoreShared {
    pub(crate) fn new(event_fd: Option<OwnedFd>) -> CoreShared {
        CoreShared {
            inbox: Mutex::new(Vec::new()),
            inbox_filled: AtomicBool::new(false),
            sleeping: AtomicBool::new(false),
            ring_fd: AtomicI32::new(-1),
            event_fd,
        }
    }

    pub(crate) fn event_fd(&self) -> Option<&OwnedFd> {
        self.event_fd.as_ref()
    }

    pub(crate) fn publish_ring(&self, fd: i32) {
        self.ring_fd.store(fd, Ordering::Release);
    }

    pub(crate) fn ring_fd(&self) -> i32 {
        self.ring_fd.load(Ordering::Acquire)
    }

    /// Hands a task that became ready on another thread to its core. True when the core sleeps and this caller has to
    /// wake it.
    pub(crate) fn deliver(&self, task: Arc<Task>) -> bool {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        self.inbox_filled.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.sleeping.swap(false, Ordering::SeqCst)
    }

    /// Tasks delivered since the last call.
    pub(crate) fn take_delivered(&self) -> Vec<Arc<Task>> {
        if !self.inbox_filled.load(Ordering::Relaxed) {
            return Vec::new();
        }
        self.inbox_filled.store(false, Ordering::SeqCst);
        std::mem::take(&mut *self.inbox.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn has_delivered(&self) -> bool {
        self.inbox_filled.load(Ordering::SeqCst)
    }

    /// Announces sleep; false when something has been delivered meanwhile, so that the core must not sleep.
    pub(crate) fn begin_sleep(&self) -> bool {
        self.sleeping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if self.has_delivered() {
            self.end_sleep();
            return false;
        }
        true
    }

    pub(crate) fn end_sleep(&self) {
        self.sleeping.store(false, Ordering::SeqCst);
    }
}
