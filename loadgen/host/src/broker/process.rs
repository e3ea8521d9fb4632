//! A broker's process: started on a free port in a temporary directory, watched, stopped in order, never left behind.

use super::parent_death::dependent_command;
use super::{CommandLine, Kind, Launch, LaunchSite};
use crate::error::HostError;
use loadgen_engine::client::control::Control;
use loadgen_result::files::FileError;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// How long a broker whose connections broke may take to be seen as ended.
const LOOKS_FOR_DEATH: usize = 20;
const LOG_LINES_SHOWN: usize = 5;

/// A running broker; dropping it kills it and removes its directory.
#[derive(Debug)]
pub struct OwnBroker {
    child: Group,
    address: SocketAddr,
    cores: Vec<usize>,
    dir: TempDir,
    data_dir: PathBuf,
    launch: Launch,
    /// Asked to stop or killed by this run: that it ended is then no news.
    was_ended: bool,
}

impl OwnBroker {
    /// Starts a broker and waits until it answers, or until `interrupted`.
    pub fn start(
        kind: &Kind,
        cores: &[usize],
        parent_dir: Option<&Path>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<OwnBroker, HostError> {
        let dir = temporary_dir(parent_dir)?;
        let address = free_address()?;
        let place = LaunchSite { dir: dir.path(), address, cores };
        let launch = kind.launch(&place)?;
        for line in &launch.before {
            run_to_its_end(line, &launch, &place, interrupted)?;
        }
        let child = spawn(&launch.broker, &launch, &place)?;
        let data_dir = place.data_dir();
        let mut broker =
            OwnBroker { child, address, cores: cores.to_vec(), dir, data_dir, launch, was_ended: false };
        broker.wait_until_ready(interrupted)?;
        Ok(broker)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// How it was started.
    pub fn launch(&self) -> &Launch {
        &self.launch
    }

    /// Its data directory, there until the broker is dropped.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// An error if it is not running any more.
    pub fn check(&mut self) -> Result<(), HostError> {
        match self.child.0.try_wait() {
            Ok(Some(status)) => Err(self.died(status)),
            _ => Ok(()),
        }
    }

    /// Kills it as a fault would: no warning, no time to write anything. Returns what process that was.
    pub fn crash(&mut self) -> u32 {
        let pid = self.pid();
        self.child.kill();
        pid
    }

    /// Starts it again on the same port and data; it is not waited for.
    pub fn restart(&mut self) -> Result<(), HostError> {
        let place = LaunchSite { dir: self.dir.path(), address: self.address, cores: &self.cores };
        self.child = spawn(&self.launch.broker, &self.launch, &place)?;
        Ok(())
    }

    /// The error to tell: if the broker died by itself within a moment, that is it, and `error` only follows from it.
    pub fn explain<E: From<HostError>>(&mut self, error: E) -> E {
        if self.was_ended {
            return error;
        }
        for _ in 0..LOOKS_FOR_DEATH {
            if let Err(died) = self.check() {
                return died.into();
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        error
    }

    /// Asks it to stop and waits until its files are closed; kills it if that takes too long.
    pub fn stop(&mut self) -> Result<(), HostError> {
        self.check()?;
        self.was_ended = true;
        self.child.signal(Signal::TERM);
        let started = Instant::now();
        while started.elapsed() < self.launch.stop_within {
            match self.child.0.try_wait() {
                Ok(Some(status)) if (self.launch.is_orderly)(status) => return Ok(()),
                Ok(Some(status)) => return Err(self.died(status)),
                _ => std::thread::sleep(LOOK_AGAIN),
            }
        }
        self.child.kill();
        let seconds = self.launch.stop_within.as_secs();
        Err(HostError::Broker(format!("the broker did not stop within {seconds} s and was killed")))
    }

    fn wait_until_ready(&mut self, interrupted: &dyn Fn() -> bool) -> Result<(), HostError> {
        let started = Instant::now();
        loop {
            self.check()?;
            match Control::connect(self.address) {
                Ok(_) => return Ok(()),
                Err(error) if started.elapsed() > self.launch.ready_within => {
                    let (seconds, tail) = (self.launch.ready_within.as_secs(), log_tail(self.dir.path()));
                    let why = format!("the broker did not answer within {seconds} s: {error}{tail}");
                    return Err(HostError::Broker(why));
                }
                Err(_) if interrupted() => return Err(HostError::Interrupted),
                Err(_) => std::thread::sleep(LOOK_AGAIN),
            }
        }
    }

    fn died(&self, status: ExitStatus) -> HostError {
        HostError::Broker(format!("the broker ended ({status}){}", log_tail(self.dir.path())))
    }
}

/// A process that leads its own group. So loadgen handles a Ctrl-C, and whatever the process starts ends with it.
/// Dropping this kills the group.
#[derive(Debug)]
struct Group(Child);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.0.id() as i32) {
            let _ = kill_process_group(pid, signal); // all of it may have ended by itself
        }
    }

    fn kill(&mut self) {
        // Once it is reaped its number may be another's.
        if let Ok(None) = self.0.try_wait() {
            self.signal(Signal::KILL);
            let _ = self.0.wait();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(line: &CommandLine, launch: &Launch, place: &LaunchSite<'_>) -> Result<Group, HostError> {
    let path = log_path(place.dir);
    let log = File::options().create(true).append(true).open(&path);
    let log = log.map_err(|why| HostError::File(FileError { path, why }))?;
    let other = log.try_clone().map_err(HostError::system("a log file"))?;
    let mut command = dependent_command(line, launch.pinning, place.cores)?;
    command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(other);
    let child = command.spawn();
    child
        .map(Group)
        .map_err(|why| HostError::Broker(format!("can't start {}: {why}", line.program.display())))
}

fn run_to_its_end(
    line: &CommandLine,
    launch: &Launch,
    place: &LaunchSite<'_>,
    interrupted: &dyn Fn() -> bool,
) -> Result<(), HostError> {
    let mut child = spawn(line, launch, place)?;
    loop {
        match child.0.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                let tail = log_tail(place.dir);
                return Err(HostError::Broker(format!(
                    "the program that prepares the broker failed ({status}){tail}"
                )));
            }
            _ if interrupted() => return Err(HostError::Interrupted),
            _ => std::thread::sleep(LOOK_AGAIN),
        }
    }
}

fn log_path(dir: &Path) -> PathBuf {
    dir.join("log")
}

/// The last lines of what the broker said, to be appended to an error.
fn log_tail(dir: &Path) -> String {
    let log = fs::read(log_path(dir)).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
    if shown.is_empty() { String::new() } else { format!("; it said: {}", shown.join(" | ")) }
}

fn temporary_dir(parent: Option<&Path>) -> Result<TempDir, HostError> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("loadgen-");
    let made = match parent {
        Some(parent) => builder.tempdir_in(parent),
        None => builder.tempdir(),
    };
    let path = parent.map_or_else(std::env::temp_dir, Path::to_owned);
    made.map_err(|why| HostError::File(FileError { path, why }))
}

/// The ports that the kernel gives to outgoing connections begin here, unless it says otherwise.
const EPHEMERAL_FROM: u16 = 32_768;
const EPHEMERAL_RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
const PORTS_FROM: u16 = 10_000;
const PORTS_TRIED: u64 = 200;

/// A port that was free a moment ago, and that the kernel gives to no outgoing connection. So a killed broker finds
/// it free again, and a client that tries to connect meanwhile is not connected to itself.
pub(super) fn free_address() -> Result<SocketAddr, HostError> {
    let range = fs::read_to_string(EPHEMERAL_RANGE).unwrap_or_default();
    let ephemeral = range.split_whitespace().next().and_then(|from| from.parse().ok());
    let ports = u64::from(ephemeral.unwrap_or(EPHEMERAL_FROM).saturating_sub(PORTS_FROM));
    let random = RandomState::new();
    let mut tries = (0..PORTS_TRIED).filter(|_| ports > 0);
    let found = tries.find_map(|i| {
        let port = PORTS_FROM + (random.hash_one(i) % ports) as u16;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
    });
    let listener = found.map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), Ok);
    listener.and_then(|listener| listener.local_addr()).map_err(HostError::system("a free port"))
}
