//! Servers as child processes, and the CPU time they have used.

use nix::time::ClockId;
use nix::unistd::Pid;
use rustix::process::Signal;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Apache Kafka's settings beyond its defaults. A removed topic's files go at once, so that no later round pays for
/// that.
pub const KAFKA_SETTINGS: [&str; 2] = ["log.segment.delete.delay.ms=100", "log.initial.task.delay.ms=100"];

/// A start is known to this.
const BETWEEN_CONNECTS: Duration = Duration::from_micros(500);

/// Flags that Apache Kafka's JVM gets, heap included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jvm {
    /// Those of its start scripts: a heap of 1 GiB.
    StartScripts,
    /// Those that its documentation recommends, under Operations, Java version.
    Documented,
}

impl Jvm {
    /// The flags.
    #[must_use]
    pub fn flags(self) -> &'static str {
        match self {
            Jvm::StartScripts => {
                "-Xmx1G -Xms1G -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 \
                 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true"
            }
            Jvm::Documented => {
                "-Xmx6g -Xms6g -XX:MetaspaceSize=96m -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
                 -XX:InitiatingHeapOccupancyPercent=35 -XX:G1HeapRegionSize=16M -XX:MinMetaspaceFreeRatio=50 \
                 -XX:MaxMetaspaceFreeRatio=80 -XX:+ExplicitGCInvokesConcurrent"
            }
        }
    }
}

/// A server that was started for the bench; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// How it writes, if it says so.
    pub writes: Option<String>,
}

impl Server {
    /// Starts the floor, pinned where a CPU is named. Its first line is its address, and behind that how it writes.
    pub fn floor(
        binary: &Path,
        directory: &Path,
        cpu: Option<usize>,
        options: &[String],
    ) -> io::Result<Server> {
        let mut command = Command::new(binary);
        command.arg("--dir").arg(directory).args(options);
        command.args(cpu.map(|cpu| format!("--cpu={cpu}")));
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the floor has no output"))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let (address, writes) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let address = address.parse().map_err(|_| io::Error::other(format!("the floor said: {line}")))?;
        let writes = (!writes.is_empty()).then(|| writes.to_owned());
        Ok(Server { child, address, writes })
    }

    /// Starts `creel` on a free port and the CPUs `cpus`, with `settings` (each `key=value`), and waits until it accepts.
    pub fn creel(binary: &Path, directory: &Path, cpus: &str, settings: &[String]) -> io::Result<Server> {
        Server::creel_by(Command::new(binary), directory, cpus, settings)
    }

    /// The same with `shards` threads that all run on the one CPU `cpu`.
    pub fn creel_on_one_cpu(
        binary: &Path,
        directory: &Path,
        cpu: usize,
        shards: usize,
        settings: &[String],
    ) -> io::Result<Server> {
        let mut held = Command::new("taskset");
        held.args(["--cpu-list", &cpu.to_string()]).arg(binary).args(["--set", "creel.pin=false"]);
        Server::creel_by(held, directory, &format!("0-{}", shards - 1), settings)
    }

    fn creel_by(
        mut command: Command,
        directory: &Path,
        cores: &str,
        settings: &[String],
    ) -> io::Result<Server> {
        let address = free_address()?;
        command.args(["--listen", &address.to_string(), "--cores", cores]);
        command.arg("--data-dir").arg(directory);
        command.args(settings.iter().flat_map(|setting| ["--set", setting]));
        if std::env::var_os("CREEL_LOG").is_none() {
            // Its lines on topics would stand between the bench's.
            command.env("CREEL_LOG", "warn");
        }
        Server::broker(command, address)
    }

    /// Starts Apache Kafka by `command` (which becomes it) on a free port, held to `cpus`, and waits until it accepts.
    pub fn kafka(command: &Path, directory: &Path, cpus: &str, jvm: Jvm) -> io::Result<Server> {
        let address = free_address()?;
        let mut held = Command::new("taskset");
        held.args(["--cpu-list", cpus]).arg(command).arg("kafka");
        held.arg(format!("--jvm={}", jvm.flags())).args(["--port", &address.port().to_string()]);
        held.arg("--data-dir").arg(directory);
        held.args(KAFKA_SETTINGS.iter().flat_map(|setting| ["--set", setting]));
        Server::broker(held, address)
    }

    fn broker(mut command: Command, address: SocketAddr) -> io::Result<Server> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn()?;
        let mut server = Server { child, address, writes: None };
        server.wait_until_accepting()?;
        Ok(server)
    }

    fn wait_until_accepting(&mut self) -> io::Result<()> {
        let patience = Instant::now() + Duration::from_secs(60);
        while Instant::now() < patience {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the broker ended at its start: {status}")));
            }
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            std::thread::sleep(BETWEEN_CONNECTS);
        }
        Err(io::Error::other("the broker does not accept connections"))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// CPU seconds (user and system) used so far by all of its threads, to the nanosecond.
    pub fn cpu_seconds(&self) -> io::Result<f64> {
        let pid = Pid::from_raw(self.child.id() as i32);
        let used = ClockId::pid_cpu_clock_id(pid)?.now()?;
        Ok(Duration::from(used).as_secs_f64())
    }

    /// Resident memory's peak in MiB.
    pub fn peak_memory_mib(&self) -> io::Result<f64> {
        self.status_mib("VmHWM:")
    }

    /// Resident memory in MiB.
    pub fn memory_mib(&self) -> io::Result<f64> {
        self.status_mib("VmRSS:")
    }

    fn status_mib(&self, name: &str) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap_or("0 kB");
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
        Ok(kib / 1024.0)
    }

    /// Asks it to stop and waits until it has. An error if it says that it could not.
    pub fn stop(mut self) -> io::Result<()> {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("it stopped with {status}"))) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> io::Result<SocketAddr> {
    std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()
}
