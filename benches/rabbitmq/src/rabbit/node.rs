//! A RabbitMQ node of our own: free ports of loopback, everything in a temporary directory, its own epmd.
//!
//! The machine's own service, if there is one, is neither used nor touched. Debian's wrapper would become the user
//! `rabbitmq`; the script below it runs as whoever calls it. `detached` has that script become the server instead of
//! waiting for it, so that the process started is the process measured and killed.

use crate::error::{BenchError, Result};
use crate::server_process::{Program, ServerProcess, accepts, disk_bytes, free_port};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;

/// Where Debian's package has the script.
pub const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const NODE_NAME: &str = "creel-bench@localhost";

/// A node, its epmd and its directory; all gone when dropped.
#[derive(Debug)]
pub struct Node {
    server: Option<ServerProcess>,
    _epmd: ServerProcess,
    cpus: String,
    ports: Ports,
    dir: TempDir,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    amqp: u16,
    distribution: u16,
    epmd: u16,
}

impl Node {
    /// Whether it can be started here.
    pub fn is_installed() -> bool {
        Path::new(SERVER).is_file()
    }

    /// Starts one and waits until it serves.
    pub fn start(cpus: &str) -> Result<Node> {
        let dir = tempfile::Builder::new().prefix("creel-rabbitmq-").tempdir();
        let dir = dir.map_err(BenchError::system("a temporary directory"))?;
        let ports = Ports { amqp: free_port()?, distribution: free_port()?, epmd: free_port()? };
        lay_out(dir.path(), ports)?;
        let mut epmd = ServerProcess::start(Program {
            name: "epmd",
            cpus,
            path: Path::new("epmd"),
            arguments: ["-address", "127.0.0.1", "-port", &ports.epmd.to_string()].map(str::to_owned).into(),
            environment: Vec::new(),
            log: dir.path().join("epmd.log"),
        })?;
        epmd.wait_until(|| accepts(ports.epmd))?;
        let mut node = Node { server: None, _epmd: epmd, cpus: cpus.to_owned(), ports, dir };
        node.start_again()?;
        Ok(node)
    }

    /// Starts the server on what is in the directory; gives the seconds until it served.
    pub fn start_again(&mut self) -> Result<f64> {
        let began = Instant::now();
        let mut server = ServerProcess::start(Program {
            name: "rabbitmq-server",
            cpus: &self.cpus,
            path: Path::new(SERVER),
            arguments: Vec::new(),
            environment: environment(self.dir.path(), self.ports),
            log: self.dir.path().join("server.log"),
        })?;
        let port = self.ports.amqp;
        server.wait_until(|| accepts(port))?;
        self.server = Some(server);
        Ok(began.elapsed().as_secs_f64())
    }

    /// SIGKILL.
    pub fn kill_nine(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill_nine();
        }
    }

    /// Stops it in order.
    pub fn stop(mut self) -> Result<()> {
        self.server.take().map_or(Ok(()), ServerProcess::stop)
    }

    /// The process.
    pub fn server(&self) -> Result<&ServerProcess> {
        self.server.as_ref().ok_or_else(|| BenchError::Said("the node is not running".into()))
    }

    /// Where clients connect.
    pub fn uri(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.ports.amqp)
    }

    /// Whether the quorum queue of this name would be found again after a kill: ra keeps the names of its servers in a
    /// table that is saved half a second after a change, and not before a declaration or a message is confirmed. A queue
    /// whose name was not saved is begun anew, empty and without a leader.
    pub fn has_saved(&self, queue: &str) -> bool {
        let names = self.data_dir().join(NODE_NAME).join("quorum").join(NODE_NAME).join("names.dets");
        let name = queue.as_bytes();
        fs::read(names).is_ok_and(|table| table.windows(name.len()).any(|piece| piece == name))
    }

    /// What its data takes on disk.
    pub fn disk_bytes(&self) -> u64 {
        disk_bytes(&self.data_dir())
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// `RabbitMQ 3.10.8 on Erlang 25.2.3 [jit]`, as it says itself.
    pub fn version(&self) -> Option<String> {
        let logs = fs::read_dir(self.dir.path().join("log")).ok()?;
        logs.flatten().find_map(|log| parse_version(&fs::read_to_string(log.path()).ok()?))
    }
}

fn parse_version(log: &str) -> Option<String> {
    let line = log.lines().find_map(|line| line.split_once("Starting RabbitMQ "))?;
    Some(format!("RabbitMQ {}", line.1.trim()))
}

fn lay_out(dir: &Path, ports: Ports) -> Result<()> {
    let failed = |path: &PathBuf| BenchError::system(path.display().to_string());
    for name in ["home", "data", "log"] {
        let path = dir.join(name);
        fs::create_dir(&path).map_err(failed(&path))?;
    }
    let config = format!("listeners.tcp.1 = 127.0.0.1:{}\nlog.console = false\n", ports.amqp);
    for (name, text) in [("rabbitmq.conf", config.as_str()), ("enabled_plugins", "[].\n")] {
        let path = dir.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

fn environment(dir: &Path, ports: Ports) -> Vec<(&'static str, String)> {
    let within = |name: &str| dir.join(name).display().to_string();
    vec![
        ("HOME", within("home")),
        ("RABBITMQ_NODENAME", NODE_NAME.to_owned()),
        ("RABBITMQ_NODE_PORT", ports.amqp.to_string()),
        ("RABBITMQ_DIST_PORT", ports.distribution.to_string()),
        ("RABBITMQ_MNESIA_BASE", within("data")),
        ("RABBITMQ_LOG_BASE", within("log")),
        ("RABBITMQ_PID_FILE", within("pid")),
        ("RABBITMQ_CONFIG_FILE", within("rabbitmq.conf")),
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", within("enabled_plugins")),
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}".to_owned()),
        ("ERL_EPMD_PORT", ports.epmd.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("detached", "1".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_nodes_own_word() {
        let log =
            "2026 [info] <0.9.0> x\n2026 [info] <0.9.0>  Starting RabbitMQ 3.10.8 on Erlang 25.2.3 [jit]\n";
        assert_eq!(parse_version(log).as_deref(), Some("RabbitMQ 3.10.8 on Erlang 25.2.3 [jit]"));
        assert_eq!(parse_version("nothing"), None);
    }

    #[test]
    fn nothing_of_it_lies_or_listens_outside() {
        let dir = tempfile::tempdir().unwrap();
        let ports = Ports { amqp: 5, distribution: 6, epmd: 7 };
        lay_out(dir.path(), ports).unwrap();
        let config = fs::read_to_string(dir.path().join("rabbitmq.conf")).unwrap();
        assert!(config.contains("listeners.tcp.1 = 127.0.0.1:5\n"), "{config}");
        let environment = environment(dir.path(), ports);
        for name in ["HOME", "RABBITMQ_MNESIA_BASE", "RABBITMQ_LOG_BASE", "RABBITMQ_PID_FILE"] {
            let (_, value) = environment.iter().find(|(known, _)| *known == name).unwrap();
            assert!(Path::new(value).starts_with(dir.path()), "{name} is {value}");
        }
    }
}
