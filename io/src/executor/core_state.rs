//! Everything that one core owns.
//!
//! Owns the executor, the sleepers and whatever carries out the core's I/O. Knows no particular future: what tasks do
//! with a core is above it.

use std::cell::{Cell, RefCell};

use super::budget;
use super::environment::Environment;
use super::tasks::Executor;
use super::timers::Timers;
use crate::core_id::CoreId;
use crate::instant::Instant;
use crate::ring::driver::Driver;
use crate::wake::task::CoreShared;

/// What one core owns. It lives on one thread.
pub(crate) struct CoreState {
    pub(crate) id: CoreId,
    pub(crate) executor: Executor,
    pub(crate) timers: RefCell<Timers>,
    pub(crate) backend: CoreBackend,
    /// How often it has woken a sleeping core.
    pub(crate) wakes_sent: Cell<u64>,
}

/// What carries out a core's I/O.
#[expect(clippy::large_enum_variant, reason = "one a core, and the ring is to be reached without a detour")]
pub(crate) enum CoreBackend {
    Ring(Driver),
    Sim(Box<dyn Environment>),
}

impl CoreState {
    /// Begins a turn: queues the tasks that other threads woke, and the sleepers whose time has come.
    pub(crate) fn take_inputs(&self, now: Instant) {
        budget::turn_goes_on(0);
        self.executor.ready().take_delivered();
        loop {
            let due = self.timers.borrow_mut().pop_due(now);
            match due {
                Some(waker) => waker.wake(),
                None => break,
            }
        }
    }

    pub(crate) fn has_work(&self) -> bool {
        self.executor.has_ready() || self.executor.has_deferred() || self.shared().inbox.has_items()
    }

    /// The part of the core that other threads use.
    pub(crate) fn shared(&self) -> &CoreShared {
        self.executor.ready().core()
    }

    /// Wakes the cores that this core's tasks have found asleep. It sends them messages through the ring, which go out
    /// with the next submission.
    pub(crate) fn wake_sleepers(&self) {
        while let Some(core) = self.executor.ready().pop_sleeper() {
            self.wakes_sent.set(self.wakes_sent.get() + 1);
            match core.ring_fd() {
                Some(fd) => self.ring().message(fd),
                None => core.signal_event(),
            }
        }
    }

    pub(crate) fn environment(&self) -> Option<&dyn Environment> {
        match &self.backend {
            CoreBackend::Ring(_) => None,
            CoreBackend::Sim(environment) => Some(&**environment),
        }
    }

    pub(crate) fn ring(&self) -> &Driver {
        match &self.backend {
            CoreBackend::Ring(driver) => driver,
            CoreBackend::Sim(_) => panic!("something made on a real core is used on a simulated one"),
        }
    }
}

impl Drop for CoreState {
    fn drop(&mut self) {
        // Before the driver closes the ring. Afterwards its number may belong to another file.
        self.shared().close_ring();
    }
}
