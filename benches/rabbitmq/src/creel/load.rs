//! A load as `loadgen run` makes it, with further readers beside its own where a fan-out is asked for.

use super::broker::Broker;
use super::client::{Client, topic};
use crate::arm::Arm;
use crate::error::{BenchError, Result};
use crate::figures::Figures;
use crate::settings::Settings;
use loadgen_engine::client::cluster::Topic;
use loadgen_engine::options::{Acks, BrokerOptions, RunOptions};
use loadgen_engine::payload::options::PayloadOptions;
use loadgen_result::report::Origin;
use loadgen_result::report::RunReport;
use loadgen_result::report::verification::Level;
use loadgen_run::Caller;
use loadgen_run::progress_view::Lines;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

const TOPIC: &str = "load";
/// With 1-KiB messages [`crate::settings::UNCONFIRMED_MAX`] messages of each producer.
const BATCH_BYTES: usize = 64 << 10;
const IN_FLIGHT: u16 = 5;
const FETCH_WAIT_MS: i32 = 100;

/// Runs one load with `readers` that each get everything, or none.
pub fn run(
    broker: &Broker,
    arm: Arm,
    rate: Option<f64>,
    readers: usize,
    settings: &Settings,
) -> Result<(Figures, RunReport)> {
    let name = format!("{TOPIC}-{}", loadgen_engine::clock::now_ns());
    let topic = topic(broker.address(), &name)?;
    let over = Arc::new(AtomicBool::new(false));
    let others: Vec<_> =
        (1..readers).map(|_| read_all(broker.address(), topic.clone(), over.clone())).collect();
    let server = broker.server()?;
    server.forget_peak();
    let options = options(broker, arm, rate, readers, &name, settings)?;
    let ended = loadgen_run::run(&options, &caller(), Box::new(Lines::behind(String::new())));
    let peak_memory_bytes = server.peak_memory_bytes();
    over.store(true, Ordering::Release);
    for other in others {
        other.join().map_err(|_| BenchError::Said("a reader panicked".into()))??;
    }
    let report = ended?;
    let figures = figures(&report, peak_memory_bytes)?;
    Ok((figures, report))
}

/// This program, as the run's report names it.
fn caller() -> Caller {
    let origin =
        Origin { loadgen: env!("CARGO_PKG_VERSION").to_owned(), command: std::env::args().collect() };
    Caller { origin, ..Caller::default() }
}

fn options(
    broker: &Broker,
    arm: Arm,
    rate: Option<f64>,
    readers: usize,
    topic: &str,
    settings: &Settings,
) -> Result<RunOptions> {
    let producers = u16::try_from(settings.producers);
    Ok(RunOptions {
        broker: BrokerOptions {
            bootstrap: Some(broker.address().to_string()),
            broker_pid: Some(broker.server()?.pid()),
            broker_data_dir: Some(broker.data_dir().to_owned()),
            ..BrokerOptions::default()
        },
        topic: Some(topic.to_owned()),
        into_existing: true,
        partitions: Some(1),
        values: PayloadOptions { record_size: Some(settings.message_bytes), ..PayloadOptions::default() },
        seed: settings.seed,
        rate,
        connections: producers.map_err(|_| BenchError::Said("too many producers".into()))?,
        consumers: Some(readers.min(1) as u16),
        verify: if readers == 0 { Level::Off } else { Level::Seq },
        batch_bytes: BATCH_BYTES,
        linger_ms: 0.0,
        in_flight: IN_FLIGHT,
        acks: if arm.acks() == 1 { Acks::Leader } else { Acks::All },
        warmup: settings.warmup,
        duration: settings.measure,
        ..RunOptions::default()
    })
}

/// A further reader of the whole topic, as another group's would be.
fn read_all(address: SocketAddr, topic: Topic, over: Arc<AtomicBool>) -> JoinHandle<Result<i64>> {
    std::thread::spawn(move || {
        let (mut client, mut next) = (Client::open(address, &topic)?, 0);
        loop {
            let found = client.fetch(next, FETCH_WAIT_MS)?;
            match found.last() {
                Some((offset, _)) => next = offset + 1,
                None if over.load(Ordering::Acquire) => return Ok(next),
                None => {}
            }
        }
    })
}

fn figures(report: &RunReport, peak_memory_bytes: Option<u64>) -> Result<Figures> {
    let findings = report.verification.findings.clone();
    let Some(figures) = &report.figures else {
        return Err(BenchError::Said(format!("creel failed the verification: {findings:?}")));
    };
    Ok(Figures {
        target_rate: report.settings.target_rate,
        acked_per_s: figures.records_per_s,
        read_per_s: figures.consumed_records_per_s,
        response: figures.response,
        end_to_end: figures.end_to_end,
        broker_cpu_s_per_million: figures.broker_cpu_s_per_million.unwrap_or(0.0),
        generator_busy: figures.generator_busy,
        peak_memory_bytes,
        findings,
        unsent: figures.schedule.unsent_records,
    })
}
