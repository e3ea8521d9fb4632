//! Runs work that is too heavy for a data core, on a small pool of threads beside the cores. In the simulator it runs
//! at once.
//!
//! Owns the pool. Must not know the work.

use std::future::poll_fn;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Poll, Waker};

use crate::sim;

type Job = Box<dyn FnOnce() + Send>;

/// The number of threads in the pool. They sleep unless there is heavy work.
const THREADS: usize = 2;

static POOL: LazyLock<Mutex<Sender<Job>>> = LazyLock::new(|| {
    let (jobs, inbox) = channel::<Job>();
    let inbox = Arc::new(Mutex::new(inbox));
    for index in 0..THREADS {
        let inbox = inbox.clone();
        std::thread::Builder::new()
            .name(format!("creel-heavy-{index}"))
            .spawn(move || {
                while let Ok(job) = { inbox.lock().unwrap_or_else(PoisonError::into_inner).recv() } {
                    job();
                }
            })
            .expect("a process that has its cores running can start two more threads");
    }
    Mutex::new(jobs)
});

struct ResultSlot<T> {
    value: Option<T>,
    waker: Option<Waker>,
}

/// Runs `work` off the core and returns its value. If the future is dropped, the work still finishes, and its value is
/// dropped.
pub async fn offload<T, F>(work: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    if let Some(sim) = sim::context() {
        let value = work();
        sim.offload_pause().await;
        return value;
    }
    let slot = Arc::new(Mutex::new(ResultSlot { value: None, waker: None }));
    let report = slot.clone();
    let job: Job = Box::new(move || {
        let value = work();
        let mut slot = report.lock().unwrap_or_else(PoisonError::into_inner);
        slot.value = Some(value);
        slot.waker.take().into_iter().for_each(Waker::wake);
    });
    POOL.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(job)
        .expect("the pool's threads live as long as the process");
    poll_fn(|cx| {
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                slot.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    })
    .await
}
