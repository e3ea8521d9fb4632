//! What writing a segment into a retired one's file would save. The same appends go into three kinds of file: a new
//! one that is preallocated, as the broker does it; an old one whose pages are still cached; and an old one whose
//! pages are not. The last is measured twice: ending where the append ends, and padded with zeros to the end of the
//! page, as the broker does it.
//!
//! The cost of a new file includes the removal of the file that it replaces. The cost of a padded file includes the
//! eviction of its pages. Both are what happens to a retired segment.

use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;
use creel_benches::dispersion::Dispersion;
use rustix::fs::{Advice, FallocateFlags, fadvise, fallocate};

/// The broker's largest step when it preallocates disk.
const PREALLOCATE_BYTES: u64 = 16 << 20;
/// Sizes of an append. None divides a page, as no batch does.
const APPENDS: [(&str, usize); 3] = [("64KiB", 65_597), ("16KiB", 16_445), ("1KiB", 1_085)];

/// Appends into new files, into old files whose pages are cached, and into old files whose pages are not, in alternating rounds.
#[derive(Parser)]
struct Args {
    /// Folder for the files, on the disk to measure.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Number of rounds of each kind, after a first one that does not count.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// What a round without syncs appends, MiB.
    #[arg(long, default_value_t = 512)]
    mib: u64,
    /// Number of appends in a round that syncs after each.
    #[arg(long, default_value_t = 2000)]
    syncs: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    New,
    Cached,
    Cold,
    Padded,
}

const TARGETS: [Target; 4] = [Target::New, Target::Cached, Target::Cold, Target::Padded];
const PAGE_BYTES: u64 = 4096;

#[derive(Clone, Copy)]
struct Load {
    append_bytes: usize,
    appends: u64,
    durable: bool,
}

struct Round {
    cpu_us: f64,
    p50_us: f64,
    p999_us: f64,
}

fn main() {
    if let Err(error) = run(&Args::parse()) {
        eprintln!("segment-reuse: {error}");
        std::process::exit(2);
    }
}

fn run(args: &Args) -> io::Result<()> {
    println!(
        "{:8} {:8} {:>8} {:>24} {:>9} {:>9} {:>8}",
        "append", "acks", "file", "CPU us/append", "p50 us", "p99.9 us", "CPU"
    );
    for (name, append_bytes) in APPENDS {
        for durable in [false, true] {
            let appends = if durable { args.syncs } else { (args.mib << 20) / append_bytes as u64 };
            let load = Load { append_bytes, appends, durable };
            compare(args, name, load)?;
        }
    }
    Ok(())
}

fn compare(args: &Args, name: &str, load: Load) -> io::Result<()> {
    let path = args.dir.join("segment-reuse");
    let mut rounds: [Vec<Round>; 4] = Default::default();
    for round in 0..=args.rounds {
        for turn in 0..TARGETS.len() {
            let at = (turn + round) % TARGETS.len();
            let measured = measure(&path, TARGETS[at], load)?;
            if round > 0 {
                rounds[at].push(measured);
            }
        }
    }
    fs::remove_file(&path)?;
    let mut new_cpu = None;
    for (target, of) in TARGETS.into_iter().zip(&rounds) {
        let figure = |f: fn(&Round) -> f64| Dispersion::of(of.iter().map(f));
        let (Some(cpu), Some(p50), Some(p999)) =
            (figure(|r| r.cpu_us), figure(|r| r.p50_us), figure(|r| r.p999_us))
        else {
            continue;
        };
        let base = *new_cpu.get_or_insert(cpu.mid);
        println!(
            "{name:8} {:8} {:>8} {:>24} {:>9.1} {:>9.0} {:>8.2}",
            if load.durable { "durable" } else { "written" },
            format!("{target:?}").to_lowercase(),
            cpu.bracketed(2),
            p50.mid,
            p999.mid,
            cpu.mid / base,
        );
    }
    Ok(())
}

fn measure(path: &Path, target: Target, load: Load) -> io::Result<Round> {
    prepare(path, target, load)?;
    let body = vec![0x5a; load.append_bytes];
    let mut micros = Vec::with_capacity(load.appends as usize);
    let cpu_before = cpu_time();
    let file = match target {
        Target::New => {
            fs::remove_file(path)?;
            File::create(path)?
        }
        Target::Cached | Target::Cold => File::options().write(true).open(path)?,
        Target::Padded => {
            let file = File::options().write(true).open(path)?;
            fadvise(&file, 0, None, Advice::DontNeed)?;
            file
        }
    };
    let (mut position, mut claimed) = (0, 0);
    for _ in 0..load.appends {
        let before = Instant::now();
        if target == Target::New && position + load.append_bytes as u64 > claimed {
            fallocate(&file, FallocateFlags::empty(), claimed, PREALLOCATE_BYTES)?;
            claimed += PREALLOCATE_BYTES;
        }
        append(&file, &body, position, target == Target::Padded)?;
        if load.durable {
            file.sync_data()?;
        }
        position += load.append_bytes as u64;
        micros.push(before.elapsed().as_secs_f64() * 1e6);
    }
    let cpu = cpu_time() - cpu_before;
    micros.sort_by(f64::total_cmp);
    Ok(Round {
        cpu_us: cpu.as_secs_f64() * 1e6 / load.appends as f64,
        p50_us: micros[micros.len() / 2],
        p999_us: micros[(micros.len() - 1) * 999 / 1000],
    })
}

fn append(file: &File, body: &[u8], position: u64, padded: bool) -> io::Result<()> {
    let end = position + body.len() as u64;
    let missing = if padded { end.next_multiple_of(PAGE_BYTES) - end } else { 0 };
    let zeros = [0; PAGE_BYTES as usize];
    let pieces = [IoSlice::new(body), IoSlice::new(&zeros[..missing as usize])];
    let written = rustix::io::pwritev(file, &pieces, position)?;
    if written < body.len() + missing as usize { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) }
}

/// A retired segment of the same size on the disk: its pages cached, or dropped.
fn prepare(path: &Path, target: Target, load: Load) -> io::Result<()> {
    let bytes = load.appends * load.append_bytes as u64;
    let file = File::create(path)?;
    let chunk = vec![0xa5; 1 << 20];
    let mut position = 0;
    while position < bytes {
        let length = (bytes - position).min(chunk.len() as u64);
        file.write_all_at(&chunk[..length as usize], position)?;
        position += length;
    }
    file.sync_all()?;
    if target == Target::Cold {
        fadvise(&file, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}

/// User and system time of this process so far.
fn cpu_time() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), used.tv_nsec as u32)
}
