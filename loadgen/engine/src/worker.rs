//! One thread of the load. It is pinned, and has its own ring and its share of producers and consumers. It shares
//! nothing with the other threads but the run's state.

use crate::client::SILENCE_SECONDS_MAX;
use crate::clock::now_ns;
use crate::consumer::{Consumer, Judged};
use crate::error::EngineError;
use crate::link::{Link, ProducerShared};
use crate::metrics::Metrics;
use crate::outcomes::Outcomes;
use crate::plan::Plan;
use crate::producer::{Produced, Producer};
use crate::reconnect::Reconnecting;
use crate::run_state::RunState;
use crate::runtime::{self, Task};
use crate::signal::Signal;
use crate::thread_times::ThreadTimes;
use crate::window::Window;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(10);
const START_TICK: Duration = Duration::from_millis(1);

/// What one thread has to tell.
#[derive(Default)]
pub struct ThreadReport {
    /// What it measured.
    pub metrics: Metrics,
    /// What its producers did.
    pub produced: Vec<Produced>,
    /// What its consumers judged.
    pub judged: Judged,
}

/// Runs thread `index`; a failure goes to the run's state.
pub fn run_thread(index: usize, plan: &Arc<Plan>, run_state: &Arc<RunState>) -> ThreadReport {
    let ended = pin(plan.cpus[index])
        .and_then(|()| runtime::block_on(run(index, plan, run_state)).map_err(ring_refused)?);
    ended.unwrap_or_else(|error| {
        run_state.fail(error);
        ThreadReport::default()
    })
}

fn pin(cpu: usize) -> Result<(), EngineError> {
    let mut cpus = CpuSet::new();
    cpus.set(cpu);
    sched_setaffinity(None, &cpus)
        .map_err(|why| EngineError::System { what: "a thread's core", why: why.into() })
}

fn ring_refused(why: std::io::Error) -> EngineError {
    EngineError::System { what: "io_uring (is it disabled here, or is RLIMIT_MEMLOCK below 8 MiB?)", why }
}

/// The thread's connections, for the one who watches over them.
struct Watched {
    links: Vec<Rc<Link>>,
    producers: Vec<Rc<ProducerShared>>,
    fetches: Vec<Fetching>,
}

/// A consumer's connection, and when it began to wait for its answer.
struct Fetching {
    reconnecting: Rc<Reconnecting>,
    asked_ns: Rc<Cell<Option<u64>>>,
}

async fn run(index: usize, plan: &Arc<Plan>, run_state: &Arc<RunState>) -> Result<ThreadReport, EngineError> {
    let metrics = Rc::new(RefCell::new(Metrics::default()));
    let mut watched = Watched { links: Vec::new(), producers: Vec::new(), fetches: Vec::new() };
    let (mut producers, mut consumers) = (Vec::new(), Vec::new());
    for id in (index..plan.producers).step_by(plan.cpus.len()) {
        let shared = Rc::new(shared_by_a_producer(index, plan, run_state, &metrics));
        let producer = Producer::open(id as u16, plan, shared.clone())?;
        watched.links.extend(producer.links());
        watched.producers.push(shared);
        producers.push(producer);
    }
    for share in plan.consumers.iter().skip(index).step_by(plan.cpus.len()) {
        let consumer = Consumer::open(share, plan, run_state, index, &metrics)?;
        watched
            .fetches
            .push(Fetching { reconnecting: consumer.reconnecting(), asked_ns: consumer.asked_ns() });
        consumers.push(consumer);
    }
    run_state.connected();
    let Some(start_ns) = wait_for_start(run_state).await else { return Ok(ThreadReport::default()) };
    let accounting =
        Rc::new(Accounting { metrics: metrics.clone(), from: Cell::new(None), is_closed: Cell::new(false) });
    runtime::spawn(watch(watched, run_state.clone(), accounting.clone()));

    let consuming: Vec<_> = consumers.into_iter().map(|consumer| spawn(run_state, consumer.run())).collect();
    let producing: Vec<_> =
        producers.into_iter().map(|producer| spawn(run_state, producer.run(start_ns))).collect();
    let (mut produced, mut judged) = (Vec::new(), Vec::new());
    for task in producing {
        produced.extend(task.join().await);
    }
    for task in consuming {
        judged.extend(task.join().await.into_iter().flatten());
    }
    accounting.close(now_ns());
    let metrics = metrics.take();
    Ok(ThreadReport { metrics, produced, judged })
}

/// Starts a task. If it fails, the run's state has the failure at once, whoever is waited for.
fn spawn<T: 'static>(
    run_state: &Arc<RunState>,
    task: impl Future<Output = Result<T, EngineError>> + 'static,
) -> Task<Option<T>> {
    let run_state = run_state.clone();
    runtime::spawn(async move { task.await.map_err(|error| run_state.fail(error)).ok() })
}

fn shared_by_a_producer(
    thread: usize,
    plan: &Plan,
    run_state: &Arc<RunState>,
    metrics: &Rc<RefCell<Metrics>>,
) -> ProducerShared {
    ProducerShared {
        wake: Signal::default(),
        outcomes: RefCell::new(vec![Outcomes::default(); plan.topic.partitions()]),
        spare_buffers: RefCell::default(),
        spare_runs: RefCell::default(),
        metrics: metrics.clone(),
        run_state: run_state.clone(),
        thread,
    }
}

async fn wait_for_start(run_state: &RunState) -> Option<u64> {
    loop {
        if run_state.has_failed() {
            return None;
        }
        if let Some(start_ns) = run_state.start_ns() {
            return Some(start_ns);
        }
        runtime::sleep(START_TICK).await;
    }
}

/// Reads what the scheduler gave the thread at the window's edges.
struct Accounting {
    metrics: Rc<RefCell<Metrics>>,
    from: Cell<Option<(u64, ThreadTimes)>>,
    is_closed: Cell<bool>,
}

impl Accounting {
    fn look(&self, now: u64, window: Window) {
        if now >= window.from_ns && self.from.get().is_none() {
            self.from.set(Some((now, ThreadTimes::now())));
        }
        if now >= window.to_ns {
            self.close(now);
        }
    }

    /// The window's end, or the end of all work if that comes first.
    fn close(&self, now: u64) {
        if let Some((from_ns, from)) = self.from.get()
            && !self.is_closed.replace(true)
        {
            let mut metrics = self.metrics.borrow_mut();
            metrics.thread = ThreadTimes::now().since(from);
            metrics.thread_over_ns = now - from_ns;
        }
    }
}

/// Wakes producers when the run's end was moved, ends all waiting when the run failed, and finds brokers that fell
/// silent.
async fn watch(watched: Watched, run_state: Arc<RunState>, accounting: Rc<Accounting>) {
    loop {
        let (now, window) = (now_ns(), run_state.window());
        accounting.look(now, window);
        if let Err(error) = watched.check_silence(now) {
            run_state.fail(error);
        }
        if run_state.has_failed() {
            watched.links.iter().for_each(|link| link.close());
            watched.fetches.iter().for_each(|fetching| fetching.reconnecting.shut());
        }
        if run_state.has_failed() || now >= window.to_ns {
            watched.producers.iter().for_each(|shared| shared.wake.raise());
        }
        runtime::sleep(TICK).await;
    }
}

impl Watched {
    fn check_silence(&self, now: u64) -> Result<(), EngineError> {
        self.links.iter().try_for_each(|link| link.check_silence(now))?;
        for Fetching { reconnecting, asked_ns } in &self.fetches {
            let waited = asked_ns.get().map_or(0, |asked| now.saturating_sub(asked));
            if waited > SILENCE_SECONDS_MAX * 1_000_000_000 {
                let address = reconnecting.address();
                return Err(EngineError::Silent { address, what: "Fetch", seconds: SILENCE_SECONDS_MAX });
            }
        }
        Ok(())
    }
}
