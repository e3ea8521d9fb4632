//! Where a slow append waited: traces the threads of a broker's cores in the kernel while it is loaded, and says of the
//! turns of their loops that took long where the time went.

mod event;
mod load;
mod place;
mod sampling;
mod table;
mod tracefs;
mod turns;

use std::collections::HashMap;
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
/// Names of the ring's workers, which sync.
const WORKERS: &str = "iou-wrk-";
/// The load goes on for so long before it is watched: until the ring has its workers.
const WARM_UP: Duration = Duration::from_secs(1);

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
    println!("{}, {}, data on {}", shape.name, args.acks.name(), FileSystem::of(&data_dir));
    let mut shape = *shape;
    shape.partitions = args.partitions.unwrap_or(shape.partitions);
    let binary = args.binaries.clone().unwrap_or(beside).join("creel");
    let load =
        load::Load { shape, acks: args.acks, is_relaxed: args.relaxed, cpus: [args.cpus[0], args.cpus[1]] };
    Ok(Loaded::start(&binary, &data_dir, load)?)
}

/// Threads that are watched.
struct Threads {
    cores: Vec<Tid>,
    workers: Vec<Tid>,
}

impl Threads {
    fn of(pid: u32) -> Result<Threads, Box<dyn Error>> {
        let (cores, workers) = (threads_of(pid, CORES)?, threads_of(pid, WORKERS)?);
        if cores.is_empty() {
            return Err(format!("process {pid} has no thread {CORES}*: is it a creel?").into());
        }
        Ok(Threads { cores, workers })
    }

    fn all(&self) -> Vec<Tid> {
        self.cores.iter().chain(&self.workers).copied().collect()
    }
}

/// What was seen, however it was.
struct Seen {
    threads: Threads,
    slow: Vec<Turn>,
    /// Turns, or waits, of each thread.
    counts: HashMap<Tid, u64>,
    lost: u64,
}

/// Traces, or samples, while `load` goes on, and prints.
fn watch(
    args: &Args,
    pid: u32,
    load: impl FnOnce() -> Result<String, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    Threads::of(pid)?;
    let is_over = AtomicBool::new(false);
    let (seen, responses) = thread::scope(|scope| {
        let watching = scope.spawn(|| {
            keep_off_the_brokers(args.cpus[1]);
            thread::sleep(WARM_UP);
            look(args, pid, &is_over).map_err(|error| error.to_string())
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

fn look(args: &Args, pid: u32, is_over: &AtomicBool) -> Result<Seen, Box<dyn Error>> {
    let threads = Threads::of(pid)?;
    let (tids, slower_than_ns) = (threads.all(), (args.slower_than_ms * 1e6) as u64);
    let trace = if args.sample { Err("it was asked for".to_owned()) } else { Trace::of(&tids) };
    match trace {
        Ok(trace) => {
            let mut turns = Turns::of(&tids, slower_than_ns);
            trace.read(is_over, |line| turns.read(line))?;
            Ok(Seen { threads, slow: turns.slow, counts: turns.turns, lost: turns.lost })
        }
        Err(why) => {
            println!("sampling, not tracing: {why}");
            let waits = sample(pid, &tids, slower_than_ns, is_over);
            Ok(Seen { threads, slow: waits.slow, counts: waits.counts, lost: 0 })
        }
    }
}

/// This thread goes to the driver's CPU. A refusal shows in the table, as "this program had the CPU".
fn keep_off_the_brokers(cpu: usize) {
    let mut cpus = CpuSet::new();
    if cpu < CpuSet::MAX_CPU {
        cpus.set(cpu);
        let _ = sched_setaffinity(None, &cpus);
    }
}

fn tell(args: &Args, seen: &Seen) {
    if seen.lost > 0 {
        println!("{} events were lost; what fell into the gaps is not told", seen.lost);
    }
    let unit = if args.sample { "waits" } else { "turns" };
    let Threads { cores, workers } = &seen.threads;
    tell_of(args, seen, cores, &format!("{unit} of {} cores", cores.len()), "the program");
    let about = format!("pieces of work of {} workers of the ring (syncs)", workers.len());
    tell_of(args, seen, workers, &about, "the worker");
}

fn tell_of(args: &Args, seen: &Seen, tids: &[Tid], what: &str, outside_calls: &str) {
    let slow: Vec<Turn> = seen.slow.iter().filter(|turn| tids.contains(&turn.tid)).cloned().collect();
    let count: u64 = tids.iter().filter_map(|tid| seen.counts.get(tid)).sum();
    println!("\n{} of {count} {what} took {} ms or more", slow.len(), args.slower_than_ms);
    if slow.is_empty() {
        return;
    }
    println!("\n{}", table::places(&slow, outside_calls));
    println!("the slowest\n{}", table::slowest(&slow, args.slowest, outside_calls));
    print!("longest waits by stack, the innermost function first\n{}", table::stacks(&slow));
}
