//! The broker under test, as the rest of a run sees it.

use super::Wanted;
use super::named;
use super::process::OwnBroker;
use crate::cores::{self, Cores};
use crate::cost;
use crate::error::HostError;
use loadgen_engine::client::cluster::Topic;
use loadgen_engine::client::control::Control;
use loadgen_result::report::{BrokerKind, BrokerReport};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A broker that answers.
#[derive(Debug)]
pub struct Target {
    /// What the report says of it; its address is the one to connect to.
    pub report: BrokerReport,
    reached: Reached,
}

#[derive(Debug)]
enum Reached {
    Own(Box<OwnBroker>),
    Running { pid: Option<u32>, admin: Option<String>, data_dir: Option<PathBuf> },
}

impl Target {
    /// Starts the broker if it is to be started.
    pub fn reach(
        wanted: &Wanted,
        cores: &Cores,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Target, HostError> {
        match wanted {
            Wanted::Running { address, pid, admin, data_dir } => {
                pid.map_or(Ok(()), named::check_pid)?;
                admin.as_deref().map_or(Ok(()), named::check_admin)?;
                data_dir.as_deref().map_or(Ok(()), named::check_data_dir)?;
                let report = BrokerReport { address: address.clone(), ..BrokerReport::default() };
                let (admin, data_dir) = (admin.clone(), data_dir.clone());
                Ok(Target { report, reached: Reached::Running { pid: *pid, admin, data_dir } })
            }
            Wanted::Own { kind, parent_dir } => {
                let own = OwnBroker::start(kind, &cores.broker, parent_dir.as_deref(), interrupted)?;
                let report = BrokerReport {
                    address: own.address().to_string(),
                    kind: kind.name(),
                    version: own.launch().version.clone(),
                    command: own.launch().broker.words(),
                    settings: kind.settings().to_vec(),
                    cores: Some(cores::list(&cores.broker)),
                };
                Ok(Target { report, reached: Reached::Own(Box::new(own)) })
            }
        }
    }

    /// As connected to.
    pub fn address(&self) -> &str {
        &self.report.address
    }

    /// Started by this run.
    pub fn is_own(&self) -> bool {
        self.report.kind != BrokerKind::Running
    }

    /// Its process, where it is known.
    pub fn pid(&self) -> Option<u32> {
        match &self.reached {
            Reached::Own(own) => Some(own.pid()),
            Reached::Running { pid, .. } => *pid,
        }
    }

    /// Where it tells what happens inside it, where that is known.
    pub fn admin(&self) -> Option<String> {
        match &self.reached {
            Reached::Own(own) => own.launch().admin.map(|address| address.to_string()),
            Reached::Running { admin, .. } => admin.clone(),
        }
    }

    /// Its data directory, where it is known.
    pub fn data_dir(&self) -> Option<&Path> {
        match &self.reached {
            Reached::Own(own) => Some(own.data_dir()),
            Reached::Running { data_dir, .. } => data_dir.as_deref(),
        }
    }

    /// An error if the data directory that was named is not where `topic`, which was just made, is kept.
    pub fn check_holds(&self, topic: &Topic) -> Result<(), HostError> {
        match &self.reached {
            Reached::Running { data_dir: Some(dir), .. } => named::check_holds(dir, topic),
            _ => Ok(()),
        }
    }

    /// An error if the started broker is not running any more.
    pub fn check(&mut self) -> Result<(), HostError> {
        match &mut self.reached {
            Reached::Own(own) => own.check(),
            Reached::Running { .. } => Ok(()),
        }
    }

    /// Kills the started broker. Returns the process that was killed.
    pub fn crash(&mut self) -> Result<u32, HostError> {
        match &mut self.reached {
            Reached::Own(own) => Ok(own.crash()),
            Reached::Running { .. } => {
                Err(HostError::Options("only a broker that loadgen started can be killed".into()))
            }
        }
    }

    /// Starts the started broker again where it was.
    pub fn restart(&mut self) -> Result<(), HostError> {
        match &mut self.reached {
            Reached::Own(own) => own.restart(),
            Reached::Running { .. } => Ok(()),
        }
    }

    /// How long the started broker may take until it answers.
    pub fn ready_within(&self) -> Duration {
        match &self.reached {
            Reached::Own(own) => own.launch().ready_within,
            Reached::Running { .. } => Duration::ZERO,
        }
    }

    /// Whether it answers.
    pub fn answers(&self) -> bool {
        Control::connect_any(self.address()).is_ok()
    }

    /// The error to tell: if the started broker died, that.
    pub fn explain<E: From<HostError>>(&mut self, error: E) -> E {
        match &mut self.reached {
            Reached::Own(own) => own.explain(error),
            Reached::Running { .. } => error,
        }
    }

    /// Stops the started broker, so that its files are whole, and looks at them.
    pub fn close(&mut self, topic: &Topic) -> Result<Option<u64>, HostError> {
        if let Reached::Own(own) = &mut self.reached {
            own.stop()?;
        }
        Ok(self.data_dir().and_then(|dir| cost::topic_bytes_on_disk(dir, topic.name.as_str())))
    }
}
