//! The broker under test: one that this run starts (a creel, a real Apache Kafka, any command) or one that runs already.
//!
//! `Wanted` is decided once, from the options. `Kind::launch` says how each kind is started, `process` starts it so
//! that it ends with its parent (`parent_death`), `target` is what the rest of the run sees.

pub mod command;
pub mod creel;
pub mod kafka;
mod named;
pub mod parent_death;
pub mod process;
pub mod target;

use crate::error::HostError;
use command::CommandBroker;
use creel::Creel;
use kafka::Kafka;
use loadgen_engine::options::{BrokerChoice, BrokerOptions};
use loadgen_result::report::BrokerKind;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// What to measure.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Started and stopped by the run.
    Own {
        /// Which.
        kind: Kind,
        /// Where its temporary directory is made.
        parent_dir: Option<PathBuf>,
    },
    /// Someone else's.
    Running {
        /// `host:port,host:port`.
        address: String,
        /// Its process, if on this machine and named.
        pid: Option<u32>,
        /// Its admin listener, if it is a creel and named.
        admin: Option<String>,
        /// Its data, if on this machine and named.
        data_dir: Option<PathBuf>,
    },
}

/// A broker that a run can start.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Ours.
    Creel(Creel),
    /// The real one.
    Kafka(Kafka),
    /// Any other.
    Command(CommandBroker),
}

/// Where a broker is to live.
#[derive(Debug)]
pub struct LaunchSite<'a> {
    /// Its own directory, there and empty.
    pub dir: &'a Path,
    /// Where it is to listen.
    pub address: SocketAddr,
    /// Its cores.
    pub cores: &'a [usize],
}

impl LaunchSite<'_> {
    /// Where its data go.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }
}

/// How a broker is started.
#[derive(Debug)]
pub struct Launch {
    /// Programs that run to their end first, such as one that formats the data directory.
    pub before: Vec<CommandLine>,
    /// What becomes the broker.
    pub broker: CommandLine,
    /// Where it tells what happens inside it, if it does.
    pub admin: Option<SocketAddr>,
    /// Who sees to its cores.
    pub pinning: Pinning,
    /// How long it may take until it answers.
    pub ready_within: Duration,
    /// How long it may take to stop in order.
    pub stop_within: Duration,
    /// What ends are those of a broker that was asked to stop.
    pub is_orderly: fn(ExitStatus) -> bool,
    /// What it is, as precisely as can be known.
    pub version: Option<String>,
}

/// A program and its arguments.
#[derive(Debug, Clone)]
pub struct CommandLine {
    /// A path, or a name on the PATH.
    pub program: PathBuf,
    /// As they are, no shell.
    pub arguments: Vec<OsString>,
}

impl CommandLine {
    /// Each word, for a report.
    pub fn words(&self) -> Vec<String> {
        let program = self.program.as_os_str().to_string_lossy().into_owned();
        let arguments = self.arguments.iter().map(|word| word.to_string_lossy().into_owned());
        std::iter::once(program).chain(arguments).collect()
    }
}

/// Who keeps a broker on its cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinning {
    /// The broker: it was told.
    ByItself,
    /// The step before the broker (`parent_death`), before it becomes it.
    BeforeExec,
}

impl Wanted {
    /// From the options; those that mean nothing to this broker are refused, not ignored.
    pub fn of(options: &BrokerOptions) -> Result<Wanted, HostError> {
        if let Some(address) = &options.bootstrap {
            let (pid, data_dir) = (options.broker_pid, options.broker_data_dir.clone());
            let (address, admin) = (address.clone(), options.broker_admin.clone());
            return Ok(Wanted::Running { address, pid, admin, data_dir });
        }
        let is_kafka = options.broker == BrokerChoice::Kafka && options.broker_command.is_none();
        refuse(!is_kafka && options.kafka_dir.is_some(), "--kafka-dir needs --broker kafka")?;
        refuse(!is_kafka && options.kafka_jvm.is_some(), "--kafka-jvm needs --broker kafka")?;
        refuse(
            is_kafka && options.broker_bin.is_some(),
            "--broker-bin names the binary of creel: with --broker kafka, give --kafka-dir",
        )?;
        let settings = options.broker_set.clone();
        let kind = match &options.broker_command {
            Some(command) => Kind::Command(CommandBroker::parse(command)?),
            None if is_kafka => Kind::Kafka(Kafka {
                dir: options.kafka_dir.clone(),
                jvm: options.kafka_jvm.clone(),
                settings,
            }),
            None => Kind::Creel(Creel { binary: options.broker_bin.clone(), settings }),
        };
        Ok(Wanted::Own { kind, parent_dir: options.broker_dir.clone() })
    }
}

fn refuse(is_wrong: bool, why: &str) -> Result<(), HostError> {
    if is_wrong { Err(HostError::Options(why.into())) } else { Ok(()) }
}

impl Kind {
    /// How to start it at `place`.
    pub fn launch(&self, place: &LaunchSite<'_>) -> Result<Launch, HostError> {
        match self {
            Kind::Creel(creel) => creel.launch(place),
            Kind::Kafka(kafka) => kafka.launch(place),
            Kind::Command(command) => command.launch(place),
        }
    }

    /// As the report names it.
    pub fn name(&self) -> BrokerKind {
        match self {
            Kind::Creel(_) => BrokerKind::Creel,
            Kind::Kafka(_) => BrokerKind::Kafka,
            Kind::Command(_) => BrokerKind::Command,
        }
    }

    /// What was set beyond its defaults.
    pub fn settings(&self) -> &[String] {
        match self {
            Kind::Creel(creel) => &creel.settings,
            Kind::Kafka(kafka) => &kafka.settings,
            Kind::Command(_) => &[],
        }
    }
}
