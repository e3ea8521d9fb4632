//! Compares the broker with Apache Kafka and the floor in the forms that brokers are usually praised in. Each form
//! runs under acks=1 and acks=all, on one core and on all of them, in interleaved rounds with fresh data. Writes one
//! directory.

mod bench;
mod curve;
mod figures;
mod form;
mod goals;
mod names;
mod page;
mod picture;
mod plan;
mod ratios;
mod svg;
mod told;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use creel_benches::file_system::FileSystem;
use creel_benches::shape::Acks;
use creel_benches::side::Side;

use bench::Bench;
use figures::Cores;
use names::said;
use page::Page;
use picture::Picture;
use plan::Plan;

/// Compares Creel with Apache Kafka and the floor, in the forms of load that brokers are usually compared in.
#[derive(Parser)]
struct Args {
    /// The binary of xtask, which starts Apache Kafka. Without it, Kafka takes no part.
    #[arg(long)]
    xtask: Option<PathBuf>,
    /// Folder of the binaries `floor` and `creel` [default: this program's own].
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Number of rounds of each side in each form.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Length of a round, seconds.
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// What a round appends at most, GiB.
    #[arg(long, default_value_t = 1.5)]
    gib: f64,
    /// Memory that is held between rounds and given back when a round begins, GiB.
    #[arg(long, alias = "ballast-gib", default_value_t = 1.5)]
    prefault_gib: f64,
    /// Load on Kafka before the first round, seconds. Its compiler needs the time.
    #[arg(long, default_value_t = 20.0)]
    kafka_warm_up: f64,
    /// Measure only forms whose name contains one of these: flood, 1000x1KB, 8-producers, 50MB/s, 500MB/s, 1GB/s, keyed, curve,
    /// 16KB-at-2000/s, durable-1, durable-16, durable-100, shards.
    #[arg(long, value_delimiter = ',')]
    forms: Vec<String>,
    /// Measure only what these goals need: durable-partitions, eight-producers, tail, fixed-rate-tail, relaxed, sharding,
    /// not-worse, or all. With --forms, of these goals only those forms.
    #[arg(long, value_delimiter = ',')]
    goals: Vec<String>,
    /// Measure only these sides: floor, floor-written, creel, creel-relaxed, creel-before, creel-relaxed-before, kafka-shipped,
    /// kafka-flush, shards-1, shards-2, shards-4, shards-8 [default: all but creel-relaxed-before].
    #[arg(long, value_delimiter = ',', hide_possible_values = true)]
    sides: Vec<Side>,
    /// Another binary of the broker, measured in turns with this one: the side `creel-before`.
    #[arg(long, value_name = "PATH")]
    before: Option<PathBuf>,
    /// What that binary is called [default: what its --version says].
    #[arg(long)]
    before_label: Option<String>,
    /// A setting of the broker, `name=value`, in all of its sides but those of before.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// A setting of the broker of before. Without --before, that is this binary with other settings.
    #[arg(long, value_name = "NAME=VALUE")]
    before_set: Vec<String>,
    /// Folder of all sides' data: the file system to measure on [default: that of temporary files].
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Measure only this kind of acknowledgement [default: both].
    #[arg(long)]
    acks: Option<Acks>,
    /// One core for each side, all cores, or both.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["one-each", "all"])]
    cores: Vec<Cores>,
    /// CPUs to use, two at least. With one core each, the first is the broker's and the second the driver's [default: the
    /// available CPUs].
    #[arg(long, value_delimiter = ',', default_values_t = creel_io::runtime::available_cpus())]
    cpus: Vec<usize>,
    /// One short round of everything, to see whether it works. The figures mean nothing.
    #[arg(long)]
    quick: bool,
    /// Folder for the result: README.md, pictures and rounds.json.
    #[arg(long, default_value = "peers")]
    out: PathBuf,
    /// What the page says about the machine and the commit.
    #[arg(long, default_value = "")]
    about: String,
}

impl Args {
    fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// What lies under the data.
    fn file_system(&self) -> FileSystem {
        FileSystem::of(&self.data_dir())
    }
}

fn main() {
    let mut args = Args::parse();
    if args.quick {
        (args.rounds, args.seconds, args.gib) = (1, 0.3, 0.25);
        (args.prefault_gib, args.kafka_warm_up) = (0.0, 3.0);
    }
    if let Err(error) = run(&mut args) {
        eprintln!("peers: {error}");
        std::process::exit(2);
    }
}

/// Says which binary the broker of before is, and what it is called.
fn name_before(args: &mut Args) -> Result<(), Box<dyn Error>> {
    if args.before.is_none() && !args.before_set.is_empty() {
        args.before = Some(bench::own_folder(args)?.join("creel"));
    }
    if let (Some(binary), None) = (&args.before, &args.before_label) {
        args.before_label =
            Some([vec![bench::version_of(binary)?], args.before_set.clone()].concat().join(", "));
    }
    Ok(())
}

fn run(args: &mut Args) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    name_before(args)?;
    let args = &*args;
    let plan = Plan::of(args)?;
    let mut bench = Bench { args, plan: &plan, all: Vec::new(), failures: Vec::new() };
    for cores in &args.cores {
        bench.measure_on(*cores)?;
    }
    print!("{}", told::goals(&bench.all));
    write(&Page { args, forms: plan.forms.clone(), all: &bench.all, failures: &bench.failures })?;
    println!("{:.0} s; written to {}", began.elapsed().as_secs_f64(), args.out.display());
    Ok(())
}

fn write(page: &Page<'_>) -> Result<(), Box<dyn Error>> {
    let folder: &Path = &page.args.out;
    fs::create_dir_all(folder)?;
    let cores = page.args.cores.first().copied().unwrap_or(Cores::OneEach);
    let pictures = [
        (
            "cpu.svg",
            Picture {
                title: &format!("CPU of the broker per GB, {}", said(cores)),
                unit: "CPU seconds per GB of record batches",
                of: |rounds| {
                    rounds.dispersion(|round| round.cpu_seconds_per_gb).map(|dispersion| dispersion.mid)
                },
            },
        ),
        (
            "p99.svg",
            Picture {
                title: &format!("Response time, p99, {}", said(cores)),
                unit: "milliseconds",
                of: |rounds| rounds.percentile_ms(0.99),
            },
        ),
    ];
    for (name, picture) in pictures {
        fs::write(folder.join(name), picture.draw(&page.forms, page.all, cores))?;
    }
    for (name, curve) in page.curves(cores) {
        curve.draw().map_or(Ok(()), |svg| fs::write(folder.join(name), svg))?;
    }
    fs::write(folder.join("README.md"), page.text())?;
    fs::write(folder.join("rounds.json"), serde_json::to_string_pretty(page.all)? + "\n")?;
    Ok(())
}
