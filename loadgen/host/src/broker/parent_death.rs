//! A process between loadgen and a broker that it starts, so that no broker outlives a loadgen that was killed.
//! loadgen calls itself with `COMMAND`. That process asks the kernel to kill it when its parent ends, which still
//! holds after exec. It takes the cores that it is given, and then becomes the broker. The process id stays, and so
//! does the CPU time that is counted by it.

use super::{CommandLine, Pinning};
use crate::cores;
use crate::error::HostError;
use rustix::process::{Pid, Signal};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The hidden subcommand that becomes a broker.
pub const COMMAND: &str = "broker-until-parent-ends";

/// What it is told.
#[derive(Debug)]
pub struct Dependent {
    /// Cores to stay on, such as `0,2`.
    pub cores: Option<String>,
    /// The process that must stay alive.
    pub parent: u32,
    /// The broker and its arguments.
    pub command: Vec<OsString>,
}

/// `loadgen broker-until-parent-ends --cores LIST <own pid> <program> ...`
pub fn dependent_command(
    line: &CommandLine,
    pinning: Pinning,
    cores: &[usize],
) -> Result<Command, HostError> {
    let own = std::env::current_exe().map_err(HostError::system("loadgen's own path"))?;
    let mut command = Command::new(own);
    command.arg(COMMAND);
    if pinning == Pinning::BeforeExec {
        command.arg("--cores").arg(cores::list(cores));
    }
    command.arg(std::process::id().to_string()).arg(&line.program).args(&line.arguments);
    Ok(command)
}

/// What the hidden subcommand does. Returns only on failure.
pub fn exec_dependent(dependent: &Dependent) -> HostError {
    if let Err(error) = tie_to(dependent.parent).and_then(|()| pin(dependent.cores.as_deref())) {
        return error;
    }
    let why = Command::new(&dependent.command[0]).args(&dependent.command[1..]).exec();
    HostError::Broker(format!("can't run {}: {why}", Path::new(&dependent.command[0]).display()))
}

fn tie_to(parent: u32) -> Result<(), HostError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|why| HostError::System { what: "a signal at the parent's death", why: why.into() })?;
    // It may have ended before the kernel was asked.
    let is_parent = |pid: Pid| pid.as_raw_nonzero().get() as u32 == parent;
    if rustix::process::getppid().is_some_and(is_parent) {
        Ok(())
    } else {
        Err(HostError::Broker("loadgen ended before its broker began".into()))
    }
}

fn pin(list: Option<&str>) -> Result<(), HostError> {
    let Some(list) = list else { return Ok(()) };
    let mut set = CpuSet::new();
    cores::parse(list)?.into_iter().for_each(|cpu| set.set(cpu));
    sched_setaffinity(None, &set)
        .map_err(|why| HostError::Broker(format!("the broker can't be kept on cores {list}: {why}")))
}
