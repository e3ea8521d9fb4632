//! One measured round, and what is made of several.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::client::{Drive, check_nothing, check_produce_reply, drive};
use crate::frames;
use crate::process::Server;
use crate::shape::{Acks, Shape};

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The minimal loop.
    Floor,
    /// The broker.
    Creel,
}

/// Binaries, and where the rounds run.
pub struct Setting {
    /// Folder of the built binaries.
    pub binaries: PathBuf,
    /// How long a round drives.
    pub duration: Duration,
    /// The server's CPU.
    pub server_cpu: usize,
    /// The driver's CPU.
    pub driver_cpu: usize,
    /// Whether the floor, too, writes ever new pages.
    pub fresh: bool,
}

/// The figures of a round.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    /// Who was measured.
    pub side: Side,
    /// The shape's name.
    pub shape: &'static str,
    /// "written" or "durable".
    pub acks: &'static str,
    /// Requests answered a second.
    pub requests_per_second: f64,
    /// Microseconds of the server's CPU a request.
    pub cpu_us_per_request: f64,
    /// CPU seconds a GB of batches.
    pub cpu_seconds_per_gb: f64,
    /// Response times.
    pub p50_us: u32,
    /// Response times.
    pub p99_us: u32,
    /// Response times.
    pub p999_us: u32,
    /// The server's peak memory.
    pub peak_memory_mib: f64,
}

impl Setting {
    /// Runs one round against a fresh server over fresh data.
    pub fn round(&self, side: Side, shape: &Shape, acks: Acks) -> io::Result<Round> {
        let directory = tempfile::tempdir()?;
        let server = self.start(side, directory.path(), acks)?;
        let warm_up = self.plan(side, &server, shape, acks, self.duration / 5);
        drive(&warm_up).map_err(io::Error::other)?;
        let before = server.cpu_seconds()?;
        let driven =
            drive(&Drive { greeting: None, duration: self.duration, ..warm_up }).map_err(io::Error::other)?;
        let cpu = server.cpu_seconds()? - before;
        let bytes = driven.requests as f64 * shape.batch_bytes as f64;
        Ok(Round {
            side,
            shape: shape.name,
            acks: if acks == Acks::Durable { "durable" } else { "written" },
            requests_per_second: driven.requests as f64 / driven.seconds,
            cpu_us_per_request: cpu * 1e6 / driven.requests as f64,
            cpu_seconds_per_gb: cpu / (bytes / 1e9),
            p50_us: driven.percentile_us(0.5),
            p99_us: driven.percentile_us(0.99),
            p999_us: driven.percentile_us(0.999),
            peak_memory_mib: server.peak_memory_mib()?,
        })
    }

    fn start(&self, side: Side, directory: &Path, acks: Acks) -> io::Result<Server> {
        match side {
            Side::Floor => {
                let options = [(acks == Acks::Durable, "--durable"), (self.fresh, "--fresh")];
                let options: Vec<_> =
                    options.into_iter().filter_map(|(on, name)| on.then_some(name)).collect();
                Server::floor(&self.binaries.join("floor"), directory, self.server_cpu, &options)
            }
            Side::Creel => Server::creel(&self.binaries.join("creel"), directory, self.server_cpu),
        }
    }

    fn plan(&self, side: Side, server: &Server, shape: &Shape, acks: Acks, duration: Duration) -> Drive {
        Drive {
            address: server.address,
            greeting: (side == Side::Creel).then(frames::metadata_request),
            request: frames::produce_request(shape, acks),
            check: if side == Side::Creel { check_produce_reply } else { check_nothing },
            connections: shape.connections,
            in_flight: shape.in_flight,
            duration,
            cpu: self.driver_cpu,
        }
    }
}
