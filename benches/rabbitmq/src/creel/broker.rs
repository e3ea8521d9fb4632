//! A broker on a free port of loopback, in a temporary directory that outlives a kill.

use crate::error::{BenchError, Result};
use crate::server_process::{Program, ServerProcess, accepts, disk_bytes, free_port};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;

/// A broker and its directory.
#[derive(Debug)]
pub struct Broker {
    server: Option<ServerProcess>,
    binary: PathBuf,
    cpus: String,
    port: u16,
    dir: TempDir,
}

impl Broker {
    /// Starts one and waits until it serves.
    pub fn start(binary: &Path, cpus: &str) -> Result<Broker> {
        let dir = tempfile::Builder::new().prefix("creel-rabbitmq-").tempdir();
        let dir = dir.map_err(BenchError::system("a temporary directory"))?;
        let (binary, cpus) = (binary.to_owned(), cpus.to_owned());
        let mut broker = Broker { server: None, binary, cpus, port: free_port()?, dir };
        broker.start_again()?;
        Ok(broker)
    }

    /// Starts it on what is in the directory; gives the seconds until it served.
    pub fn start_again(&mut self) -> Result<f64> {
        let began = Instant::now();
        let mut server = ServerProcess::start(Program {
            name: "creel",
            cpus: &self.cpus,
            path: &self.binary,
            arguments: vec![
                "--listen".into(),
                self.address().to_string(),
                "--data-dir".into(),
                self.data_dir().display().to_string(),
                "--cores".into(),
                self.cpus.clone(),
            ],
            environment: Vec::new(),
            log: self.dir.path().join("log"),
        })?;
        let port = self.port;
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
        self.server.as_ref().ok_or_else(|| BenchError::Said("the broker is not running".into()))
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Its data.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// What its data takes on disk.
    pub fn disk_bytes(&self) -> u64 {
        disk_bytes(&self.data_dir())
    }
}
