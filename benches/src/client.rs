//! The driver: threads that keep a number of requests in flight on each of their connections, or send them on time, and
//! check every reply.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use creel_io::runtime::{CoreConfig, RuntimeConfig, start};
use creel_io::{CoreId, Instant, spawn};
use rustix::time::{ClockId, clock_gettime};

use crate::connection::Connection;
use crate::plan::Book;
pub use crate::plan::{Drive, Until};
pub use crate::reply::Check;

/// What a round of driving gave.
#[derive(Clone, Debug, Default)]
pub struct Driven {
    /// Answered requests.
    pub requests: u64,
    /// Requests that were due and had not been sent when the time was over. Their age then is among the response times.
    pub unsent: u64,
    /// How long it took.
    pub seconds: f64,
    /// CPU seconds that the driver used, all of its threads.
    pub cpu_seconds: f64,
    /// Response times in microseconds, sorted.
    pub latencies_us: Vec<u32>,
}

impl Driven {
    /// The response time below which the fraction `quantile` of all lies, in microseconds.
    #[must_use]
    pub fn percentile_us(&self, quantile: f64) -> u32 {
        percentile(&self.latencies_us, quantile)
    }

    fn add(&mut self, thread: Driven) {
        self.requests += thread.requests;
        self.unsent += thread.unsent;
        self.seconds = self.seconds.max(thread.seconds);
        self.latencies_us.extend(thread.latencies_us);
    }
}

/// Of sorted figures, the one below which the fraction `quantile` of all lies.
#[must_use]
pub fn percentile(sorted: &[u32], quantile: f64) -> u32 {
    let index = (sorted.len() as f64 * quantile) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
}

/// Drives the server from one thread for each of `threads`, pinned to the CPU that it names, and waits for the last
/// reply.
pub fn drive(threads: &[Option<usize>], plan: Drive) -> Result<Driven, String> {
    let cores = threads.iter().enumerate();
    let cores = cores.map(|(i, cpu)| CoreConfig { id: CoreId(i as u16), cpu: *cpu }).collect();
    let config = RuntimeConfig { cores, ..RuntimeConfig::unpinned(1) };
    let ended = Arc::new(Mutex::new(Vec::new()));
    let (place, count, before) = (ended.clone(), threads.len(), own_cpu_seconds());
    let cores = start(&config, move |core| {
        let (place, plan) = (place.clone(), plan.clone());
        async move {
            let result = run(plan, usize::from(core.0), count).await;
            place.lock().unwrap_or_else(PoisonError::into_inner).push(result);
        }
    });
    cores.map_err(|e| e.to_string())?.join();
    let ended = std::mem::take(&mut *ended.lock().unwrap_or_else(PoisonError::into_inner));
    let mut driven = Driven { cpu_seconds: own_cpu_seconds() - before, ..Driven::default() };
    for thread in ended {
        driven.add(thread?);
    }
    driven.latencies_us.sort_unstable();
    Ok(driven)
}

fn own_cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// The share of one of `threads` threads: every so-manieth connection.
async fn run(plan: Drive, thread: usize, threads: usize) -> Result<Driven, String> {
    let begin = Instant::now();
    let book = Rc::new(Book::default());
    let mut tasks = Vec::new();
    for index in (thread..plan.connections).step_by(threads) {
        let connection = Connection::open(&plan, index, begin, book.clone()).await?;
        tasks.push(spawn(connection.run()));
    }
    for task in tasks {
        task.await?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let (latencies_us, unsent) = (book.latencies_us.take(), book.unsent.get());
    let requests = latencies_us.len() as u64 - unsent;
    Ok(Driven { requests, unsent, seconds, cpu_seconds: 0.0, latencies_us })
}
