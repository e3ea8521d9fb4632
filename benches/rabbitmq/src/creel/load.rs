//! A load as `loadgen run` makes it, with further readers beside its own where a fan-out is asked for.

use super::broker::Broker;
use super::client::{Client, topic};
use crate::arm::Arm;
use crate::error::{BenchError, Result};
use crate::figures::Figures;
use crate::settings::Settings;
use clap::Parser;
use loadgen::cli::{Cli, Command, RunArgs};
use loadgen::client::cluster::Topic;
use loadgen::live::Live;
use loadgen::report::RunReport;
use loadgen::run::run_shown;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

const TOPIC: &str = "load";
/// With 1-KiB messages [`crate::settings::UNCONFIRMED_MAX`] messages of each producer.
const BATCH_BYTES: usize = 64 << 10;
const IN_FLIGHT: usize = 5;
const FETCH_WAIT_MS: i32 = 100;

/// Runs one load with `readers` that each get everything, or none.
pub fn run(
    broker: &Broker,
    arm: Arm,
    rate: Option<f64>,
    readers: usize,
    settings: &Settings,
) -> Result<(Figures, RunReport)> {
    let name = format!("{TOPIC}-{}", loadgen::clock::now_ns());
    let topic = topic(broker.address(), &name)?;
    let over = Arc::new(AtomicBool::new(false));
    let others: Vec<_> =
        (1..readers).map(|_| read_all(broker.address(), topic.clone(), over.clone())).collect();
    let server = broker.server()?;
    server.forget_peak();
    let ended = run_shown(
        &arguments(broker, arm, rate, readers, &name, settings)?,
        &Arc::default(),
        Live::behind(String::new()),
    );
    let peak_memory_bytes = server.peak_memory_bytes();
    over.store(true, Ordering::Release);
    for other in others {
        other.join().map_err(|_| BenchError::Said("a reader panicked".into()))??;
    }
    let report = ended?;
    let figures = figures(&report, peak_memory_bytes)?;
    Ok((figures, report))
}

fn arguments(
    broker: &Broker,
    arm: Arm,
    rate: Option<f64>,
    readers: usize,
    topic: &str,
    settings: &Settings,
) -> Result<RunArgs> {
    let seconds = |time: std::time::Duration| format!("{}ms", time.as_millis());
    let mut words: Vec<String> =
        ["loadgen", "run", "--into-existing", "--partitions", "1", "--linger-ms", "0"]
            .map(str::to_owned)
            .to_vec();
    let options = [
        ("--bootstrap", broker.address().to_string()),
        ("--broker-pid", broker.server()?.pid().to_string()),
        ("--broker-data-dir", broker.data_dir().display().to_string()),
        ("--topic", topic.to_owned()),
        ("--record-size", settings.message_bytes.to_string()),
        ("--seed", settings.seed.to_string()),
        ("--connections", settings.producers.to_string()),
        ("--consumers", readers.min(1).to_string()),
        ("--verify", if readers == 0 { "off" } else { "seq" }.to_owned()),
        ("--batch-bytes", BATCH_BYTES.to_string()),
        ("--in-flight", IN_FLIGHT.to_string()),
        ("--acks", if arm.acks() == 1 { "1" } else { "all" }.to_owned()),
        ("--warmup", seconds(settings.warmup)),
        ("--duration", seconds(settings.measure)),
    ];
    words.extend(options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
    if let Some(rate) = rate {
        words.extend(["--rate".to_owned(), rate.to_string()]);
    }
    match Cli::try_parse_from(words).map(|cli| cli.command) {
        Ok(Command::Run(arguments)) => Ok(arguments.run),
        Ok(_) => Err(BenchError::Said("loadgen took `run` for something else".into())),
        Err(error) => Err(BenchError::Said(format!("loadgen does not take these options: {error}"))),
    }
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
