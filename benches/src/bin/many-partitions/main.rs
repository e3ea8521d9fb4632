//! How fast a broker starts, with none and with very many partitions, after a stop and after a kill; what a partition
//! takes of memory; and what idle partitions cost the busy ones.

mod busy;
mod life;
mod table;

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;
use creel_benches::file_system::FileSystem;

use crate::life::{Life, Place};
use crate::table::Table;

/// Start, memory, and busy partitions beside idle ones, of one or two binaries of creel in alternating rounds.
#[derive(Parser)]
struct Args {
    /// Folder that holds the binary `creel`; this program's own by default.
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Another binary of the broker, measured in turns with this one.
    #[arg(long, value_name = "PATH")]
    before: Option<PathBuf>,
    /// Idle partitions.
    #[arg(long, default_value_t = 100_000)]
    partitions: i32,
    /// Busy partitions.
    #[arg(long, default_value_t = 1_000)]
    busy: i32,
    /// Requests of one record of 1 KiB a second to the busy ones, acks=1.
    #[arg(long, default_value_t = 5_000)]
    rate: u32,
    /// Seconds of each measurement of the busy ones.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Rounds of each binary.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The broker's CPUs; the driver shares them.
    #[arg(long, value_delimiter = ',', default_values_t = creel_io::runtime::available_cpus())]
    cpus: Vec<usize>,
    /// A setting of the broker, `key=value`. Can be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Each idle partition has a record.
    #[arg(long)]
    filled: bool,
    /// The folder in which the broker has its data [default: that of temporary files].
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

fn main() {
    if let Err(error) = run(&Args::parse()) {
        eprintln!("many-partitions: {error}");
        std::process::exit(2);
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    if args.cpus.is_empty() || args.rounds == 0 || args.busy < 1 || args.partitions < 1 {
        return Err("at least one CPU, one round and one partition of either kind are needed".into());
    }
    let own = std::env::current_exe()?;
    let beside = own.parent().map(PathBuf::from).unwrap_or_default();
    let creel = args.binaries.clone().unwrap_or(beside).join("creel");
    let mut binaries = vec![("creel", creel)];
    binaries.extend(args.before.clone().map(|binary| ("creel-before", binary)));
    let data_dir = args.data_dir.clone().unwrap_or_else(std::env::temp_dir);
    println!("data on {}", FileSystem::of(&data_dir));
    let mut table = Table::default();
    for round in 1..=args.rounds {
        for (name, binary) in &binaries {
            println!("round {round}: {name}");
            let place = Place { binary, data_dir: &data_dir, cpus: &args.cpus, settings: &args.settings };
            table.add(name, Life { place, args }.live()?);
        }
        binaries.reverse();
    }
    println!("\n{}", table.text(args.partitions));
    Ok(())
}
