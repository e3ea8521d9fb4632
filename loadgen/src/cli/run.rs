//! The options of `loadgen run`, most of which every command takes that makes runs.

use super::payload::PayloadArgs;
use clap::{Args, ValueEnum};
use loadgen_engine::codec::CodecSpec;
use loadgen_engine::options::{self, BrokerOptions, Keys, RunOptions};
use loadgen_engine::schedule::{SHAPE_HELP, Shape, parse_speed};
use loadgen_engine::units::{parse_bytes, parse_count, parse_duration, parse_ms, parse_rate};
use loadgen_page::glossary;
use loadgen_result::report::verification;
use std::path::PathBuf;
use std::time::Duration;

const CRASH_HELP: &str = "Kill the started broker this many times with kill -9 within the measured time, start it again each time, \
    and count the acked records that were lost [1 if no number is given]. The kernel keeps what the broker wrote. So a lost \
    record was acked before it was written, or the restart cut it off. A kill is no power cut: it does not show whether \
    acks=all waits for the disk";

const FLAME_HELP: &str = "Sample the broker's stacks with Linux's perf during the measured time, and draw them as flame.svg in --out";

/// A broker that loadgen knows how to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BrokerChoice {
    /// Creel, the broker of this project.
    Creel,
    /// Apache Kafka, as a single node.
    Kafka,
}

/// When a produce request counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Acks {
    /// When it is sent: the broker does not answer.
    #[value(name = "0")]
    None,
    /// When the leader has written it.
    #[value(name = "1")]
    Leader,
    /// When all in-sync replicas have it. A creel, by default, answers when it is on the disk.
    #[value(name = "all", alias = "-1")]
    All,
}

/// What is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Nothing. Records are read to measure the latency.
    Off,
    /// Checksums of batches; loss, duplicates and order of records.
    Seq,
    /// The same, and the content of every record.
    Full,
}

impl BrokerChoice {
    fn choice(self) -> options::BrokerChoice {
        match self {
            BrokerChoice::Creel => options::BrokerChoice::Creel,
            BrokerChoice::Kafka => options::BrokerChoice::Kafka,
        }
    }
}

impl Acks {
    fn options(self) -> options::Acks {
        match self {
            Acks::None => options::Acks::None,
            Acks::Leader => options::Acks::Leader,
            Acks::All => options::Acks::All,
        }
    }
}

impl Level {
    fn level(self) -> verification::Level {
        match self {
            Level::Off => verification::Level::Off,
            Level::Seq => verification::Level::Seq,
            Level::Full => verification::Level::Full,
        }
    }
}

/// Options of the command `run`, beyond those of each run.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = glossary::text())]
pub(crate) struct RunCommand {
    /// Each run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Measure only the highest rate. Without this option, a run that starts its broker and has no rate also measures latency at
    /// half of the highest rate
    #[arg(long, conflicts_with_all = ["rate", "schedule", "replay"], help_heading = "Load")]
    pub(crate) closed_loop: bool,
    /// Print the long table of every run, and what its words mean
    #[arg(long, help_heading = "Result")]
    pub(crate) details: bool,
}

impl RunCommand {
    /// Whether it measures the highest rate, and then latency at a share of it.
    pub(crate) fn is_plain(&self) -> bool {
        let run = &self.run;
        let has_times = run.rate.is_some() || run.schedule.is_some() || run.replay.is_some();
        let is_of_one_thing = self.closed_loop || run.crash.is_some() || run.flame;
        !has_times && !is_of_one_thing && run.bootstrap.is_none()
    }
}

/// Options of a run, as `loadgen run` and all that make runs take them.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// A broker that is running already, as HOST:PORT[,HOST:PORT...] [default: start one in a temporary directory]
    #[arg(long, value_name = "ADDRESSES", help_heading = "Broker")]
    pub(crate) bootstrap: Option<String>,
    /// Which broker to start
    #[arg(long, value_enum, default_value = "creel", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub(crate) broker: BrokerChoice,
    /// A shell command that starts any other broker. {port}, {dir} (for its data) and {cores} are filled in
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["bootstrap", "broker", "broker_bin", "broker_set"], help_heading = "Broker")]
    pub(crate) broker_command: Option<String>,
    /// The binary of creel to start [default: the one beside this program]
    #[arg(long, value_name = "FILE", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub(crate) broker_bin: Option<PathBuf>,
    /// Directory of the Kafka to start: an unpacked distribution, or its jars [default: KAFKA_HOME, or what `cargo xtask kafka`
    /// fetched]
    #[arg(long, value_name = "DIR", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub(crate) kafka_dir: Option<PathBuf>,
    /// Flags of the JVM of the Kafka to start, heap included [default: those of Kafka's start scripts]
    #[arg(
        long,
        value_name = "FLAGS",
        conflicts_with = "bootstrap",
        allow_hyphen_values = true,
        help_heading = "Broker"
    )]
    pub(crate) kafka_jvm: Option<String>,
    /// Cores for the broker that is started, such as 0 or 0,2 [default: the first half of the available cores]
    #[arg(long, value_name = "LIST", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub(crate) broker_cores: Option<String>,
    /// A setting of the broker that is started, such as log.flush.interval.ms=1000. For Kafka, a line of server.properties
    /// (repeatable)
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub(crate) broker_set: Vec<String>,
    /// Where to make the temporary directory of the broker that is started [default: TMPDIR, or /tmp]
    #[arg(long, value_name = "DIR", conflicts_with = "bootstrap", help_heading = "Broker")]
    pub(crate) broker_dir: Option<PathBuf>,
    /// Process id of the --bootstrap broker, if it runs on this machine, to measure its CPU time, memory and disk writes
    #[arg(long, value_name = "PID", requires = "bootstrap", help_heading = "Broker")]
    pub(crate) broker_pid: Option<u32>,
    /// Admin listener (creel.admin.listener) of the --bootstrap broker, if it is a creel, to show where requests spend their time
    #[arg(long, value_name = "HOST:PORT", requires = "bootstrap", help_heading = "Broker")]
    pub(crate) broker_admin: Option<String>,
    /// Data directory (log.dirs) of the --bootstrap broker, if it runs on this machine, to count bytes on disk
    #[arg(long, value_name = "DIR", requires = "bootstrap", help_heading = "Broker")]
    pub(crate) broker_data_dir: Option<PathBuf>,

    /// Name of the topic, which is created. For a topic that exists, add --into-existing [default: a new name; the topic is
    /// deleted afterwards]
    #[arg(long, help_heading = "Topic")]
    pub(crate) topic: Option<String>,
    /// Write into --topic even if it exists. The run's made-up records stay in it
    #[arg(long, requires = "topic", help_heading = "Topic")]
    pub(crate) into_existing: bool,
    /// Number of partitions [default: that of --topic if it exists, else that of --payload-topic, else 4]
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=100_000), help_heading = "Topic")]
    pub(crate) partitions: Option<i32>,

    /// What the records hold
    #[command(flatten)]
    pub(crate) values: PayloadArgs,
    /// Number of different keys, or none. A key always goes to the same partition. Without keys, one batch goes to one partition
    /// and the next to another
    #[arg(long, value_name = "COUNT", default_value = "none", value_parser = parse_keys, conflicts_with = "payload_topic", help_heading = "Records")]
    pub(crate) keys: Keys,
    /// Seed of all random data
    #[arg(long, default_value_t = 1, help_heading = "Records")]
    pub(crate) seed: u64,

    /// Records per second over all connections, in an open loop: latency counts from when a record was due [default: as fast as
    /// possible, in a closed loop]
    #[arg(long, value_name = "RECORDS", value_parser = parse_rate, help_heading = "Load")]
    pub(crate) rate: Option<f64>,
    /// When records are due in an open loop.
    #[arg(long, value_name = "SHAPE", help = SHAPE_HELP, help_heading = "Load")]
    pub(crate) schedule: Option<Shape>,
    /// Send the records of --payload-topic at their recorded times, this many times faster, such as 1x or 2x, in an open loop.
    /// After the last record it begins again
    #[arg(long, value_name = "SPEED", value_parser = parse_speed, requires = "payload_topic", conflicts_with_all = ["rate", "schedule"], help_heading = "Load")]
    pub(crate) replay: Option<f64>,
    /// How long to measure, in each run
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration, help_heading = "Load")]
    pub(crate) duration: Duration,
    /// How long to load the broker before measuring
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration, help_heading = "Load")]
    pub(crate) warmup: Duration,
    /// Number of producers. Each has one connection to every broker that leads a partition
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Load")]
    pub(crate) connections: u16,
    /// Number of consumers; with 0, also give --verify off [default: one for each thread, at most one for each partition]
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=10_000), help_heading = "Load")]
    pub(crate) consumers: Option<u16>,
    /// Number of threads of the generator, each pinned to a core [default: one for each core that the started broker leaves free]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_024), help_heading = "Load")]
    pub(crate) threads: Option<u16>,

    /// Largest size of a batch before compression, bytes, such as 16k. A larger record gets a batch of its own
    #[arg(long, value_name = "BYTES", default_value = "64k", value_parser = parse_bytes, help_heading = "Client settings")]
    pub(crate) batch_bytes: usize,
    /// How long a batch may wait for more records, ms
    #[arg(long, value_name = "MS", default_value = "5", value_parser = parse_ms, help_heading = "Client settings")]
    pub(crate) linger_ms: f64,
    /// The codec of the batches, and its level.
    #[arg(
        long,
        value_name = "NAME[:LEVEL]",
        default_value = "none",
        help_heading = "Client settings",
        help = "Compression of the batches: none, gzip[:1-9], snappy, lz4 or zstd[:LEVEL]"
    )]
    pub(crate) codec: CodecSpec,
    /// When a record counts as delivered (acked)
    #[arg(long, value_enum, default_value = "all", help_heading = "Client settings")]
    pub(crate) acks: Acks,
    /// How many produce requests may be in flight on each connection. With 1, a closed loop sends one at a time
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Client settings")]
    pub(crate) in_flight: u16,

    /// Kill the started broker in the middle.
    #[arg(
        long,
        value_name = "TIMES",
        num_args = 0..=1,
        default_missing_value = "1",
        value_parser = clap::value_parser!(u16).range(1..=1_000),
        conflicts_with = "bootstrap",
        help = CRASH_HELP,
        help_heading = "Result"
    )]
    pub(crate) crash: Option<u16>,
    /// What is verified
    #[arg(long, value_enum, default_value = "seq", help_heading = "Result")]
    pub(crate) verify: Level,
    /// Print lines while it runs, in place of the full-screen dashboard
    #[arg(long, alias = "no-dashboard", help_heading = "Result")]
    pub(crate) plain: bool,
    /// Write the result as JSON
    #[arg(long, value_name = "FILE", help_heading = "Result")]
    pub(crate) json: Option<PathBuf>,
    /// Make a directory with the result: run.json, latency.hdr (HdrHistogram's log), series.csv, report.html, README.md
    #[arg(long, value_name = "DIR", help_heading = "Result")]
    pub(crate) out: Option<PathBuf>,
    /// A flame graph of the broker.
    #[arg(long, conflicts_with = "crash", help = FLAME_HELP, help_heading = "Result")]
    pub(crate) flame: bool,
}

impl RunArgs {
    /// What they ask for.
    pub(crate) fn options(&self) -> RunOptions {
        RunOptions {
            broker: self.broker_options(),
            topic: self.topic.clone(),
            into_existing: self.into_existing,
            partitions: self.partitions,
            values: self.values.options(),
            keys: self.keys,
            seed: self.seed,
            rate: self.rate,
            schedule: self.schedule.clone(),
            replay: self.replay,
            duration: self.duration,
            warmup: self.warmup,
            connections: self.connections,
            consumers: self.consumers,
            threads: self.threads,
            batch_bytes: self.batch_bytes,
            linger_ms: self.linger_ms,
            codec: self.codec,
            acks: self.acks.options(),
            in_flight: self.in_flight,
            crash: self.crash,
            verify: self.verify.level(),
            out: self.out.clone(),
            flame: self.flame,
        }
    }

    fn broker_options(&self) -> BrokerOptions {
        BrokerOptions {
            bootstrap: self.bootstrap.clone(),
            broker: self.broker.choice(),
            broker_command: self.broker_command.clone(),
            broker_bin: self.broker_bin.clone(),
            kafka_dir: self.kafka_dir.clone(),
            kafka_jvm: self.kafka_jvm.clone(),
            broker_cores: self.broker_cores.clone(),
            broker_set: self.broker_set.clone(),
            broker_dir: self.broker_dir.clone(),
            broker_pid: self.broker_pid,
            broker_admin: self.broker_admin.clone(),
            broker_data_dir: self.broker_data_dir.clone(),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_defaults_of_the_command_line_are_those_of_the_options() {
        let Command::Run(command) = Cli::parse_from(["loadgen", "run"]).command else { panic!("a run") };
        assert_eq!(command.run.options(), RunOptions::default());
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
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
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
}
