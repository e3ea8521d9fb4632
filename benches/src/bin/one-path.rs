//! Measures the broker beside the floor and Apache Kafka, in alternating rounds, and prints the ratios.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use creel_benches::cpu_layout::CpuLayout;
use creel_benches::prefault::Prefault;
use creel_benches::process::{Jvm, Server};
use creel_benches::round::{Kafka, Round, Setting};
use creel_benches::shape::{Acks, SHAPES, Shape};
use creel_benches::side::Side;
use creel_benches::{picture, report};

/// Of a round.
const WARM_UP: f64 = 0.2;

/// Compares the broker with the floor and Apache Kafka: same bytes, same driver, alternating rounds, one core each.
#[derive(Parser)]
struct Args {
    /// Folder of the binaries `floor` and `creel` [default: this program's own].
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// The binary of xtask, which starts Apache Kafka. Without it, Kafka takes no part.
    #[arg(long)]
    xtask: Option<PathBuf>,
    /// Number of rounds of each side in each shape.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Length of a round, seconds.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// What a round appends at most, GiB.
    #[arg(long, default_value_t = 1.0)]
    gib: f64,
    /// Memory that is held between rounds and given back when a round begins, GiB. So the pages of its log are memory that
    /// the host of a virtual machine has not taken back.
    #[arg(long, alias = "ballast-gib", default_value_t = 1.5)]
    prefault_gib: f64,
    /// Load on Kafka before the first round, seconds. Its compiler needs the time.
    #[arg(long, default_value_t = 20.0)]
    kafka_warm_up: f64,
    /// Measure only shapes whose name contains this.
    #[arg(long, default_value = "")]
    shape: String,
    /// Measure only this kind of acknowledgement [default: both].
    #[arg(long)]
    acks: Option<Acks>,
    /// CPU of the server and CPU of the driver.
    #[arg(long, num_args = 2, default_values_t = [0, 1])]
    cpus: Vec<usize>,
    /// Sides to measure.
    #[arg(long, value_delimiter = ',', default_values = ["floor", "creel", "kafka", "kafka-shipped"])]
    sides: Vec<Side>,
    /// Another binary of the broker, measured beside this one as the side `creel-before`: name it in `--sides`.
    #[arg(long, value_name = "PATH")]
    before: Option<PathBuf>,
    /// Folder of all sides' data: the file system to measure on [default: that of temporary files].
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Size of the broker's segments, MiB. It keeps two, so that retention happens within a round. For `--sides
    /// creel,creel-new-files` [default: the broker's].
    #[arg(long)]
    segment_mib: Option<u64>,
    /// Folder for the table and all rounds.
    #[arg(long)]
    out: Option<PathBuf>,
    /// What the report says about the machine and the commit.
    #[arg(long, default_value = "")]
    about: String,
}

fn main() {
    let args = Args::parse();
    if let Err(error) = run(&args) {
        eprintln!("one-path: {error}");
        std::process::exit(2);
    }
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let setting = setting(args)?;
    let mut table = Table::default();
    table.say(&report::heading());
    let mut all = Vec::new();
    for shape in SHAPES.iter().filter(|s| s.name.contains(&args.shape)) {
        for acks in kinds(shape, args) {
            let rounds = measure(&setting, shape, acks, args)?;
            table.say(report::section(&rounds, acks).trim_end());
            all.extend(rounds);
        }
    }
    match &args.out {
        Some(folder) => write(folder, args, &table.text, &all),
        None => Ok(()),
    }
}

/// What is printed, kept for the report.
#[derive(Default)]
struct Table {
    text: String,
}

impl Table {
    fn say(&mut self, lines: &str) {
        println!("{lines}");
        self.text.push_str(lines);
        self.text.push('\n');
    }
}

fn setting(args: &Args) -> std::io::Result<Setting> {
    let own = std::env::current_exe()?;
    let beside = own.parent().map(PathBuf::from).unwrap_or_default();
    let mut setting = Setting {
        binaries: args.binaries.clone().unwrap_or(beside),
        before: args.before.clone(),
        set: Vec::new(),
        before_set: Vec::new(),
        data_dir: args.data_dir.clone().unwrap_or_else(std::env::temp_dir),
        duration: Duration::from_secs_f64(args.seconds),
        gib: args.gib,
        prefault: Prefault::of_gib(args.prefault_gib),
        warm_up: WARM_UP,
        cpu_layout: CpuLayout::one_each(args.cpus[0], args.cpus[1]),
        segment_mib: args.segment_mib,
        kafka: None,
    };
    let is_wanted = args.sides.iter().any(|side| side.is_kafka());
    if let Some(xtask) = args.xtask.as_ref().filter(|_| is_wanted) {
        let directory = tempfile::tempdir_in(&setting.data_dir)?;
        let cpus = setting.cpu_layout.server_list();
        let server = Server::kafka(xtask, directory.path(), &cpus, Jvm::StartScripts)?;
        setting.kafka = Some(Kafka { server, directory });
        warm_up(&mut setting, args)?;
    }
    Ok(setting)
}

/// Kafka's first seconds are its interpreter's.
fn warm_up(setting: &mut Setting, args: &Args) -> std::io::Result<()> {
    let rounds = setting.duration;
    setting.duration = Duration::from_secs_f64(args.kafka_warm_up / 2.0);
    for shape in [&SHAPES[1], &SHAPES[2]] {
        setting.round(Side::KafkaShipped, shape, Acks::Written)?;
    }
    setting.duration = rounds;
    Ok(())
}

/// Reads wait for nobody's disk.
fn kinds(shape: &Shape, args: &Args) -> Vec<Acks> {
    if shape.work.fetch_bytes().is_some() {
        return vec![Acks::Written];
    }
    [Acks::Written, Acks::Durable].into_iter().filter(|a| args.acks.is_none_or(|only| only == *a)).collect()
}

fn measure(setting: &Setting, shape: &Shape, acks: Acks, args: &Args) -> std::io::Result<Vec<Round>> {
    let has_kafka = setting.kafka.is_some();
    let mut sides: Vec<Side> = args.sides.clone();
    // Both Kafkas are the same where no ack waits for the disk.
    let is_twin = |side: Side| side == Side::KafkaShipped && acks == Acks::Written;
    sides.retain(|side| side.takes_part(acks) && !is_twin(*side) && (has_kafka || !side.is_kafka()));
    let mut all = Vec::new();
    // The first round of each warms the machine and is thrown away.
    for round in 0..=args.rounds {
        for side in &sides {
            let measured = setting.round(*side, shape, acks)?;
            if round > 0 {
                all.push(measured);
            }
        }
        sides.reverse();
    }
    Ok(all)
}

fn write(folder: &Path, args: &Args, table: &str, all: &[Round]) -> Result<(), Box<dyn std::error::Error>> {
    fs::create_dir_all(folder)?;
    let text = format!(
        "# One path: the floor, creel, and Apache Kafka 4.3.1\n\n{}\n\nMedians of {} rounds, in alternating order, the \
         first of each thrown away; lowest and highest in brackets. A round lasts {} s, or until {} GiB are appended, with \
         {} GiB of memory given back to the system as it begins. Server on CPU {}, driver on CPU {}. Every reply was \
         checked.\n\n```\n{table}```\n\n![CPU per request](cpu.svg)\n",
        args.about, args.rounds, args.seconds, args.gib, args.prefault_gib, args.cpus[0], args.cpus[1],
    );
    fs::write(folder.join("README.md"), text)?;
    fs::write(folder.join("cpu.svg"), picture::draw(all)?)?;
    fs::write(folder.join("rounds.json"), serde_json::to_string_pretty(all)?)?;
    println!("written to {}", folder.display());
    Ok(())
}
