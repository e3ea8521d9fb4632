//! The real binary as a child process.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use creel_io::runtime::{self, RuntimeConfig};

/// A broker; dropping it kills it. `CREEL_BINARY` names another build of it.
pub struct Broker {
    child: Child,
}

impl Broker {
    /// Starts it; it may take a while until it serves.
    pub fn start(address: SocketAddr, data_dir: &Path, settings: &[&str]) -> Self {
        Self::begin(command(), address, data_dir, settings)
    }

    /// The same with a bound on its descriptors.
    pub fn start_with_descriptors(
        most: u32,
        address: SocketAddr,
        data_dir: &Path,
        settings: &[&str],
    ) -> Self {
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -n {most} && exec \"$0\" \"$@\"")]).arg(command().get_program());
        Self::begin(limited, address, data_dir, settings)
    }

    /// The same, ignoring SIGHUP, as below nohup.
    pub fn start_below_nohup(address: SocketAddr, data_dir: &Path, settings: &[&str]) -> Self {
        let mut ignoring = Command::new("sh");
        ignoring.args(["-c", "trap '' HUP && exec \"$0\" \"$@\""]).arg(command().get_program());
        Self::begin(ignoring, address, data_dir, settings)
    }

    /// The same, with a log for [`Self::log`].
    pub fn start_with_log(address: SocketAddr, data_dir: &Path, settings: &[&str]) -> Self {
        Self::begin_with(command(), address, data_dir, settings, true)
    }

    fn begin(started: Command, address: SocketAddr, data_dir: &Path, settings: &[&str]) -> Self {
        Self::begin_with(started, address, data_dir, settings, false)
    }

    fn begin_with(
        started: Command,
        address: SocketAddr,
        data_dir: &Path,
        settings: &[&str],
        is_logged: bool,
    ) -> Self {
        // A test in the background of a script has some signals ignored, and hands that down.
        let mut command = Command::new("env");
        command.arg("--default-signal=TERM,INT,HUP").arg(started.get_program()).args(started.get_args());
        command.arg("--listen").arg(address.to_string()).arg("--data-dir").arg(data_dir);
        command.args(settings.iter().flat_map(|setting| ["--set", setting]));
        let (loudness, log) = match is_logged {
            true => ("info", Stdio::piped()),
            false => ("error", Stdio::inherit()),
        };
        let loudness = std::env::var("CREEL_LOG").unwrap_or_else(|_| loudness.to_owned());
        // The test's own variables are no settings of the broker's.
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let child = command.stdout(Stdio::piped()).stderr(log).env("CREEL_LOG", loudness).spawn();
        Self { child: child.unwrap() }
    }

    /// Whether it says that it serves, and does not end before that. What it says later finds nobody who reads.
    pub fn comes_up(&mut self) -> bool {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        lines.next().is_some()
    }

    /// What it logs from now on, if it was started with that. Taken once.
    pub fn log(&mut self) -> ChildStderr {
        self.child.stderr.take().unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends it a signal: TERM, INT or HUP.
    pub fn signal(&self, name: &str) {
        // It may be gone by then.
        let _ = Command::new("sh").args(["-c", &format!("kill -{name} {} 2>&-", self.child.id())]).status();
    }

    /// Waits until it has ended; its exit code.
    pub fn end(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Ends it as kill -9 does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.code().is_none(), "it ended by itself: {status}");
    }

    /// Bytes of memory that are its own.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Descriptors it holds.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(self.proc("fd")).unwrap().count()
    }

    /// CPU it has used, in clock ticks (of 10 ms).
    pub fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(self.proc("stat")).unwrap();
        let behind_name = stat.rsplit_once(") ").unwrap().1;
        let fields: Vec<&str> = behind_name.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn proc(&self, what: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{what}", self.child.id()))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary.
pub fn command() -> Command {
    Command::new(std::env::var("CREEL_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_creel").to_owned()))
}

/// An address nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Runs a test's own part on a core of this process.
pub fn on_core<F>(body: impl FnOnce() -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + 'static,
{
    runtime::start(&RuntimeConfig::unpinned(1), move |_| body.clone()()).unwrap().join();
}
