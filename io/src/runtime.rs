//! Starts the cores of a node and runs them.
//!
//! Owns the threads and the loop of each. Must not know what the tasks do.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;
use std::{io, thread};

use thiserror::Error;

use crate::clock::now;
use crate::core_id::CoreId;
use crate::executor::context;
use crate::executor::core_state::{CoreBackend, CoreState};
use crate::executor::tasks::Executor;
use crate::ring::driver::Driver;
use crate::signal;
use crate::spawn::spawn;
use crate::wake::task::CoreShared;

pub use crate::ring::setup::RingError;

/// How the cores of a node run.
#[derive(Clone, Debug)]
pub struct RuntimeConfig {
    /// The cores; their ids must be 0, 1, 2, … in order.
    pub cores: Vec<CoreConfig>,
    /// How long a core looks for work before it sleeps. With zero (the default) an idle core uses no CPU time.
    pub spin: Duration,
    /// The number of entries in each core's submission queue. The completion queue holds four times as many.
    pub ring_entries: u32,
    /// Called with the signal when the process is asked to stop a second time, right before it ends (see
    /// [`crate::shutdown_signal`]). It does nothing by default.
    pub hurried: fn(i32),
}

/// One core.
#[derive(Clone, Copy, Debug)]
pub struct CoreConfig {
    /// Its number within the node.
    pub id: CoreId,
    /// The CPU its thread is pinned to, if any.
    pub cpu: Option<usize>,
}

impl RuntimeConfig {
    /// One core per CPU, pinned to it.
    #[must_use]
    pub fn on_cpus(cpus: &[usize]) -> RuntimeConfig {
        let cores = cpus.iter().enumerate();
        RuntimeConfig::of(
            cores.map(|(i, cpu)| CoreConfig { id: CoreId(i as u16), cpu: Some(*cpu) }).collect(),
        )
    }

    /// `count` cores. The kernel's scheduler places them on CPUs.
    #[must_use]
    pub fn unpinned(count: u16) -> RuntimeConfig {
        RuntimeConfig::of((0..count).map(|i| CoreConfig { id: CoreId(i), cpu: None }).collect())
    }

    fn of(cores: Vec<CoreConfig>) -> RuntimeConfig {
        RuntimeConfig { cores, spin: Duration::ZERO, ring_entries: 1024, hurried: |_| {} }
    }
}

/// The CPUs this process may run on, in order.
#[must_use]
pub fn available_cpus() -> Vec<usize> {
    // SAFETY: the set is plain data, initialised by the call that is given its exact size.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) != 0 {
            return vec![0];
        }
        (0..libc::CPU_SETSIZE as usize).filter(|cpu| libc::CPU_ISSET(*cpu, &set)).collect()
    }
}

/// Why the cores could not be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// No core was asked for, or the ids do not count up from 0.
    #[error("there must be at least one core, numbered from 0 without gaps")]
    Cores,
    /// io_uring is not available. The text says why, and what to do.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A thread could not be started or pinned.
    #[error("cannot start the thread of {core}: {source}")]
    Thread {
        /// The core.
        core: CoreId,
        /// The system's answer.
        source: io::Error,
    },
}

/// The running cores.
pub struct Cores {
    threads: Vec<thread::JoinHandle<()>>,
}

impl Cores {
    /// Waits until every core's main future has ended. Panics if a core panicked.
    pub fn join(self) {
        for thread in self.threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Starts one thread per core, each with a ring, and runs `main(core)` on each. Returns once every ring is set up.
pub fn start<M, F>(config: &RuntimeConfig, main: M) -> Result<Cores, StartError>
where
    M: Fn(CoreId) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + 'static,
{
    if config.cores.is_empty() || config.cores.iter().enumerate().any(|(i, c)| c.id.index() != i) {
        return Err(StartError::Cores);
    }
    signal::take_over(config.hurried);
    keep_freed_memory();
    raise_descriptor_limit();
    let gate = Arc::new(Gate::default());
    let (report, reports) = mpsc::channel();
    let mut threads = Vec::new();
    for core in config.cores.iter().copied() {
        let (main, report, config, gate) = (main.clone(), report.clone(), config.clone(), gate.clone());
        let body = move || run_thread(core, &config, &report, &gate, main);
        let thread = thread::Builder::new().name(format!("creel-core-{}", core.id.0)).spawn(body);
        threads.push(thread.map_err(|source| StartError::Thread { core: core.id, source }));
    }
    drop(report);
    let ready: Result<Vec<()>, StartError> = reports.iter().take(threads.len()).collect();
    gate.open(ready.is_ok());
    ready?;
    Ok(Cores { threads: threads.into_iter().collect::<Result<_, _>>()? })
}

/// Holds the cores back until all rings are set up. If one failed, none of them runs.
#[derive(Default)]
struct Gate {
    may_run: Mutex<Option<bool>>,
    changed: Condvar,
}

impl Gate {
    fn open(&self, run: bool) {
        *self.may_run.lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
        self.changed.notify_all();
    }

    fn pass(&self) -> bool {
        let may_run = self.may_run.lock().unwrap_or_else(PoisonError::into_inner);
        let open = self.changed.wait_while(may_run, |decided| decided.is_none());
        open.unwrap_or_else(PoisonError::into_inner).unwrap_or(false)
    }
}

fn run_thread<M, F>(
    core: CoreConfig,
    config: &RuntimeConfig,
    report: &mpsc::Sender<Result<(), StartError>>,
    gate: &Gate,
    main: M,
) where
    M: Fn(CoreId) -> F,
    F: Future<Output = ()> + 'static,
{
    let state = match set_up(core, config) {
        Ok(state) => state,
        Err(error) => {
            let _ = report.send(Err(error));
            return;
        }
    };
    let _ = report.send(Ok(()));
    if gate.pass() {
        run_core(&state, config.spin, main(core.id));
    }
}

fn set_up(core: CoreConfig, config: &RuntimeConfig) -> Result<Rc<CoreState>, StartError> {
    if let Some(cpu) = core.cpu {
        pin_to(cpu).map_err(|source| StartError::Thread { core: core.id, source })?;
    }
    let driver = Driver::new(config.ring_entries)?;
    let shared = CoreShared::of_ring(driver.ring_fd(), driver.event_fd().clone());
    Ok(Rc::new(CoreState {
        id: core.id,
        executor: Executor::new(Arc::new(shared)),
        timers: RefCell::default(),
        backend: CoreBackend::Ring(driver),
        wakes_sent: Cell::default(),
    }))
}

/// The loop: it runs what is ready, submits, collects completions, and sleeps when there is nothing to do.
fn run_core(core: &Rc<CoreState>, spin: Duration, main: impl Future<Output = ()> + 'static) {
    let _entered = context::enter(core.clone());
    let main = spawn(main);
    loop {
        core.take_inputs(now());
        core.executor.run_turn();
        if main.is_finished() {
            break;
        }
        wait(core, spin);
    }
    core.executor.drop_all();
    core.wake_sleepers();
    core.ring().drain();
}

fn wait(core: &CoreState, spin: Duration) {
    poll(core);
    if core.has_work() {
        return;
    }
    if !spin.is_zero() {
        let until = now() + spin;
        while now() < until {
            std::hint::spin_loop();
            poll(core);
            if core.has_work() {
                return;
            }
        }
    }
    let deadline = core.timers.borrow().earliest();
    if core.shared().inbox.begin_sleep() {
        core.wake_sleepers();
        core.ring().wait(deadline.map(|d| d.saturating_since(now())));
        core.shared().inbox.end_sleep();
    }
}

/// Submits what the turn's tasks asked for, and handles what has completed.
fn poll(core: &CoreState) {
    core.wake_sleepers();
    core.ring().poll();
}

fn pin_to(cpu: usize) -> io::Result<()> {
    // SAFETY: the set is plain data and outlives the call; CPU_SET checks nothing, so the index is checked here.
    let outcome = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if cpu >= libc::CPU_SETSIZE as usize {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("there is no CPU {cpu}")));
        }
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set)
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Receive buffers of some hundred KiB come and go. By default glibc would map and unmap each of them, and every page
/// would fault again. So memory that was used once stays with the process.
fn keep_freed_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt only sets parameters of the allocator; called before the cores start.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 64 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 256 << 20);
    }
}

/// How many descriptors this process may have open.
#[must_use]
pub fn descriptor_limit() -> u64 {
    descriptor_limits().map_or(u64::MAX, |limit| limit.rlim_cur)
}

fn descriptor_limits() -> Option<libc::rlimit> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call is given a valid rlimit to fill.
    let n = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    (n == 0).then_some(limit)
}

/// Raises the limit of descriptors to the hard limit, because every connection and every segment takes a descriptor.
/// The limit that shells set, often 1024, is a default for programs that use select(2). The hard limit is what the
/// system allows.
fn raise_descriptor_limit() {
    if let Some(mut limit) = descriptor_limits() {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: the call is given a valid rlimit; a refusal leaves the limit as it was.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }
}
