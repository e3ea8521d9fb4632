//! loadgen's own broker: found, started on a free port in a temporary directory, and never left behind.
//!
//! It is started through loadgen itself (`LEASH_COMMAND`): that process asks the kernel to kill it when its parent ends,
//! which holds across exec, and then becomes the broker. So no broker outlives a loadgen that was killed.

use crate::client::control::Control;
use crate::error::LoadError;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The hidden subcommand that becomes a broker.
pub const LEASH_COMMAND: &str = "broker-on-a-leash";
const BROKER_NAME: &str = "creel";
const BROKER_PACKAGE: &str = "creel-server";
const READY_SECONDS_MAX: u64 = 30;
const STOP_SECONDS_MAX: u64 = 20;
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const LOG_LINES_SHOWN: usize = 5;

/// How to start it.
#[derive(Debug, Clone, Default)]
pub struct BrokerOptions {
    /// The binary, if not the one beside loadgen.
    pub binary: Option<PathBuf>,
    /// `--cores`.
    pub cores: Option<String>,
    /// `--set`, each.
    pub settings: Vec<String>,
    /// Where the temporary directory is made.
    pub parent_dir: Option<PathBuf>,
}

/// A running broker; dropping it kills it.
#[derive(Debug)]
pub struct OwnBroker {
    child: Child,
    address: SocketAddr,
    dir: TempDir,
    was_killed: bool,
}

impl OwnBroker {
    /// Starts a broker and waits until it answers, or until `interrupted`.
    pub fn start(options: &BrokerOptions, interrupted: &dyn Fn() -> bool) -> Result<OwnBroker, LoadError> {
        let binary = find_binary(options.binary.as_deref())?;
        let dir = temporary_dir(options.parent_dir.as_deref())?;
        let address = free_address()?;
        let mut command = leashed(&binary)?;
        command.arg("--listen").arg(address.to_string()).arg("--data-dir").arg(dir.path().join("data"));
        if let Some(cores) = &options.cores {
            command.arg("--cores").arg(cores);
        }
        for setting in &options.settings {
            command.arg("--set").arg(setting);
        }
        let log_path = dir.path().join("log");
        let log = File::create(&log_path).map_err(|why| LoadError::File { path: log_path, why })?;
        let other = log.try_clone().map_err(LoadError::system("a log file"))?;
        // Its own process group: a Ctrl-C is loadgen's to handle, which then stops the broker in order.
        command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(other);
        let child = command.spawn();
        let child =
            child.map_err(|why| LoadError::Broker(format!("can't start {}: {why}", binary.display())))?;
        let mut broker = OwnBroker { child, address, dir, was_killed: false };
        broker.wait_until_ready(interrupted)?;
        Ok(broker)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its data directory, there until the broker is dropped.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// An error if it is not running any more.
    pub fn check(&mut self) -> Result<(), LoadError> {
        match self.child.try_wait() {
            Ok(Some(status)) => Err(self.died(status)),
            _ => Ok(()),
        }
    }

    /// If it died by itself within a moment, that is the error to tell, and `error` only follows from it.
    pub fn explain(&mut self, error: LoadError) -> LoadError {
        if self.was_killed {
            return error;
        }
        for _ in 0..20 {
            if let Err(died) = self.check() {
                return died;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        error
    }

    /// Asks it to stop and waits until its files are closed; kills it if that takes too long.
    pub fn stop(&mut self) -> Result<(), LoadError> {
        self.check()?;
        self.signal(Signal::TERM);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(STOP_SECONDS_MAX) {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(self.died(status)),
                _ => std::thread::sleep(LOOK_AGAIN),
            }
        }
        self.kill();
        Err(LoadError::Broker(format!("the broker did not stop within {STOP_SECONDS_MAX} s and was killed")))
    }

    fn wait_until_ready(&mut self, interrupted: &dyn Fn() -> bool) -> Result<(), LoadError> {
        let started = Instant::now();
        loop {
            self.check()?;
            match Control::connect(self.address) {
                Ok(_) => return Ok(()),
                Err(error) if started.elapsed() > Duration::from_secs(READY_SECONDS_MAX) => {
                    let tail = self.log_tail();
                    let why = format!("the broker was not ready within {READY_SECONDS_MAX} s: {error}{tail}");
                    return Err(LoadError::Broker(why));
                }
                Err(_) if interrupted() => return Err(LoadError::Broker("interrupted".into())),
                Err(_) => std::thread::sleep(LOOK_AGAIN),
            }
        }
    }

    fn died(&self, status: ExitStatus) -> LoadError {
        LoadError::Broker(format!("the broker ended ({status}){}", self.log_tail()))
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read(self.dir.path().join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
        if shown.is_empty() { String::new() } else { format!("; it said: {}", shown.join(" | ")) }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process(pid, signal); // not reaped yet, so the number is still its own
        }
    }

    fn kill(&mut self) {
        self.was_killed = true;
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `loadgen LEASH_COMMAND <own pid> <binary> ...`
fn leashed(binary: &Path) -> Result<Command, LoadError> {
    let own = std::env::current_exe().map_err(LoadError::system("loadgen's own path"))?;
    let mut command = Command::new(own);
    command.arg(LEASH_COMMAND).arg(std::process::id().to_string()).arg(binary);
    Ok(command)
}

/// What the hidden subcommand does: ties itself to `parent` and becomes `command`. Returns only on failure.
pub fn become_leashed(parent: u32, command: &[OsString]) -> LoadError {
    if let Err(why) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        return LoadError::System { what: "a signal at the parent's death", why: why.into() };
    }
    let is_parent = |pid: Pid| pid.as_raw_nonzero().get() as u32 == parent;
    if !rustix::process::getppid().is_some_and(is_parent) {
        return LoadError::Broker("loadgen ended before its broker began".into());
    }
    let why = Command::new(&command[0]).args(&command[1..]).exec();
    LoadError::Broker(format!("can't run {}: {why}", Path::new(&command[0]).display()))
}

fn temporary_dir(parent: Option<&Path>) -> Result<TempDir, LoadError> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("loadgen-");
    let made = match parent {
        Some(parent) => builder.tempdir_in(parent),
        None => builder.tempdir(),
    };
    let path = parent.map_or_else(std::env::temp_dir, Path::to_owned);
    made.map_err(|why| LoadError::File { path, why })
}

/// A port that was free a moment ago.
fn free_address() -> Result<SocketAddr, LoadError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.map_err(LoadError::system("a free port"))
}

/// The binary named, or the one beside loadgen; under `cargo run` that one is built first, so that it is never stale.
fn find_binary(named: Option<&Path>) -> Result<PathBuf, LoadError> {
    if let Some(named) = named {
        return named.is_file().then(|| named.to_owned()).ok_or_else(|| missing(named));
    }
    let own = std::env::current_exe().map_err(LoadError::system("loadgen's own path"))?;
    // Tests run from `deps`, one below.
    let dir = own.parent().map(|dir| if dir.ends_with("deps") { dir.parent().unwrap_or(dir) } else { dir });
    let beside = dir.unwrap_or(Path::new(".")).join(BROKER_NAME);
    if let Some(cargo) = std::env::var_os("CARGO") {
        build(&cargo, &beside)?;
    }
    beside.is_file().then(|| beside.clone()).ok_or_else(|| missing(&beside))
}

fn missing(path: &Path) -> LoadError {
    LoadError::Broker(format!(
        "no broker at {}: build it with `cargo build --release -p {BROKER_PACKAGE}`, name one with --broker-bin, or a \
         running one with --bootstrap",
        path.display()
    ))
}

/// Builds the broker with the profile that loadgen itself was built with.
fn build(cargo: &std::ffi::OsStr, beside: &Path) -> Result<(), LoadError> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let profile_dir = beside.parent();
    let (Some(profile), Some(target)) =
        (profile_dir.and_then(Path::file_name), profile_dir.and_then(Path::parent))
    else {
        return Ok(());
    };
    if !workspace.join("Cargo.toml").is_file() {
        return Ok(());
    }
    let profile = if profile == "debug" { "dev".into() } else { profile.to_owned() };
    let mut command = Command::new(cargo);
    command.current_dir(&workspace).args([
        "build",
        "--quiet",
        "--package",
        BROKER_PACKAGE,
        "--bin",
        BROKER_NAME,
    ]);
    command.arg("--profile").arg(profile).arg("--target-dir").arg(target);
    let status = command.status().map_err(LoadError::system("cargo"))?;
    if status.success() { Ok(()) } else { Err(LoadError::Broker("the broker does not build".into())) }
}
