//! The tasks of a core that are to be polled, and what a waker does.
//!
//! Owns the ready queue, and knows which one is the running thread's. Must not know the futures of the tasks.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Wake;

use super::task::{CoreShared, Task};

thread_local! {
    /// The queue of the core that runs on this thread now.
    static CURRENT: RefCell<Option<Rc<ReadyQueue>>> = const { RefCell::new(None) };
}

/// Makes `queue` the current queue of this thread. Returns the previous one.
pub(crate) fn replace_current(queue: Option<Rc<ReadyQueue>>) -> Option<Rc<ReadyQueue>> {
    CURRENT.with(|current| std::mem::replace(&mut *current.borrow_mut(), queue))
}

/// The tasks that are to be polled, in the order in which they were woken.
pub(crate) struct ReadyQueue {
    core: Arc<CoreShared>,
    tasks: RefCell<VecDeque<Arc<Task>>>,
    /// Cores that this core's tasks have found asleep, and that only this core will wake.
    sleepers: RefCell<Vec<Arc<CoreShared>>>,
    /// Empty but for what it has allocated.
    delivered: RefCell<Vec<Arc<Task>>>,
}

impl ReadyQueue {
    pub(crate) fn new(core: Arc<CoreShared>) -> ReadyQueue {
        ReadyQueue {
            core,
            tasks: RefCell::default(),
            sleepers: RefCell::default(),
            delivered: RefCell::default(),
        }
    }

    pub(crate) fn core(&self) -> &Arc<CoreShared> {
        &self.core
    }

    /// Queues one of this core's tasks, unless it is queued already.
    pub(crate) fn push(&self, task: Arc<Task>) {
        if task.flags.queue() {
            self.tasks.borrow_mut().push_back(task);
        }
    }

    pub(crate) fn pop(&self) -> Option<Arc<Task>> {
        self.tasks.borrow_mut().pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.borrow().is_empty()
    }

    pub(crate) fn clear(&self) {
        self.tasks.borrow_mut().clear();
    }

    /// Queues the tasks that other threads have woken.
    pub(crate) fn take_delivered(&self) {
        let mut delivered = self.delivered.borrow_mut();
        self.core.inbox.take(&mut delivered);
        for task in delivered.drain(..) {
            if task.flags.receive() {
                self.tasks.borrow_mut().push_back(task);
            }
        }
    }

    /// Adds a core that this one has to wake.
    #[inline]
    pub(crate) fn pop_sleeper(&self) -> Option<Arc<CoreShared>> {
        self.sleepers.borrow_mut().pop()
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        // While the thread ends there is no queue; the core's own tasks are gone by then.
        let mut task = Some(self);
        let outcome =
            CURRENT.try_with(|current| wake(task.take().expect("run once"), current.borrow().as_deref()));
        if outcome.is_err() {
            task.into_iter().for_each(|task| wake(task, None));
        }
    }
}

fn wake(task: Arc<Task>, current: Option<&ReadyQueue>) {
    match current {
        Some(queue) if Arc::ptr_eq(&queue.core, &task.core) => queue.push(task),
        _ => wake_elsewhere(task, current),
    }
}

/// Hands the task to its core. If that core sleeps, it is woken: by this thread's core at the end of its turn, or at
/// once if this thread has no core.
fn wake_elsewhere(task: Arc<Task>, current: Option<&ReadyQueue>) {
    if !task.flags.deliver() {
        return;
    }
    let core = task.core.clone();
    if !core.inbox.deliver(task) {
        return;
    }
    match current {
        Some(queue) => queue.sleepers.borrow_mut().push(core),
        None => core.signal_event(),
    }
}
