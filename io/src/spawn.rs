//! The handle of a spawned task.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::executor::context;
use crate::executor::core_state::CoreState;
use crate::wake::Task;

/// Waits for a task's output. Dropping it detaches the task; [`JoinHandle::abort`] ends it.
pub struct JoinHandle<T> {
    outcome: Rc<RefCell<Outcome<T>>>,
    task: Arc<Task>,
}

enum Outcome<T> {
    Running(Option<Waker>),
    Done(T),
    Taken,
}

impl<T: 'static> JoinHandle<T> {
    pub(crate) fn start<F>(core: &CoreState, future: F) -> JoinHandle<T>
    where
        F: Future<Output = T> + 'static,
    {
        let outcome = Rc::new(RefCell::new(Outcome::Running(None)));
        let report = outcome.clone();
        let task = core.executor.spawn(
            &core.shared,
            Box::pin(async move {
                let value = future.await;
                let before = report.replace(Outcome::Done(value));
                if let Outcome::Running(Some(waker)) = before {
                    waker.wake();
                }
            }),
        );
        JoinHandle { outcome, task }
    }
}

impl<T> JoinHandle<T> {
    /// Drops the task where it stands. A later await of the handle never ends.
    pub fn abort(&self) {
        context::try_with(|core| {
            if let Some(core) = core {
                core.executor.abort(&self.task);
            }
        });
    }

    /// True once the task has ended by itself and its output waits here.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !matches!(*self.outcome.borrow(), Outcome::Running(_))
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut outcome = self.outcome.borrow_mut();
        match std::mem::replace(&mut *outcome, Outcome::Taken) {
            Outcome::Done(value) => Poll::Ready(value),
            Outcome::Running(_) => {
                *outcome = Outcome::Running(Some(cx.waker().clone()));
                Poll::Pending
            }
            Outcome::Taken => panic!("a JoinHandle was polled after it had given its value"),
        }
    }
}
