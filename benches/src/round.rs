//! One measured round against one server.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::fs::{Advice, fadvise};
use serde::Serialize;
use tempfile::TempDir;

use crate::client::{Check, Drive, Driven, Until, drive};
use crate::cpu_layout::CpuLayout;
use crate::frames;
use crate::idle_peers::IdlePeers;
use crate::prefault::Prefault;
use crate::process::Server;
use crate::shape::{Acks, SINGLE, Shape, Work};
use crate::side::Side;
use crate::topic::Topic;

/// Bytes of the log that is read over and over.
const READ_LOG_BYTES: usize = 256 << 20;

/// How long a removed topic's files are waited for.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Binaries, and where the rounds run.
pub struct Setting {
    /// Folder of the built binaries.
    pub binaries: PathBuf,
    /// The broker's binary of before a change, if it takes part.
    pub before: Option<PathBuf>,
    /// `name=value` settings of the broker of now, in all of its sides.
    pub set: Vec<String>,
    /// The same of the broker of before.
    pub before_set: Vec<String>,
    /// Where each side has its data: the file system that is measured.
    pub data_dir: PathBuf,
    /// How long a round drives.
    pub duration: Duration,
    /// How many GiB a round appends at most.
    pub gib: f64,
    /// Given to each round that appends.
    pub prefault: Prefault,
    /// Part of a round that is driven before it, to warm up.
    pub warm_up: f64,
    /// The CPUs of either.
    pub cpu_layout: CpuLayout,
    /// Segments of so many MiB, of which the broker keeps two: retention is then at work within a round.
    pub segment_mib: Option<u64>,
    /// The Apache Kafka that takes part: one process for all rounds, for it needs long to get warm.
    pub kafka: Option<Kafka>,
}

/// A running Apache Kafka.
pub struct Kafka {
    /// The process.
    pub server: Server,
    /// Its data, which goes when it has ended.
    pub directory: TempDir,
}

/// The figures of a round.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    /// Who was measured.
    pub side: Side,
    /// The shape's name.
    pub shape: &'static str,
    /// "written", "durable", or "" for reads.
    pub acks: &'static str,
    /// How the server says that it writes, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writes: Option<String>,
    /// Requests answered a second.
    pub requests_per_second: f64,
    /// Records moved a second.
    pub records_per_second: f64,
    /// Of the rate that was asked for, the part that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved: Option<f64>,
    /// Requests that were due and not sent when the time was over.
    pub unsent: u64,
    /// Bytes of batches a second, in millions.
    pub mb_per_second: f64,
    /// Part of its CPUs that the driver used.
    pub driver_busy: f64,
    /// Microseconds of the server's CPU a request.
    pub cpu_us_per_request: f64,
    /// CPU seconds a million records.
    pub cpu_seconds_per_million: f64,
    /// CPU seconds a GB of batches.
    pub cpu_seconds_per_gb: f64,
    /// Response times.
    pub p50_us: u32,
    /// Response times.
    pub p99_us: u32,
    /// Response times.
    pub p999_us: u32,
    /// Response times.
    pub p9999_us: u32,
    /// All of them, sorted.
    #[serde(skip)]
    pub latencies_us: Vec<u32>,
    /// The server's peak memory: of its whole life so far.
    pub peak_memory_mib: f64,
}

/// A server with what a round drives.
struct PreparedRound<'a> {
    setting: &'a Setting,
    side: Side,
    shape: &'a Shape,
    acks: Acks,
    server: &'a Server,
    directory: &'a Path,
    topic: Option<Topic>,
}

impl Setting {
    /// Runs one round over fresh data, against a fresh server where that is not Kafka.
    pub fn round(&self, side: Side, shape: &Shape, acks: Acks) -> io::Result<Round> {
        if shape.work.fetch_bytes().is_none() {
            self.prefault.take();
        }
        let fresh = tempfile::tempdir_in(&self.data_dir)?;
        let started;
        let (server, directory) = match &self.kafka {
            Some(kafka) if side.is_kafka() => (&kafka.server, kafka.directory.path()),
            None if side.is_kafka() => return Err(io::Error::other("no Kafka was started")),
            _ => {
                started = self.start(side, fresh.path(), shape, acks)?;
                (&started, fresh.path())
            }
        };
        let topic = if side.is_floor() { None } else { Some(new_topic(server, side, shape, acks)?) };
        PreparedRound { setting: self, side, shape, acks, server, directory, topic }.round()
    }

    fn start(&self, side: Side, directory: &Path, shape: &Shape, acks: Acks) -> io::Result<Server> {
        if side.is_floor() {
            return self.start_floor(side, directory, shape, acks);
        }
        let settings = self.broker_settings(side);
        let binary = self.broker_binary(side)?;
        match side.shards() {
            Some(shards) => {
                let cpu = self.cpu_layout.server[0];
                Server::creel_on_one_cpu(&binary, directory, cpu, shards, &settings)
            }
            None => Server::creel(&binary, directory, &self.cpu_layout.server_list(), &settings),
        }
    }

    fn start_floor(&self, side: Side, directory: &Path, shape: &Shape, acks: Acks) -> io::Result<Server> {
        let mut options = Vec::new();
        if acks == Acks::Durable {
            options.push("--durable".to_owned());
        }
        if side == Side::FloorWritten {
            options.push("--written".to_owned());
        }
        if let Some(bytes) = shape.work.fetch_bytes() {
            options.extend([
                "--serve".to_owned(),
                bytes.to_string(),
                "--of".to_owned(),
                READ_LOG_BYTES.to_string(),
            ]);
        }
        Server::floor(&self.binaries.join("floor"), directory, self.cpu_layout.only(), &options)
    }

    fn broker_binary(&self, side: Side) -> io::Result<PathBuf> {
        if !side.is_before() {
            return Ok(self.binaries.join("creel"));
        }
        self.before.clone().ok_or_else(|| io::Error::other("no binary of before was named"))
    }
}

impl Setting {
    fn broker_settings(&self, side: Side) -> Vec<String> {
        let mut settings = if side.is_before() { self.before_set.clone() } else { self.set.clone() };
        if let Some(mib) = self.segment_mib {
            settings.push(format!("creel.segment.recycle={}", side == Side::Creel));
            settings.push(format!("log.segment.bytes={}", mib << 20));
            settings.push(format!("log.retention.bytes={}", mib << 21));
            // Without reuse of segments nothing else drops old ones in between.
            settings.push("log.retention.check.interval.ms=100".to_owned());
        }
        settings
    }
}

fn new_topic(server: &Server, side: Side, shape: &Shape, acks: Acks) -> io::Result<Topic> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("bench-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    Topic::create(server.address, &name, shape.partitions, side.topic_configs(acks))
}

impl PreparedRound<'_> {
    fn round(self) -> io::Result<Round> {
        if self.topic.is_some() && self.shape.work.fetch_bytes().is_some() {
            self.fill_log()?;
        }
        if matches!(self.shape.work, Work::ColdFetch { .. }) {
            drop_from_cache(self.directory)?;
        } else {
            self.drive(self.until(self.setting.warm_up))?;
        }
        self.setting.prefault.release();
        let idle_peers = self.idle_peers()?;
        let before = self.server.cpu_seconds()?;
        let driven = self.drive(self.until(1.0))?;
        let cpu = self.server.cpu_seconds()? - before;
        idle_peers.map_or(Ok(()), IdlePeers::close)?;
        let round = self.figures(driven, cpu)?;
        if let Some(topic) = self.topic {
            let name = topic.name.clone();
            topic.remove()?;
            wait_until_gone(&self.directory.join("logs"), &name);
        }
        Ok(round)
    }

    /// It writes to the same topic.
    fn idle_peers(&self) -> io::Result<Option<IdlePeers>> {
        let (Side::CreelIdlePeers, Some(topic)) = (self.side, &self.topic) else { return Ok(None) };
        let request = frames::produce_request(&topic.name, 0, &SINGLE, Acks::Written);
        let time = self.setting.duration + Duration::from_secs(1);
        let threads = self.setting.cpu_layout.driver.clone();
        IdlePeers::connect(self.server.address, threads, request, time).map(Some)
    }

    /// The given part of a round.
    fn until(&self, part: f64) -> Until {
        let duration = self.setting.duration.mul_f64(part);
        match self.shape.work {
            Work::ColdFetch { bytes } => Until::Answered((READ_LOG_BYTES / bytes) as u64),
            Work::Fetch { .. } => Until::Passed(duration),
            Work::Produce | Work::Paced { .. } => {
                let requests = self.setting.gib * part * (1u64 << 30) as f64 / self.shape.batch_bytes as f64;
                Until::PassedOrAnswered(duration, (requests / self.shape.connections as f64) as u64)
            }
        }
    }

    fn figures(&self, driven: Driven, cpu: f64) -> io::Result<Round> {
        let bytes = driven.requests as f64 * self.shape.bytes_per_request() as f64;
        let requests_per_second = driven.requests as f64 / driven.seconds;
        let cpu_us_per_request = cpu * 1e6 / driven.requests as f64;
        let records_per_request = self.shape.records_per_request() as f64;
        let threads = self.setting.cpu_layout.driver.len() as f64;
        Ok(Round {
            side: self.side,
            shape: self.shape.name,
            acks: if self.shape.work.fetch_bytes().is_some() { "" } else { self.acks.name() },
            writes: self.server.writes.clone(),
            requests_per_second,
            records_per_second: requests_per_second * records_per_request,
            achieved: self.shape.work.rate().map(|rate| requests_per_second / rate),
            unsent: driven.unsent,
            mb_per_second: bytes / 1e6 / driven.seconds,
            driver_busy: driven.cpu_seconds / driven.seconds / threads,
            cpu_us_per_request,
            cpu_seconds_per_million: cpu_us_per_request / records_per_request,
            cpu_seconds_per_gb: cpu / (bytes / 1e9),
            p50_us: driven.percentile_us(0.5),
            p99_us: driven.percentile_us(0.99),
            p999_us: driven.percentile_us(0.999),
            p9999_us: driven.percentile_us(0.9999),
            latencies_us: driven.latencies_us,
            peak_memory_mib: self.server.peak_memory_mib()?,
        })
    }

    fn drive(&self, until: Until) -> io::Result<Driven> {
        let shape = self.shape;
        let plan = Drive {
            address: self.server.address,
            requests: self.requests(),
            check: match (self.side.is_floor(), shape.work.fetch_bytes()) {
                (true, _) => Check::Nothing,
                (_, Some(bytes)) => Check::Fetched(bytes),
                (_, None) => Check::Produced,
            },
            connections: shape.connections,
            in_flight: shape.in_flight,
            interval: shape.work.interval(shape.connections),
            until,
        };
        drive(&self.setting.cpu_layout.driver, plan).map_err(io::Error::other)
    }

    /// The floor gets the same bytes, and looks at none of them.
    fn requests(&self) -> Arc<[Bytes]> {
        let topic = self.topic.as_ref().map_or("bench-0", |t| &t.name);
        match self.shape.work.fetch_bytes() {
            None => (0..self.shape.partitions)
                .map(|partition| frames::produce_request(topic, partition, self.shape, self.acks))
                .collect(),
            Some(bytes) => (0..READ_LOG_BYTES / bytes)
                .map(|i| frames::fetch_request(topic, (i * self.shape.records_per_request()) as i64, bytes))
                .collect(),
        }
    }

    /// Batches of exactly the shape's size, so that a fetch of a multiple of it ends where a batch does.
    fn fill_log(&self) -> io::Result<()> {
        let topic = self.topic.as_ref().map_or("", |t| &t.name);
        let plan = Drive {
            address: self.server.address,
            requests: [frames::produce_request(topic, 0, self.shape, Acks::Durable)].into(),
            check: Check::Produced,
            connections: 1,
            in_flight: 8,
            interval: None,
            until: Until::Answered((READ_LOG_BYTES / self.shape.batch_bytes) as u64),
        };
        drive(&self.setting.cpu_layout.driver, plan).map(drop).map_err(io::Error::other)
    }
}

/// Kafka removes a topic's files some time after the topic: the next round is not to pay for that.
fn wait_until_gone(logs: &Path, topic: &str) {
    let patience = Instant::now() + GONE_WITHIN;
    let prefix = format!("{topic}-");
    let is_there = || {
        let mut entries = fs::read_dir(logs).into_iter().flatten().flatten();
        entries.any(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
    };
    while is_there() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Writes what is dirty and has the kernel forget every file below `directory`.
fn drop_from_cache(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            drop_from_cache(&path)?;
        } else {
            let file = File::open(&path)?;
            file.sync_all()?;
            fadvise(&file, 0, None, Advice::DontNeed)?;
        }
    }
    Ok(())
}
