//! A load on a running node: producers and readers, timed, judged and counted.

use super::consume::{Consumed, GOAL_UNKNOWN, Reader, consume};
use super::node::Node;
use super::produce::{Job, Produced, produce};
use super::queues::{Link, Queues};
use crate::arm::Arm;
use crate::error::{BenchError, Result};
use crate::figures::Figures;
use crate::ledger::Ledger;
use crate::settings::{Settings, UNCONFIRMED_MAX};
use loadgen_engine::clock::now_ns;
use loadgen_engine::window::Window;
use loadgen_host::cost;
use loadgen_result::latency::Latency;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Between the last connection and the first message.
const START_AFTER_NS: u64 = 50_000_000;

/// Runs one load with `readers` that each get everything, or none.
pub async fn run(
    node: &Node,
    arm: Arm,
    rate: Option<f64>,
    readers: usize,
    settings: &Settings,
) -> Result<Figures> {
    let control = Link::open(&node.uri()).await?;
    let queues = Queues::declare(&control.channel, arm, &format!("load-{}", now_ns()), readers).await?;
    let job = job(rate, settings, queues.clone());
    let goal = Arc::new(AtomicU64::new(GOAL_UNKNOWN));
    let (mut links, mut reading) = (Vec::new(), Vec::new());
    for name in queues.names.iter().take(readers) {
        let link = Link::open(&node.uri()).await?;
        let reader = Reader::open(&link, name, settings.prefetch).await?;
        reading.push(tokio::spawn(consume(reader, job.producers, job.window, goal.clone())));
        links.push(link);
    }
    let producing = start_producers(node, &job).await?;
    let cost = watch(node, &job).await?;
    let produced = join_producers(producing).await?;
    let ledger = confirmed(&produced);
    goal.store(ledger.confirmed(), Ordering::Release);
    let mut consumed = Vec::new();
    for reader in reading {
        consumed.push(reader.await.map_err(|_| BenchError::Said("a reader panicked".into()))??);
    }
    queues.delete(&control.channel).await?;
    for link in links {
        link.close().await;
    }
    control.close().await;
    Ok(figures(&job, settings, produced, consumed, cost))
}

/// The job of all producers, beginning in a moment.
pub fn job(rate: Option<f64>, settings: &Settings, queues: Queues) -> Job {
    let start_ns = now_ns() + START_AFTER_NS * (1 + settings.producers as u64);
    let from_ns = start_ns + settings.warmup.as_nanos() as u64;
    Job {
        rate,
        producers: settings.producers,
        unconfirmed: UNCONFIRMED_MAX,
        start_ns,
        window: Window { from_ns, to_ns: from_ns + settings.measure.as_nanos() as u64 },
        payload: settings.payload.clone(),
        queues,
    }
}

/// Producers at work.
pub type Producing = Vec<JoinHandle<Result<Produced>>>;

/// Connects and begins all of them.
pub async fn start_producers(node: &Node, job: &Job) -> Result<Producing> {
    let mut producing = Vec::new();
    for index in 0..job.producers {
        let (link, job) = (Link::open(&node.uri()).await?, job.clone());
        producing.push(tokio::spawn(async move {
            let produced = produce(&link, index, job).await;
            link.close().await;
            produced
        }));
    }
    Ok(producing)
}

/// Waits for their ends. A producer that failed is in the result, not an error.
pub async fn end_producers(producing: Producing) -> Result<Vec<Produced>> {
    let mut produced = Vec::new();
    for producer in producing {
        produced.push(producer.await.map_err(|_| BenchError::Said("a producer panicked".into()))??);
    }
    Ok(produced)
}

async fn join_producers(producing: Producing) -> Result<Vec<Produced>> {
    let mut produced = end_producers(producing).await?;
    match produced.iter_mut().find_map(|producer| producer.failure.take()) {
        Some(failure) => Err(failure),
        None => Ok(produced),
    }
}

/// All that was confirmed.
pub fn confirmed(produced: &[Produced]) -> Ledger {
    let mut ledger = Ledger::new(produced.len());
    produced.iter().for_each(|producer| ledger.confirm_all_of(&producer.ledger));
    ledger
}

struct Cost {
    broker_s: f64,
    generator_s: f64,
    peak_memory_bytes: Option<u64>,
}

/// Looks at the processes at either end of the window.
async fn watch(node: &Node, job: &Job) -> Result<Cost> {
    let server = node.server()?;
    server.forget_peak();
    sleep_until(job.window.from_ns).await;
    let before = (server.cpu_seconds(), cost::own_cpu_seconds());
    sleep_until(job.window.to_ns).await;
    Ok(Cost {
        broker_s: server.cpu_seconds() - before.0,
        generator_s: cost::own_cpu_seconds() - before.1,
        peak_memory_bytes: server.peak_memory_bytes(),
    })
}

async fn sleep_until(at_ns: u64) {
    tokio::time::sleep(Duration::from_nanos(at_ns.saturating_sub(now_ns()))).await;
}

fn figures(
    job: &Job,
    settings: &Settings,
    produced: Vec<Produced>,
    consumed: Vec<Consumed>,
    cost: Cost,
) -> Figures {
    let (mut response, seconds) = (Latency::default(), job.window.seconds());
    produced.iter().for_each(|producer| response.merge(&producer.response));
    let acked: u64 = produced.iter().map(|producer| producer.acked).sum();
    let confirmed = confirmed(&produced);
    let mut findings = loadgen_result::report::verification::Findings::default();
    for reader in &consumed {
        let mut ledger = reader.ledger.clone();
        ledger.confirm_all_of(&confirmed);
        findings.merge(ledger.findings());
    }
    let first = consumed.first();
    Figures {
        target_rate: job.rate,
        acked_per_s: acked as f64 / seconds,
        read_per_s: first.map_or(0.0, |reader| reader.read as f64 / seconds),
        response: response.percentiles(),
        end_to_end: first.and_then(|reader| reader.end_to_end.percentiles()),
        broker_cpu_s_per_million: cost.broker_s / (acked.max(1) as f64 / 1e6),
        generator_busy: cost.generator_s / (seconds * settings.generator_cpus as f64),
        peak_memory_bytes: cost.peak_memory_bytes,
        findings,
        unsent: produced.iter().map(|producer| producer.unsent).sum(),
    }
}
