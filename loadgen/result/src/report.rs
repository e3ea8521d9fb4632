//! The result of a run, as data. `--json` writes it as it is here, and every later view (a page, a
//! comparison, a sweep) is made from that file alone.

pub mod crash;
pub mod machine;
pub mod plain;
pub mod refusals;
pub mod series;
pub mod steady;
pub mod verification;

use crate::latency::Percentiles;
use crash::CrashReport;
use machine::{Machine, Noise};
use refusals::Refusals;
use serde::{Deserialize, Serialize};
use series::{BetweenCores, Distributions, StageTime, TimeSlice};
use steady::Steady;
use verification::{Findings, Level};

/// Names the kind and the version of the JSON below. It changes when an older reader would misunderstand a newer file.
pub const SCHEMA: &str = "loadgen.run/1";

/// How the warning begins that batches are not as many times smaller as --target-ratio asked for.
pub const MISSED_RATIO: &str = "--target-ratio ";

/// Which loadgen makes a result, and for which command.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Its version.
    pub loadgen: String,
    /// The command line, word by word.
    pub command: Vec<String>,
}

/// Everything a run has to tell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// loadgen's version.
    pub loadgen: String,
    /// The command that made it.
    pub command: Vec<String>,
    /// When it ended, milliseconds of the Unix clock.
    pub ended_at_ms: u64,
    /// What was measured against.
    pub broker: BrokerReport,
    /// What was asked for.
    pub settings: SettingsReport,
    /// Seconds before measuring began.
    pub warmup_s: f64,
    /// Seconds measured.
    pub measured_s: f64,
    /// Ended by a signal, before its time.
    pub interrupted: bool,
    /// Where it ran.
    pub machine: Machine,
    /// What came back against what was sent.
    pub verification: Verification,
    /// The crashes that were made on purpose, and what did not outlive them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash: Option<CrashReport>,
    /// Why the run was cut short: then nothing could be verified, and the figures are of what was measured until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// `None` when the verification failed: numbers of a broker that loses records mean nothing.
    pub figures: Option<Figures>,
    /// What makes the numbers mean something else than they seem to.
    pub warnings: Vec<String>,
    /// Those of them that spoil the result: the rate, the latencies or the bytes are not the broker's alone.
    #[serde(default)]
    pub spoiled_by: Vec<String>,
}

/// The broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerReport {
    /// As connected to.
    pub address: String,
    /// What it is.
    pub kind: BrokerKind,
    /// Its version, where it can be known.
    pub version: Option<String>,
    /// What started it: program, flags, arguments; empty for one that ran already.
    pub command: Vec<String>,
    /// Its settings beyond its defaults, `name=value`, as given to this run.
    pub settings: Vec<String>,
    /// Its cores, where this run chose them.
    pub cores: Option<String>,
}

/// Which broker was measured, and so who started it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BrokerKind {
    /// This project's, started by the run.
    Creel,
    /// Apache Kafka, started by the run.
    Kafka,
    /// Whatever a command of the user's started for the run.
    Command,
    /// One that ran already, of any kind.
    #[default]
    Running,
}

impl BrokerKind {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            BrokerKind::Creel => "creel started by loadgen",
            BrokerKind::Kafka => "Apache Kafka started by loadgen",
            BrokerKind::Command => "broker started by --broker-command",
            BrokerKind::Running => "broker running already",
        }
    }
}

impl BrokerReport {
    /// Started and stopped by the run.
    pub fn is_own(&self) -> bool {
        self.kind != BrokerKind::Running
    }

    /// `creel 0.1.0`, `Apache Kafka 4.3.1 on openjdk version 17.0.15`; without a started broker its address.
    pub fn title(&self) -> String {
        let name = match self.kind {
            BrokerKind::Creel => "creel",
            BrokerKind::Kafka => "Apache Kafka",
            BrokerKind::Command => {
                let command = self.command.last().map(String::as_str).unwrap_or_default();
                return format!("`{}`", command.strip_prefix("exec ").unwrap_or(command));
            }
            BrokerKind::Running => return self.address.clone(),
        };
        self.version.as_ref().map_or_else(|| name.to_owned(), |version| format!("{name} {version}"))
    }
}

/// The load, in the words of the options.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SettingsReport {
    /// Topic.
    pub topic: String,
    /// Its partitions.
    pub partitions: usize,
    /// What the records hold.
    pub payload: String,
    /// How many times smaller --target-ratio wanted batches to be; what became of it is `compression_ratio` of the figures,
    /// and a warning where that is not it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_ratio: Option<f64>,
    /// How many keys, if any.
    pub keys: Option<u32>,
    /// Bytes of each record that are the stamp for verification and latency.
    pub stamp_bytes: usize,
    /// Seed.
    pub seed: u64,
    /// `open` or `maximum`.
    pub load: String,
    /// Records per second asked for, in an open loop; the mean where the rate changes.
    pub target_rate: Option<f64>,
    /// How the records of an open loop lie in time: `constant`, `poisson`, `ramp:FROM..TO` or `step:A,B,C`.
    #[serde(default)]
    pub schedule: Option<String>,
    /// Producers.
    pub connections: usize,
    /// Consumers.
    pub consumers: usize,
    /// Threads of the generator.
    pub threads: usize,
    /// Bytes of a batch before compression.
    pub batch_bytes: usize,
    /// How long batches wait for more.
    pub linger_ms: f64,
    /// Codec and level.
    pub codec: String,
    /// `0`, `1` or `all`.
    pub acks: String,
    /// Requests in flight per connection.
    pub in_flight: usize,
}

/// Verification's verdict.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Verification {
    /// How much was checked.
    pub level: Level,
    /// `None` when nothing was checked.
    pub passed: Option<bool>,
    /// Records acked over the whole run.
    pub acked_records: u64,
    /// What was found.
    pub findings: Findings,
}

/// The numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// Acked.
    pub records_per_s: f64,
    /// Bytes of keys and values acked, in millions.
    pub mb_per_s: f64,
    /// Produce requests acked.
    pub requests_per_s: f64,
    /// Read back.
    pub consumed_records_per_s: f64,
    /// Against `target_rate`, 1 being all of it.
    pub achieved: Option<f64>,
    /// Ack less intended time.
    pub response: Option<Percentiles>,
    /// Handed to the socket less intended time: what the generator, its linger and its in-flight cap took of `response`.
    pub queue: Option<Percentiles>,
    /// Ack less the moment the request was handed to the socket: what the broker and the network took of `response`.
    pub service: Option<Percentiles>,
    /// Read less intended time.
    pub end_to_end: Option<Percentiles>,
    /// The same four, whole.
    pub distributions: Distributions,
    /// What happened when: the window in equal pieces, the warm-up before it with negative times.
    pub series: Vec<TimeSlice>,
    /// Whether it was one state all the time; `None` where the rate was meant to change, and for short runs.
    #[serde(default)]
    pub steady: Option<Steady>,
    /// What else the machine did meanwhile.
    pub noise: Noise,
    /// Where the broker's time went, where the broker tells.
    pub stages: Vec<StageTime>,
    /// What its cores asked of each other, where it has several and tells.
    #[serde(default)]
    pub between_cores: Option<BetweenCores>,
    /// Bytes the broker had the kernel write to disks, over bytes of keys and values acked, where its process may be looked
    /// into. Below 1 with compression, or when what was acked is not on the disk yet.
    #[serde(default)]
    pub write_amplification: Option<f64>,
    /// System calls of the broker that read, per produce request; what goes through io_uring is not among them.
    #[serde(default)]
    pub broker_read_calls_per_request: Option<f64>,
    /// The same of those that write.
    #[serde(default)]
    pub broker_write_calls_per_request: Option<f64>,
    /// Resident memory of the broker at its most, bytes.
    pub broker_peak_memory_bytes: Option<u64>,
    /// CPU seconds of the broker per million records acked, from the window's start to the last ack.
    pub broker_cpu_s_per_million: Option<f64>,
    /// CPU seconds of loadgen, producers and consumers, likewise.
    pub generator_cpu_s_per_million: Option<f64>,
    /// Share of their time that the generator's threads were busy.
    pub generator_busy: f64,
    /// Share of their time that they could have run but others had their cores.
    pub generator_starved: f64,
    /// Bytes sent per record, all frames.
    pub wire_out_bytes_per_record: Option<f64>,
    /// Bytes received per record consumed, all frames.
    pub wire_in_bytes_per_record: Option<f64>,
    /// Bytes of the topic's segment files, where they can be seen.
    pub disk_bytes: Option<u64>,
    /// The same per record of the whole run.
    pub disk_bytes_per_record: Option<f64>,
    /// Records before compression over the same after it.
    pub compression_ratio: Option<f64>,
    /// How the schedule was kept.
    pub schedule: ScheduleReport,
    /// What the broker refused for a while.
    #[serde(default, skip_serializing_if = "Refusals::is_empty")]
    pub refusals: Refusals,
}

/// How the schedule was kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScheduleReport {
    /// How late the generator itself was, in an open loop.
    pub lateness: Option<Percentiles>,
    /// Records due in time and not sent when the load ended; they count in `response` with their age then.
    pub unsent_records: u64,
    /// Records made in time and never answered, because the run was cut short; they count in all latencies with their age
    /// then.
    #[serde(default)]
    pub unanswered_records: u64,
    /// How often a producer found all its in-flight requests taken.
    pub in_flight_cap_waits: u64,
    /// Share of the producers' time spent in that.
    pub in_flight_cap_share: f64,
}
