//! A broker that is started here, and loaded.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Duration;

use creel_benches::client::{Check, Drive, Until, drive};
use creel_benches::frames::produce_request;
use creel_benches::process::Server;
use creel_benches::shape::{Acks, Shape};
use creel_benches::side::Side;
use creel_benches::topic::Topic;
use tempfile::TempDir;

/// What it is loaded with.
pub(crate) struct Load {
    pub(crate) shape: Shape,
    pub(crate) acks: Acks,
    pub(crate) is_relaxed: bool,
    /// The broker's and the driver's.
    pub(crate) cpus: [usize; 2],
}

pub(crate) struct Loaded {
    server: Server,
    topic: Topic,
    load: Load,
    _directory: TempDir,
}

impl Loaded {
    pub(crate) fn start(binary: &Path, data_dir: &Path, load: Load) -> io::Result<Loaded> {
        let directory = tempfile::tempdir_in(data_dir)?;
        let server = Server::creel(binary, directory.path(), &load.cpus[0].to_string(), &[])?;
        let side = if load.is_relaxed { Side::CreelRelaxed } else { Side::Creel };
        let configs = side.topic_configs(load.acks);
        let topic = Topic::create(server.address, "waits", load.shape.partitions, configs)?;
        Ok(Loaded { server, topic, load, _directory: directory })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Gives the response times in words.
    pub(crate) fn drive(&self, time: Duration) -> Result<String, Box<dyn Error>> {
        let Load { shape, acks, cpus, .. } = &self.load;
        let request = |partition| produce_request(&self.topic.name, partition, shape, *acks);
        let plan = Drive {
            address: self.server.address,
            requests: (0..shape.partitions).map(request).collect(),
            check: Check::Produced,
            connections: shape.connections,
            in_flight: shape.in_flight,
            interval: shape.work.interval(shape.connections),
            until: Until::Passed(time),
        };
        let driven = drive(&[Some(cpus[1])], plan)?;
        let ms = |quantile| f64::from(driven.percentile_us(quantile)) / 1e3;
        Ok(format!(
            "{:.0} requests/s while traced; response p50 {:.2} ms, p99 {:.2}, p99.9 {:.2}, p99.99 {:.2}, longest {:.2}\n",
            driven.requests as f64 / driven.seconds,
            ms(0.5),
            ms(0.99),
            ms(0.999),
            ms(0.9999),
            ms(1.0)
        ))
    }
}
