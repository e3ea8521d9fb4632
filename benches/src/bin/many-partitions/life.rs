//! One life of a broker: it starts with nothing, is given partitions, stops, starts, is killed, and starts again.

use std::error::Error;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use creel_benches::cpu_layout::CpuLayout;
use creel_benches::frames::produce_request;
use creel_benches::process::Server;
use creel_benches::shape::{Acks, SINGLE};
use creel_benches::topic::{Topic, exchange};
use creel_wire::ErrorCode;
use creel_wire::api::produce::ProduceRequest;

use crate::Args;
use crate::busy::{busy_p99_us, shape};
use crate::table::Figure;

/// Partitions of a topic.
const TOPIC_PARTITIONS: i32 = 1_000;
/// Until memory that a start needed is given back.
const SETTLING: Duration = Duration::from_secs(1);

/// What is started, where.
pub(crate) struct Place<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) data_dir: &'a Path,
    pub(crate) cpus: &'a [usize],
    pub(crate) settings: &'a [String],
}

pub(crate) struct Life<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) args: &'a Args,
}

impl Place<'_> {
    /// A broker that listens, and when it was started.
    fn start(&self, directory: &Path) -> io::Result<(Server, Instant)> {
        let began = Instant::now();
        let cpus = CpuLayout::shared(self.cpus).server_list();
        Ok((Server::creel(self.binary, directory, &cpus, self.settings)?, began))
    }

    fn layout(&self) -> CpuLayout {
        CpuLayout::shared(self.cpus)
    }
}

impl Life<'_> {
    pub(crate) fn live(&self) -> Result<Vec<(Figure, f64)>, Box<dyn Error>> {
        let mut figures = Vec::new();
        let alone = self.busy_alone()?;
        let directory = tempfile::tempdir_in(self.place.data_dir)?;

        let (server, began) = self.place.start(directory.path())?;
        figures.push((Figure::EmptyListening, ms(began)));
        first_ack(&server)?;
        figures.push((Figure::EmptyAck, ms(began)));
        thread::sleep(SETTLING);
        let idle_mib = server.memory_mib()?;
        figures.push((Figure::IdleMemory, idle_mib));

        let began = Instant::now();
        let mut topics = self.make_topics(&server)?;
        figures.push((Figure::Making, ms(began)));
        thread::sleep(SETTLING);
        let grown_kib = (server.memory_mib()? - idle_mib) * 1024.0;
        figures.push((Figure::PartitionMemory, grown_kib / f64::from(self.args.partitions)));
        let beside = self.busy_p99_us(&server)?;
        figures.push((Figure::BusyAlone, alone / 1e3));
        figures.push((Figure::BusyBeside, beside / 1e3));
        figures.push((Figure::BusyRatio, beside / alone));

        if self.args.filled {
            fill(&server, &topics)?;
        }
        let began = Instant::now();
        server.stop()?;
        figures.push((Figure::Stopping, ms(began)));
        let (server, began) = self.place.start(directory.path())?;
        figures.push((Figure::StoppedListening, ms(began)));
        topics = serving(topics, &server)?;
        figures.push((Figure::StoppedServing, ms(began)));

        // Dropping it kills it.
        drop(server);
        let (server, began) = self.place.start(directory.path())?;
        figures.push((Figure::KilledListening, ms(began)));
        serving(topics, &server)?;
        figures.push((Figure::KilledServing, ms(began)));
        Ok(figures)
    }

    /// With no idle partitions beside them.
    fn busy_alone(&self) -> Result<f64, Box<dyn Error>> {
        let directory = tempfile::tempdir_in(self.place.data_dir)?;
        let (server, _) = self.place.start(directory.path())?;
        self.busy_p99_us(&server)
    }

    fn busy_p99_us(&self, server: &Server) -> Result<f64, Box<dyn Error>> {
        let shape = shape(self.args.busy, self.args.rate);
        busy_p99_us(server, &self.place.layout(), &shape, Duration::from_secs_f64(self.args.seconds))
    }

    fn make_topics(&self, server: &Server) -> io::Result<Vec<(Topic, i32)>> {
        let mut topics = Vec::new();
        let mut left = self.args.partitions;
        while left > 0 {
            let partitions = left.min(TOPIC_PARTITIONS);
            left -= partitions;
            let name = format!("idle-{}", topics.len());
            topics.push((Topic::create(server.address, &name, partitions, &[])?, partitions));
        }
        Ok(topics)
    }
}

/// A topic is made, and a record of it is durable.
fn first_ack(server: &Server) -> Result<(), Box<dyn Error>> {
    let topic = Topic::create(server.address, "first", 1, &[])?;
    let request = produce_request(&topic.name, 0, &SINGLE, Acks::Durable);
    let mut stream = TcpStream::connect(server.address)?;
    let answer = exchange::<ProduceRequest>(&mut stream, &request, 7)?;
    let mut answers = answer.responses.iter().flat_map(|topic| &topic.partition_responses);
    match answers.next().map(|answer| answer.error_code) {
        Some(ErrorCode::None) => Ok(()),
        refused => Err(format!("the first record was answered with {refused:?}").into()),
    }
}

/// Gives each partition a record, a topic at a time.
fn fill(server: &Server, topics: &[(Topic, i32)]) -> io::Result<()> {
    let mut stream = TcpStream::connect(server.address)?;
    for (topic, partitions) in topics {
        for partition in 0..*partitions {
            let request = produce_request(&topic.name, partition, &SINGLE, Acks::Written);
            let answer = exchange::<ProduceRequest>(&mut stream, &request, 7)?;
            let mut answers = answer.responses.iter().flat_map(|topic| &topic.partition_responses);
            if answers.any(|answer| answer.error_code != ErrorCode::None) {
                return Err(io::Error::other(format!("a record for {}-{partition} was refused", topic.name)));
            }
        }
    }
    Ok(())
}

/// Waits until every partition tells its end.
fn serving(topics: Vec<(Topic, i32)>, server: &Server) -> io::Result<Vec<(Topic, i32)>> {
    let mut stream = TcpStream::connect(server.address)?;
    let here = |(topic, partitions): (Topic, i32)| {
        let topic = topic.at(server.address);
        topic.wait_for_leaders(&mut stream, partitions)?;
        Ok((topic, partitions))
    };
    topics.into_iter().map(here).collect()
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
