//! The command line.

mod units;

use crate::advice::cli::AdviceArgs;
use crate::broker::leash::LeashArgs;
use crate::codec::CodecSpec;
use crate::compare::cli::CompareArgs;
use crate::diff::cli::DiffArgs;
use crate::diff::trend::TrendArgs;
use crate::error::LoadError;
use crate::glossary;
use crate::lab::cli::LabArgs;
use crate::payload::cli::PayloadArgs;
use crate::schedule::{SHAPE_HELP, Shape, parse_speed};
use crate::search::cli::MaxArgs;
use crate::sweep::cli::SweepArgs;
use crate::verify::Level;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
pub(crate) use units::{
    parse_bytes, parse_count, parse_duration, parse_ms, parse_rate, parse_share, parse_size,
};

/// Below the commands of `--help`.
const EXIT_CODES: &str = "Exit codes:
  0  an answer
  1  an answer against: records lost, B worse, nothing holds the service level
  2  no answer: bad input, nobody there, a full disk; one line says why
  3  measured, and no answer: inconclusive, or steered by noise (compare, max)";

/// A load generator for any Kafka broker that tells the truth.
#[derive(Debug, Parser)]
#[command(name = "loadgen", version = crate::VERSION, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What loadgen can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Produce and consume for some seconds, verify, and print what was measured: without a rate the highest one, then latency at half of it.
    Run(Box<RunCommand>),
    /// Compare two brokers or two settings, and say better, worse or inconclusive.
    Compare(CompareArgs),
    /// Say what changed between two results, and whether any of it is a regression.
    Diff(DiffArgs),
    /// Show the results in a directory over time, those of one form together.
    Trend(TrendArgs),
    /// Measure codecs offline on your own data: ratio and speed per codec, level and batch size.
    Lab(LabArgs),
    /// Make a page (report.html), pictures and a README from results.
    Report(crate::page::cli::ReportArgs),
    /// Run every combination of the options in a TOML matrix; goes on where an earlier one ended.
    Sweep(SweepArgs),
    /// Say what a sweep found: the best cells, and the client settings of one that satisfies a service level.
    Advice(AdviceArgs),
    /// Find the highest rate at which the broker keeps up: open-loop runs, each with a bound on the p99.
    Max(Box<MaxArgs>),
    /// Becomes a broker that ends when its parent does.
    #[command(hide = true, name = crate::broker::leash::COMMAND)]
    Leash(LeashArgs),
}

/// A broker that loadgen knows how to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BrokerChoice {
    /// The one of this project.
    Creel,
    /// Apache Kafka itself.
    Kafka,
}

/// When a produce request counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Acks {
    /// When it is sent.
    #[value(name = "0")]
    None,
    /// When the leader has written it.
    #[value(name = "1")]
    Leader,
    /// When it is as durable as the broker makes it.
    #[value(name = "all", alias = "-1")]
    All,
}

impl Acks {
    /// As the protocol numbers them.
    pub fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }

    /// As the option names them.
    pub fn name(self) -> &'static str {
        match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        }
    }
}

/// Options of the command `run`, beyond those of each run.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = glossary::text())]
pub struct RunCommand {
    /// Each run.
    #[command(flatten)]
    pub run: RunArgs,
    /// Measure the highest rate alone: else a run without a rate then measures latency at half of it, if the broker is its own
    #[arg(long, conflicts_with_all = ["rate", "schedule", "replay"], help_heading = "Load")]
    pub closed_loop: bool,
    /// The long table of every run, and what its words mean
    #[arg(long, help_heading = "Result")]
    pub details: bool,
}

impl RunCommand {
    /// Whether it measures the highest rate, and then latency at a share of it.
    pub fn is_plain(&self) -> bool {
        let run = &self.run;
        let has_times = run.rate.is_some() || run.schedule.is_some() || run.replay.is_some();
        let is_of_one_thing = self.closed_loop || run.crash.is_some() || run.flame;
        !has_times && !is_of_one_thing && run.bootstrap.is_none()
    }
}

/// Options of a run, as `loadgen run` and all that make runs take them.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// A running broker, HOST:PORT[,HOST:PORT...]; without it one is started in a temporary directory
    #[arg(long, value_name = "ADDRESSES", help_heading = "Broker")]
    pub bootstrap: Option<String>,
    /// The broker to start
    #[arg(long, value_enum, default_value = "creel", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub broker: BrokerChoice,
    /// Any broker to start, as a shell reads it, with {port}, {dir} (its data) and {cores} filled in
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["bootstrap", "broker", "broker_bin", "broker_set"], help_heading = "Broker")]
    pub broker_command: Option<String>,
    /// The creel to start [default: the one beside this program]
    #[arg(long, value_name = "FILE", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub broker_bin: Option<PathBuf>,
    /// The Kafka to start, unpacked, or a folder of its jars [default: KAFKA_HOME, or what `cargo xtask kafka` fetched]
    #[arg(long, value_name = "DIR", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub kafka_dir: Option<PathBuf>,
    /// Flags of Kafka's JVM, heap included [default: those of Kafka's own start scripts]
    #[arg(
        long,
        value_name = "FLAGS",
        conflicts_with = "bootstrap",
        allow_hyphen_values = true,
        help_heading = "Broker"
    )]
    pub kafka_jvm: Option<String>,
    /// Cores for the own broker, such as 0 or 0,2 [default: the first half of those at hand]
    #[arg(long, value_name = "LIST", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub broker_cores: Option<String>,
    /// A setting of the own broker, such as log.flush.interval.ms=1000; for Kafka a line of server.properties (repeatable)
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub broker_set: Vec<String>,
    /// Where the own broker's temporary directory is made [default: the system's place for them]
    #[arg(long, value_name = "DIR", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub broker_dir: Option<PathBuf>,
    /// Process of a running broker on this machine, to count its CPU time
    #[arg(long, value_name = "PID", requires = "bootstrap", help_heading = "Broker")]
    pub broker_pid: Option<u32>,
    /// Admin listener of a running creel (its creel.admin.listener), to tell where its time went
    #[arg(long, value_name = "HOST:PORT", requires = "bootstrap", help_heading = "Broker")]
    pub broker_admin: Option<String>,
    /// Data directory of a running broker on this machine, to count bytes on disk
    #[arg(long, value_name = "DIR", requires = "bootstrap", help_heading = "Broker")]
    pub broker_data_dir: Option<PathBuf>,

    /// Topic to make and use; one that is there already needs --into-existing [default: a new one, deleted afterwards]
    #[arg(long, help_heading = "Topic")]
    pub topic: Option<String>,
    /// Write the run's records into --topic even if it exists and holds others' records: they stay there
    #[arg(long, requires = "topic", help_heading = "Topic")]
    pub into_existing: bool,
    /// Partitions of the topic [default: 4, or what the topic has]
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=100_000), help_heading = "Topic")]
    pub partitions: Option<i32>,

    /// What they hold
    #[command(flatten)]
    pub values: PayloadArgs,
    /// How many different keys, or none
    #[arg(long, value_name = "COUNT", default_value = "none", value_parser = parse_keys, conflicts_with = "payload_topic", help_heading = "Records")]
    pub keys: Keys,
    /// Seed of everything random
    #[arg(long, default_value_t = 1, help_heading = "Records")]
    pub seed: u64,

    /// Records per second over all connections: open loop, latency counts from the intended time [default: the highest there is]
    #[arg(long, value_name = "RECORDS", value_parser = parse_rate, help_heading = "Load")]
    pub rate: Option<f64>,
    /// How an open loop's records lie in time.
    #[arg(long, value_name = "SHAPE", help = SHAPE_HELP, help_heading = "Load")]
    pub schedule: Option<Shape>,
    /// Send the records of --payload-topic at the times they have there, so many times faster, such as 1x or 2x: open loop
    #[arg(long, value_name = "SPEED", value_parser = parse_speed, requires = "payload_topic", conflicts_with_all = ["rate", "schedule"], help_heading = "Load")]
    pub replay: Option<f64>,
    /// How long to measure
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration, help_heading = "Load")]
    pub duration: Duration,
    /// How long to load before measuring
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration, help_heading = "Load")]
    pub warmup: Duration,
    /// Producers, each with one connection to every leading broker
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Load")]
    pub connections: u16,
    /// Consumers; 0 only produces [default: one per thread, at most one per partition]
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=10_000), help_heading = "Load")]
    pub consumers: Option<u16>,
    /// Threads of the generator, each pinned to a core [default: the cores that the own broker leaves]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_024), help_heading = "Load")]
    pub threads: Option<u16>,

    /// Bytes of a batch before compression, such as 16k
    #[arg(long, value_name = "BYTES", default_value = "64k", value_parser = parse_bytes, help_heading = "Client settings")]
    pub batch_bytes: usize,
    /// How long a batch may wait for more records
    #[arg(long, value_name = "MS", default_value = "5", value_parser = parse_ms, help_heading = "Client settings")]
    pub linger_ms: f64,
    /// The codec of the batches, and its level.
    #[arg(
        long,
        value_name = "NAME[:LEVEL]",
        default_value = "none",
        help_heading = "Client settings",
        help = "none, gzip[:1-9], snappy, lz4 or zstd[:LEVEL]"
    )]
    pub codec: CodecSpec,
    /// When a record counts as delivered
    #[arg(long, value_enum, default_value = "all", help_heading = "Client settings")]
    pub acks: Acks,
    /// Produce requests in flight per connection; 1 and --closed-loop is one request at a time
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Client settings")]
    pub in_flight: u16,

    /// Kill the own broker in the middle.
    #[arg(
        long,
        value_name = "TIMES",
        num_args = 0..=1,
        default_missing_value = "1",
        value_parser = clap::value_parser!(u16).range(1..=1_000),
        conflicts_with = "bootstrap",
        help = crate::crash::HELP,
        help_heading = "Result"
    )]
    pub crash: Option<u16>,
    /// Loss, duplicates and order (seq), and every record's content (full)
    #[arg(long, value_enum, default_value = "seq", help_heading = "Result")]
    pub verify: Level,
    /// Lines instead of a full screen while it runs, on a terminal too
    #[arg(long, alias = "no-dashboard", help_heading = "Result")]
    pub plain: bool,
    /// Write the result as JSON
    #[arg(long, value_name = "FILE", help_heading = "Result")]
    pub json: Option<PathBuf>,
    /// Make a directory of the result: run.json, latency.hdr (HdrHistogram's log), series.csv
    #[arg(long, value_name = "DIR", help_heading = "Result")]
    pub out: Option<PathBuf>,
    /// A flame graph of the broker.
    #[arg(long, conflicts_with = "crash", help = crate::flame::HELP, help_heading = "Result")]
    pub flame: bool,
}

/// The keys of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// No keys: a batch goes to one partition, the next to the next.
    None,
    /// So many different keys, each always to the same partition, as Kafka's own partitioner does.
    Distinct(u32),
}

/// Keys are held in memory with their partitions.
const KEYS_MAX: u32 = 50_000_000;

fn parse_keys(text: &str) -> Result<Keys, String> {
    if text == "none" {
        return Ok(Keys::None);
    }
    let count = parse_count(text)?;
    if !(1.0..=f64::from(KEYS_MAX)).contains(&count) {
        return Err(format!("from 1 to {KEYS_MAX} keys, or none"));
    }
    Ok(Keys::Distinct(count as u32))
}

/// Writes a result, one line at its end.
pub fn write_json(report: &impl Serialize, path: &Path) -> Result<(), LoadError> {
    let text = serde_json::to_string_pretty(report).expect("a report has only plain fields");
    write_whole(path, &(text + "\n"))
}

/// Writes a new file. Where that fails, as on a full disk, no piece of it is left that looks like a result.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), LoadError> {
    std::fs::write(path, text).map_err(|why| {
        if path.is_file() {
            let _ = std::fs::remove_file(path); // the first error is the one to tell
        }
        LoadError::File { path: path.to_owned(), why }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_run_without_a_rate_measures_two_things_and_any_other_one() {
        let is_plain = |line: &str| match Cli::parse_from(line.split(' ')).command {
            Command::Run(args) => args.is_plain(),
            other => panic!("{other:?}"),
        };
        assert!(is_plain("loadgen run") && is_plain("loadgen run --codec zstd --in-flight 1 --broker kafka"));
        for one in [
            "--rate 5k",
            "--schedule ramp:1..5",
            "--replay 2x --payload-topic h:1/t",
            "--crash",
            "--flame",
            "--closed-loop",
            "--bootstrap h:1",
        ] {
            assert!(!is_plain(&format!("loadgen run {one}")), "{one}");
        }
    }

    #[test]
    fn the_long_help_of_a_run_ends_with_its_words() {
        let mut command = Cli::command();
        let help = command.find_subcommand_mut("run").unwrap().render_long_help().to_string();
        let words = help.split("Words:\n").nth(1).expect("a glossary");
        for (word, meaning) in glossary::WORDS {
            assert!(words.contains(word) && words.contains(meaning), "{word}: {words}");
        }
    }

    #[test]
    fn keys_are_counted_or_none() {
        assert_eq!(parse_keys("1k"), Ok(Keys::Distinct(1_000)));
        assert_eq!(parse_keys("1G").unwrap_err(), "from 1 to 50000000 keys, or none");
        assert!(["", "x", "-1", "0"].iter().all(|bad| parse_keys(bad).is_err()));
    }

    /// Every option with an amount, of every command, as the definitions have them.
    #[test]
    fn every_option_takes_the_units_that_people_write() {
        let mut seen = Vec::new();
        for command in Cli::command().get_subcommands() {
            for option in command.get_arguments() {
                let name =
                    option.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
                let known = UNITS.iter().find(|(value_name, ..)| *value_name == name);
                let (Some(long), Some((_, texts))) = (option.get_long(), known) else { continue };
                seen.push(long.to_owned());
                for text in *texts {
                    let line =
                        ["loadgen", command.get_name(), &format!("--{long}={text}")].map(str::to_owned);
                    let wrong = Cli::try_parse_from(line)
                        .err()
                        .filter(|error| error.kind() == clap::error::ErrorKind::ValueValidation);
                    assert!(wrong.is_none(), "{}", wrong.unwrap());
                }
            }
        }
        for long in [
            "batch-bytes",
            "record-size",
            "sample",
            "rate",
            "duration",
            "warmup",
            "linger-ms",
            "p99",
            "cell-time",
        ] {
            assert!(seen.iter().any(|had| had == long), "{long} is among {seen:?}");
        }
    }

    const UNITS: [(&str, &[&str]); 4] = [
        ("BYTES", &["65536", "64k", "64KiB", "64kb", "1M", "1MiB", "0.125G"]),
        ("RECORDS", &["5000", "5k", "5k/s", "2.5M", "1G", "1_000"]),
        ("TIME", &["10", "10s", "500ms", "20us", "2m", "1h"]),
        ("MS", &["5", "2.5", "5ms", "0.1s"]),
    ];
}
