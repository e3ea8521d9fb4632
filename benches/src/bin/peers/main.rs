//! Compares the broker with Apache Kafka and the floor in the forms that brokers are usually praised in. Each form
//! runs under acks=1 and acks=all, on one core and on all of them, in interleaved rounds with fresh data. Writes one
//! directory.

mod curve;
mod figures;
mod form;
mod names;
mod page;
mod picture;
mod ratios;
mod svg;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;
use creel_benches::cpu_layout::CpuLayout;
use creel_benches::prefault::Prefault;
use creel_benches::process::{Jvm, Server};
use creel_benches::round::{Kafka, Setting, Side};
use creel_benches::shape::Acks;

use figures::{Cores, Measured};
use form::{FORMS, Form};
use names::{SIDES, said};
use page::Page;
use picture::Picture;

/// Of a round.
const WARM_UP: f64 = 1.0 / 3.0;
/// Forms that Kafka is warmed up with.
const KAFKA_WARMS_UP_WITH: [&str; 3] = ["flood", "8-producers", "keyed"];

/// Compares Creel with Apache Kafka and the floor, in the forms of load that brokers are usually compared in.
#[derive(Parser)]
struct Args {
    /// The binary of xtask, which starts Apache Kafka.
    #[arg(long)]
    xtask: PathBuf,
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
    /// Measure only forms whose name contains one of these: flood, 1000x1KB, 8-producers, 50MB/s, 500MB/s, 1GB/s, keyed, curve.
    #[arg(long, value_delimiter = ',')]
    forms: Vec<String>,
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

fn main() {
    let mut args = Args::parse();
    if args.quick {
        (args.rounds, args.seconds, args.gib) = (1, 0.3, 0.25);
        (args.prefault_gib, args.kafka_warm_up) = (0.0, 3.0);
    }
    if let Err(error) = run(&args) {
        eprintln!("peers: {error}");
        std::process::exit(2);
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let wanted =
        |form: &&Form| args.forms.is_empty() || args.forms.iter().any(|part| form.shape.name.contains(part));
    let forms: Vec<&Form> = FORMS.iter().filter(wanted).collect();
    if forms.is_empty() || args.cpus.len() < 2 || args.rounds == 0 {
        return Err("at least one form, two CPUs and one round are needed".into());
    }
    let mut bench = Bench { args, all: Vec::new(), failures: Vec::new() };
    for cores in &args.cores {
        bench.measure_on(*cores, &forms)?;
    }
    write(&Page { args, forms, all: &bench.all, failures: &bench.failures })?;
    println!("{:.0} s; written to {}", began.elapsed().as_secs_f64(), args.out.display());
    Ok(())
}

struct Bench<'a> {
    args: &'a Args,
    all: Vec<Measured>,
    failures: Vec<String>,
}

impl Bench<'_> {
    fn measure_on(&mut self, cores: Cores, forms: &[&Form]) -> Result<(), Box<dyn Error>> {
        println!("{}: starting Apache Kafka and warming it up", said(cores));
        let setting = setting(self.args, cores)?;
        let kinds = [Acks::Written, Acks::Durable].into_iter();
        let kinds: Vec<Acks> = kinds.filter(|acks| self.args.acks.is_none_or(|only| only == *acks)).collect();
        for form in forms {
            for acks in &kinds {
                self.measure(&setting, cores, form, *acks);
            }
        }
        Ok(())
    }

    /// All rounds of all sides, in turns. One that fails is told, and costs only itself.
    fn measure(&mut self, setting: &Setting, cores: Cores, form: &Form, acks: Acks) {
        let mut sides = SIDES;
        for round in 1..=self.args.rounds {
            for side in sides {
                match setting.round(side, &form.shape, acks) {
                    Ok(figures) => {
                        println!(
                            "{}, {} {}, round {round}: {} {:.0} records/s, p99 {:.2} ms",
                            said(cores),
                            form.shape.name,
                            acks.name(),
                            side.name(),
                            figures.records_per_second,
                            f64::from(figures.p99_us) / 1e3
                        );
                        self.all.push(Measured { cores, round, figures });
                    }
                    Err(error) => {
                        let (cores, form, acks, side) = (said(cores), form.title, acks.name(), side.name());
                        self.failures
                            .push(format!("{form}, {cores}, {acks}, {side}, round {round}: {error}"));
                    }
                }
            }
            sides.reverse();
        }
    }
}

fn setting(args: &Args, cores: Cores) -> Result<Setting, Box<dyn Error>> {
    let own = std::env::current_exe()?;
    let beside = own.parent().map(PathBuf::from).unwrap_or_default();
    let cpu_layout = match cores {
        Cores::OneEach => CpuLayout::one_each(args.cpus[0], args.cpus[1]),
        Cores::All => CpuLayout::shared(&args.cpus),
    };
    let directory = tempfile::tempdir()?;
    let server = Server::kafka(&args.xtask, directory.path(), &cpu_layout.server_list(), Jvm::Documented)?;
    let mut setting = Setting {
        binaries: args.binaries.clone().unwrap_or(beside),
        duration: Duration::from_secs_f64(args.kafka_warm_up / KAFKA_WARMS_UP_WITH.len() as f64),
        gib: args.gib,
        prefault: Prefault::of_gib(args.prefault_gib),
        warm_up: WARM_UP,
        cpu_layout,
        segment_mib: None,
        kafka: Some(Kafka { server, directory }),
    };
    for form in FORMS.iter().filter(|form| KAFKA_WARMS_UP_WITH.contains(&form.shape.name)) {
        setting.round(Side::KafkaShipped, &form.shape, Acks::Written)?;
    }
    setting.duration = Duration::from_secs_f64(args.seconds);
    Ok(setting)
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
