//! A server as a child process: held to its CPUs, in a process group of its own, killed when this program ends however
//! it ends, and watched: CPU time and peak memory, all threads of it.
//!
//! Both systems are started the same way. loadgen's own start of a broker can't be used here: what a kill leaves on the
//! disk has to be started again.

use crate::error::{BenchError, Result};
use loadgen_host::broker::parent_death;
use loadgen_host::cost;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const LOOK_AGAIN: Duration = Duration::from_millis(20);
const STOP_SECONDS_MAX: u64 = 30;
const READY_SECONDS_MAX: u64 = 60;
const LOG_LINES_SHOWN: usize = 5;

/// A running server.
#[derive(Debug)]
pub struct ServerProcess {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

/// What to run.
#[derive(Debug)]
pub struct Program<'a> {
    /// In errors.
    pub name: &'static str,
    /// The CPUs it may use, such as `0,2`.
    pub cpus: &'a str,
    /// The binary or script; it has to become the server, not to start it.
    pub path: &'a Path,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its environment, beside ours.
    pub environment: Vec<(&'static str, String)>,
    /// Where its output goes.
    pub log: PathBuf,
}

impl ServerProcess {
    /// Starts it. Called by the main thread only: the kernel kills it when the thread that starts it ends.
    pub fn start(program: Program<'_>) -> Result<ServerProcess> {
        let name = program.name;
        let log = File::options().create(true).append(true).open(&program.log);
        let log = log.map_err(BenchError::system(program.log.display().to_string()))?;
        let other = log.try_clone().map_err(BenchError::system("a log file"))?;
        let own = std::env::current_exe().map_err(BenchError::system("this program's path"))?;
        let mut command = Command::new(own);
        command
            .arg(parent_death::COMMAND)
            .args(["--cores", program.cpus])
            .arg(std::process::id().to_string());
        command.arg(program.path).args(program.arguments);
        command.envs(program.environment).process_group(0);
        command.stdin(Stdio::null()).stdout(log).stderr(other);
        let child = command.spawn().map_err(BenchError::system(format!("can't start {name}")))?;
        Ok(ServerProcess { name, child, log: program.log })
    }

    /// Waits until `is_ready`.
    pub fn wait_until(&mut self, is_ready: impl Fn() -> bool) -> Result<()> {
        let patience = Instant::now() + Duration::from_secs(READY_SECONDS_MAX);
        while Instant::now() < patience {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failed(&format!("ended at its start ({status})")));
            }
            if is_ready() {
                return Ok(());
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Err(self.failed("was not ready in time"))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// CPU seconds used so far, all threads.
    pub fn cpu_seconds(&self) -> f64 {
        cost::cpu_seconds(self.pid()).unwrap_or(0.0)
    }

    /// Counts the peak of resident memory anew from now on.
    pub fn forget_peak(&self) {
        let _ = fs::write(format!("/proc/{}/clear_refs", self.pid()), "5"); // where not allowed, the peak is that of its whole run
    }

    /// Resident memory at its most, bytes.
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        parse_peak(&status)
    }

    /// SIGKILL, to it and its helpers, and the end of it.
    pub fn kill_nine(mut self) {
        self.end();
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        if let Some(pid) = Pid::from_raw(self.pid() as i32) {
            let _ = kill_process(pid, Signal::TERM); // not reaped yet, so the number is still its own
        }
        let patience = Instant::now() + Duration::from_secs(STOP_SECONDS_MAX);
        while Instant::now() < patience {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return Ok(());
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Err(self.failed("did not stop in time and was killed"))
    }

    fn failed(&self, what: &str) -> BenchError {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let shown = lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join(" | ");
        BenchError::Said(format!("{} {what}; it said: {shown}", self.name))
    }

    fn end(&mut self) {
        if let (Ok(None), Some(group)) = (self.child.try_wait(), Pid::from_raw(self.pid() as i32)) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.end();
    }
}

fn parse_peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// A port of loopback that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(BenchError::system("a free port"))
}

/// Whether something accepts there.
pub fn accepts(port: u16) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
}

/// Bytes that the files below `dir` take from the disk.
pub fn disk_bytes(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    };
    entries.flatten().map(bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_read_from_the_kernels_words() {
        assert_eq!(parse_peak("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(parse_peak("Name:\tx\n"), None);
    }

    #[test]
    fn files_are_counted_below_directories_too() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("below")).unwrap();
        fs::write(dir.path().join("below/file"), vec![1; 100_000]).unwrap();
        File::open(dir.path().join("below/file")).unwrap().sync_all().unwrap();
        assert!((100_000..200_000).contains(&disk_bytes(dir.path())));
    }
}
