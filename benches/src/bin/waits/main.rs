//! Where a slow append waited: traces the threads of a broker's cores in the kernel while it is loaded, and says of the
//! turns of their loops that took long where the time went.

mod event;
mod load;
mod place;
mod sampling;
mod table;
mod tracefs;
mod turns;

use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Parser;
use creel_benches::file_system::FileSystem;
use creel_benches::shape::{Acks, SHAPES};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::event::Tid;
use crate::load::Loaded;
use crate::sampling::sample;
use crate::tracefs::{Trace, threads_of};
use crate::turns::{Turn, Turns};

/// Names of the threads of creel's cores begin so.
const CORES: &str = "creel-core-";

/// Where slow appends waited in the kernel, as a table. Needs root for the kernel's trace; without it threads are
/// sampled.
#[derive(Parser)]
struct Args {
    /// A broker that runs already, and that somebody else loads; without it one is started and loaded here.
    #[arg(long)]
    pid: Option<u32>,
    /// Folder that holds the binary `creel`; this program's own by default.
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Where the broker that is started has its data: a file system to look at [default: that of temporary files].
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The load: the name of one of the shapes of `cargo xtask bench`.
    #[arg(long, default_value = "16KB-batches")]
    shape: String,
    /// When its requests are answered.
    #[arg(long, default_value = "written")]
    acks: Acks,
    /// Its topic does not wait for the disk (`flush.ms`).
    #[arg(long)]
    relaxed: bool,
    /// Its partitions, if not as many as the shape has.
    #[arg(long)]
    partitions: Option<i32>,
    /// The broker's and the driver's CPU; the trace is read on the driver's.
    #[arg(long, num_args = 2, default_values_t = [0, 1])]
    cpus: Vec<usize>,
    /// How long.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// A turn that took as many milliseconds or more is slow.
    #[arg(long, default_value_t = 5.0)]
    slower_than_ms: f64,
    /// How many of the slowest are shown one by one.
    #[arg(long, default_value_t = 10)]
    slowest: usize,
    /// Sample, even where the kernel's trace can be had.
    #[arg(long)]
    sample: bool,
}

fn main() {
    if let Err(error) = run(&Args::parse()) {
        eprintln!("waits: {error}");
        std::process::exit(2);
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let Some(pid) = args.pid else {
        let loaded = start(args)?;
        return watch(args, loaded.pid(), || loaded.drive(Duration::from_secs_f64(args.seconds)));
    };
    watch(args, pid, || {
        thread::sleep(Duration::from_secs_f64(args.seconds));
        Ok(String::new())
    })
}

fn start(args: &Args) -> Result<Loaded, Box<dyn Error>> {
    let Some(shape) =
        SHAPES.iter().find(|shape| shape.name == args.shape && shape.work.fetch_bytes().is_none())
    else {
        let names = SHAPES.iter().filter(|shape| shape.work.fetch_bytes().is_none()).map(|shape| shape.name);
        let names: Vec<&str> = names.collect();
        return Err(format!("there is no load {}; there are {}", args.shape, names.join(", ")).into());
    };
    let own = std::env::current_exe()?;
    let beside = own.parent().map(PathBuf::from).unwrap_or_default();
    let data_dir = args.data_dir.clone().unwrap_or_else(std::env::temp_dir);
    println!("{}, acks={}, data on {}", shape.name, args.acks.wire(), FileSystem::of(&data_dir));
    let mut shape = *shape;
    shape.partitions = args.partitions.unwrap_or(shape.partitions);
    let binary = args.binaries.clone().unwrap_or(beside).join("creel");
    let load =
        load::Load { shape, acks: args.acks, is_relaxed: args.relaxed, cpus: [args.cpus[0], args.cpus[1]] };
    Ok(Loaded::start(&binary, &data_dir, load)?)
}

/// What was seen, however it was.
struct Seen {
    slow: Vec<Turn>,
    /// Of how many turns, or waits.
    of: String,
}

/// Traces, or samples, while `load` goes on, and prints.
fn watch(
    args: &Args,
    pid: u32,
    load: impl FnOnce() -> Result<String, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let tids = threads_of(pid, CORES)?;
    if tids.is_empty() {
        return Err(format!("process {pid} has no thread {CORES}*: is it a creel?").into());
    }
    let slower_than_ns = (args.slower_than_ms * 1e6) as u64;
    let trace = if args.sample { Err("it was asked for".to_owned()) } else { Trace::of(&tids) };
    if let Err(why) = &trace {
        println!("sampling, not tracing: {why}");
    }
    let is_over = AtomicBool::new(false);
    let (seen, responses) = thread::scope(|scope| {
        let watching = scope.spawn(|| {
            keep_off_the_brokers(args.cpus[1]);
            match &trace {
                Ok(trace) => traced(trace, &tids, slower_than_ns, &is_over),
                Err(_) => Ok(sampled(pid, &tids, slower_than_ns, &is_over)),
            }
        });
        let responses = load();
        is_over.store(true, Ordering::Relaxed);
        (watching.join(), responses)
    });
    let seen = seen.map_err(|_| "the thread that reads the trace panicked")??;
    print!("{}", responses?);
    tell(args, &seen);
    Ok(())
}

/// This thread goes to the driver's CPU. A refusal shows in the table, as "this program had the CPU".
fn keep_off_the_brokers(cpu: usize) {
    let mut cpus = CpuSet::new();
    if cpu < CpuSet::MAX_CPU {
        cpus.set(cpu);
        let _ = sched_setaffinity(None, &cpus);
    }
}

fn traced(trace: &Trace, tids: &[Tid], slower_than_ns: u64, is_over: &AtomicBool) -> std::io::Result<Seen> {
    let mut turns = Turns::of(tids, slower_than_ns);
    trace.read(is_over, |line| turns.read(line))?;
    let lost = if turns.lost == 0 { String::new() } else { format!("; {} events were lost", turns.lost) };
    Ok(Seen { of: format!("{} turns of {} threads{lost}", turns.turns, tids.len()), slow: turns.slow })
}

fn sampled(pid: u32, tids: &[Tid], slower_than_ns: u64, is_over: &AtomicBool) -> Seen {
    let waits = sample(pid, tids, slower_than_ns, is_over);
    Seen { of: format!("{} sampled waits of {} threads", waits.count, tids.len()), slow: waits.slow }
}

fn tell(args: &Args, seen: &Seen) {
    println!("{} took {} ms or more, of {}", seen.slow.len(), args.slower_than_ms, seen.of);
    if seen.slow.is_empty() {
        return;
    }
    println!("\n{}", table::places(&seen.slow));
    println!("the slowest\n{}", table::slowest(&seen.slow, args.slowest));
    println!("longest waits by stack, the innermost function first\n{}", table::stacks(&seen.slow));
}
