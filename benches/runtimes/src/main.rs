//! One small server on several runtimes, driven alike: what the loop underneath a broker costs.
//!
//! The server receives frames, checksums them, writes them and replies. Bytes come and go as each runtime has them do;
//! the work in between is the same code.

mod serve;
mod work;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use creel_benches::client::{Check, Drive, Until, drive};
use creel_benches::dispersion::Dispersion;
use creel_benches::frames::produce_request;
use creel_benches::process::Server;
use creel_benches::shape::{Acks, SHAPES, Shape};
use work::Sink;

#[derive(Parser)]
struct Args {
    /// Number of rounds of each runtime in each shape, after a first one that does not count.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Length of a round, seconds.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// CPU of the server and CPU of the driver.
    #[arg(long, num_args = 2, default_values_t = [0, 1])]
    cpus: Vec<usize>,
    /// Be the server.
    #[arg(long, hide = true, requires_all = ["dir", "cpu"])]
    serve: Option<Kind>,
    /// Where the server writes.
    #[arg(long, hide = true)]
    dir: Option<PathBuf>,
    /// The server's CPU.
    #[arg(long, hide = true)]
    cpu: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Own,
    Tokio,
    TokioUring,
    TokioUringTuned,
    Glommio,
}

const KINDS: [Kind; 5] = [Kind::Own, Kind::Tokio, Kind::TokioUring, Kind::TokioUringTuned, Kind::Glommio];

fn main() {
    let args = Args::parse();
    let outcome = match (args.serve, &args.dir, args.cpu) {
        (Some(kind), Some(dir), Some(cpu)) => be_server(kind, dir.clone(), cpu),
        _ => compare(&args),
    };
    if let Err(error) = outcome {
        eprintln!("runtimes: {error}");
        std::process::exit(2);
    }
}

fn be_server(kind: Kind, dir: PathBuf, cpu: usize) -> io::Result<()> {
    let mut only = rustix::thread::CpuSet::new();
    only.set(cpu);
    rustix::thread::sched_setaffinity(None, &only)?;
    match kind {
        Kind::Own => serve::own::serve(cpu, move || Sink::create(&dir)),
        Kind::Tokio => serve::tokio_epoll::serve(Sink::create(&dir)?),
        Kind::TokioUring => serve::tokio_uring::serve(Sink::create(&dir)?, false),
        Kind::TokioUringTuned => serve::tokio_uring::serve(Sink::create(&dir)?, true),
        Kind::Glommio => serve::glommio::serve(cpu, Sink::create(&dir)?),
    }
}

fn compare(args: &Args) -> io::Result<()> {
    println!("{:15} {:18} {:>24} {:>22} {:>6}", "shape", "runtime", "frames/s", "CPU us/frame", "own=1");
    for shape in &SHAPES[..3] {
        let mut rounds: Vec<Vec<(f64, f64)>> = vec![Vec::new(); KINDS.len()];
        for round in 0..=args.rounds {
            for turn in 0..KINDS.len() {
                let at = (turn + round) % KINDS.len();
                let measured = measure(args, KINDS[at], shape)?;
                if round > 0 {
                    rounds[at].push(measured);
                }
            }
        }
        let mut own = None;
        for (kind, rounds) in KINDS.iter().zip(&rounds) {
            let (Some(rate), Some(cpu)) = (
                Dispersion::of(rounds.iter().map(|round| round.0)),
                Dispersion::of(rounds.iter().map(|round| round.1)),
            ) else {
                continue;
            };
            println!(
                "{:15} {:18} {:>24} {:>22} {:>6.2}",
                shape.name,
                kind.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned()),
                rate.bracketed(0),
                cpu.bracketed(2),
                cpu.mid / *own.get_or_insert(cpu.mid),
            );
        }
    }
    Ok(())
}

/// Frames a second, and microseconds of the server's CPU a frame.
fn measure(args: &Args, kind: Kind, shape: &Shape) -> io::Result<(f64, f64)> {
    let directory = tempfile::tempdir()?;
    let name = kind.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned());
    let own = std::env::current_exe()?;
    let server = Server::floor(&own, directory.path(), Some(args.cpus[0]), &["--serve".to_owned(), name])?;
    let drive_for = |seconds: f64| {
        let plan = Drive {
            address: server.address,
            requests: [produce_request("bench", 0, shape, Acks::Written)].into(),
            check: Check::Nothing,
            connections: shape.connections,
            in_flight: shape.in_flight,
            interval: None,
            until: Until::Passed(Duration::from_secs_f64(seconds)),
        };
        drive(&[Some(args.cpus[1])], plan).map_err(io::Error::other)
    };
    drive_for(args.seconds / 5.0)?;
    let before = server.cpu_seconds()?;
    let driven = drive_for(args.seconds)?;
    let cpu = server.cpu_seconds()? - before;
    Ok((driven.requests as f64 / driven.seconds, cpu * 1e6 / driven.requests as f64))
}
