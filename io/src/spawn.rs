//! Starts a task, and gives a handle to it.
//!
//! Owns how a task's output gets to whoever awaits it. The executor stores the task.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::executor::context;
use crate::executor::core_state::CoreState;
use crate::wake::task::Task;

/// Starts a task on this core. If the handle is dropped, the task goes on.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    context::with(|core| JoinHandle::start(core, future))
}

/// Waits for a task's output. Dropping the handle detaches the task; [`JoinHandle::abort`] ends it.
pub struct JoinHandle<T> {
    output: Rc<RefCell<Output<T>>>,
    task: Arc<Task>,
}

enum Output<T> {
    Running(Option<Waker>),
    Done(T),
    Taken,
}

impl<T: 'static> JoinHandle<T> {
    fn start<F>(core: &CoreState, future: F) -> JoinHandle<T>
    where
        F: Future<Output = T> + 'static,
    {
        let output = Rc::new(RefCell::new(Output::Running(None)));
        let report = output.clone();
        let task = core.executor.spawn(Box::pin(async move {
            let value = future.await;
            let before = report.replace(Output::Done(value));
            if let Output::Running(Some(waker)) = before {
                waker.wake();
            }
        }));
        JoinHandle { output, task }
    }
}

impl<T> JoinHandle<T> {
    /// Drops the task, whatever its state. A later await of the handle never ends.
    pub fn abort(&self) {
        context::try_with(|core| {
            if let Some(core) = core {
                core.executor.abort(&self.task);
            }
        });
    }

    /// Whether the task has ended by itself and its output was not taken yet.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !matches!(*self.output.borrow(), Output::Running(_))
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut output = self.output.borrow_mut();
        match std::mem::replace(&mut *output, Output::Taken) {
            Output::Done(value) => Poll::Ready(value),
            Output::Running(_) => {
                *output = Output::Running(Some(cx.waker().clone()));
                Poll::Pending
            }
            Output::Taken => panic!("a JoinHandle was polled after it had given its value"),
        }
    }
}
