//! A task's identity, as wakers hold it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use crate::executor::context;
use crate::executor::core_state::CoreShared;
use crate::ring;

/// Names a task within its core. Its future stays in the core's executor; only this part crosses threads.
pub(crate) struct Task {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    core: Arc<CoreShared>,
    queued: AtomicBool,
}

impl Task {
    pub(crate) fn new(slot: u32, generation: u32, core: Arc<CoreShared>) -> Task {
        Task { slot, generation, core, queued: AtomicBool::new(false) }
    }

    /// Called by the executor right before a poll: wakes from now on queue the task again.
    pub(crate) fn unqueue(&self) {
        self.queued.store(false, Ordering::Release);
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        context::try_with(|current| match current {
            Some(current) if Arc::ptr_eq(&current.shared, &self.core) => current.executor.push_ready(self),
            _ => {
                let core = self.core.clone();
                if core.deliver(self) {
                    ring::wake_core(current.map(AsRef::as_ref), &core);
                }
            }
        });
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.load(Ordering::Acquire) {
            self.clone().wake();
        }
    }
}
