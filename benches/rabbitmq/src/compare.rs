//! A comparison, from options to the directory of results.

use crate::arm::Arm;
use crate::cli::Options;
use crate::comparison::{Comparison, commit, locked, machine_slug, today};
use crate::creel::{self, broker::Broker};
use crate::error::{BenchError, Result};
use crate::figures::{Crash, Figures, Kind, Measured, Order};
use crate::page::page;
use crate::rabbit::{self, node::Node};
use crate::settings::Settings;
use loadgen_engine::payload::{Payload, PayloadSource};
use loadgen_host::cores;
use loadgen_result::report::machine::Machine;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const SEED: u64 = 1;
const FANOUT_READERS: usize = 3;
/// Of its own highest rate.
const OWN_REACH: f64 = 0.8;

struct Bench<'a> {
    options: &'a Options,
    settings: Settings,
    runtime: Runtime,
    machine: Machine,
    rabbitmq: String,
}

/// Measures and writes.
pub fn run(options: &Options) -> Result<()> {
    check(options)?;
    let at_hand = cores::at_hand()?;
    let split = cores::split(&at_hand, true, options.broker_cpus.as_deref())?;
    pin(&split.generator)?; // and with it every thread begun from here on
    let payload = Payload::load(&PayloadSource::Sized(options.message_size), SEED, false);
    let payload = payload.map_err(|error| BenchError::Said(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(split.generator.len())
        .enable_all()
        .build()
        .map_err(BenchError::system("a runtime"))?;
    let settings = Settings {
        producers: usize::from(options.producers),
        message_bytes: options.message_size,
        payload: Arc::new(payload),
        seed: SEED,
        warmup: Duration::from_secs_f64(options.warmup),
        measure: Duration::from_secs_f64(options.seconds),
        prefetch: options.prefetch,
        broker_cpus: cores::list(&split.broker),
        generator_cpus: split.generator.len(),
    };
    let mut bench =
        Bench { options, settings, runtime, machine: Machine::default(), rabbitmq: String::new() };
    let began = Instant::now();
    let mut comparison = bench.compare(cores::list(&split.generator))?;
    comparison.machine.cpus = at_hand.len();
    let dir = write(&comparison, options.out.as_deref())?;
    eprintln!("{:.0} s; written to {}", began.elapsed().as_secs_f64(), dir.display());
    println!("{}", page(&comparison));
    Ok(())
}

fn check(options: &Options) -> Result<()> {
    if !Node::is_installed() {
        let server = rabbit::node::SERVER;
        return Err(BenchError::Said(format!("no {server}: apt-get install rabbitmq-server")));
    }
    if !options.creel_bin.is_file() {
        let path = options.creel_bin.display();
        return Err(BenchError::Said(format!("no creel at {path}: cargo build --release -p creel-server")));
    }
    let is_sound = |seconds: f64| (0.0..=3_600.0).contains(&seconds);
    if options.rounds == 0
        || options.seconds == 0.0
        || !is_sound(options.seconds)
        || !is_sound(options.warmup)
    {
        return Err(BenchError::Said("--rounds and --seconds must be more than nothing".into()));
    }
    if options.rates.iter().any(|rate| !(1.0..=1e7).contains(rate)) {
        return Err(BenchError::Said("--rates takes 1 to 10000000 messages per second".into()));
    }
    Ok(())
}

fn pin(cpus: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    cpus.iter().for_each(|cpu| set.set(*cpu));
    sched_setaffinity(None, &set).map_err(|why| BenchError::system("CPUs of the generator")(why.into()))
}

impl Bench<'_> {
    fn compare(&mut self, generator_cpus: String) -> Result<Comparison> {
        let mut measured = Vec::new();
        for round in 0..self.options.rounds {
            let mut arms = self.options.arms.clone();
            if round % 2 == 1 {
                arms.reverse();
            }
            for arm in arms {
                measured.extend(self.round(round, arm)?);
            }
        }
        let (mut crashes, mut orders, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for arm in self.options.arms.iter().copied().filter(|_| !self.options.only_rounds) {
            eprintln!("{}: kill -9, then order and replay", arm.name());
            // Rounds of many minutes are not thrown away for one of these.
            match self.crash(arm) {
                Ok(crash) => crashes.push(crash),
                Err(error) => failures.push(format!("{}, kill -9: {error}", arm.name())),
            }
            match self.order(arm) {
                Ok(order) => orders.push(order),
                Err(error) => failures.push(format!("{}, order and replay: {error}", arm.name())),
            }
        }
        let Settings { producers, payload, broker_cpus, .. } = self.settings.clone();
        Ok(Comparison {
            command: std::env::args().map(|word| shown(&word)).collect::<Vec<_>>().join(" "),
            commit: commit(),
            date: today(),
            machine: self.machine.clone(),
            rabbitmq: self.rabbitmq.clone(),
            lapin: locked("lapin").unwrap_or_default(),
            broker_cpus,
            generator_cpus,
            producers,
            payload: payload.about().to_owned(),
            seconds: [self.options.warmup, self.options.seconds],
            rates: self.options.rates.clone(),
            prefetch: self.settings.prefetch,
            arms: self.options.arms.clone(),
            measured,
            crashes,
            orders,
            failures,
        })
    }

    /// All loads of one system, on a broker started anew.
    fn round(&mut self, round: usize, arm: Arm) -> Result<Vec<Measured>> {
        let title = format!("round {} of {}, {}", round + 1, self.options.rounds, arm.name());
        eprintln!("{title}: starting");
        let side = self.start(arm)?;
        let mut measured: Vec<Measured> = Vec::new();
        let rates = self.options.rates.iter().map(|rate| Kind::Rate(*rate));
        let stored = self.options.rates.first().map(|rate| Kind::Stored(*rate));
        let kinds = [Kind::Maximum].into_iter().chain(rates).chain(stored);
        let kinds = kinds.chain([Kind::OwnReach, Kind::FanOut]);
        for kind in kinds.collect::<Vec<_>>() {
            let reached = measured.first().map_or(1.0, |first| first.figures.sustained_per_s());
            let (rate, readers) = match kind {
                Kind::Maximum => (None, 1),
                Kind::FanOut => (None, FANOUT_READERS),
                Kind::Rate(rate) => (Some(rate), 1),
                Kind::Stored(rate) => (Some(rate), 0),
                Kind::OwnReach => (Some((reached * OWN_REACH).max(1.0)), 1),
            };
            let figures = self.load(&side, arm, rate, readers)?;
            let p99 = figures.response.map_or(0.0, |response| response.p99_us / 1e3);
            eprintln!("{title}, {kind:?}: {:.0}/s, response p99 {p99:.2} ms", figures.acked_per_s);
            measured.push(Measured { round, arm, kind, figures });
        }
        side.stop()?;
        Ok(measured)
    }

    fn start(&mut self, arm: Arm) -> Result<Side> {
        if arm.is_creel() {
            return Ok(Side::Creel(Broker::start(&self.options.creel_bin, &self.settings.broker_cpus)?));
        }
        let node = Node::start(&self.settings.broker_cpus)?;
        self.rabbitmq = node.version().unwrap_or_else(|| "RabbitMQ of unknown version".into());
        Ok(Side::Rabbit(node))
    }

    fn load(&mut self, side: &Side, arm: Arm, rate: Option<f64>, readers: usize) -> Result<Figures> {
        match side {
            Side::Creel(broker) => {
                let (figures, report) = creel::load::run(broker, arm, rate, readers, &self.settings)?;
                self.machine = report.machine;
                Ok(figures)
            }
            Side::Rabbit(node) => {
                self.runtime.block_on(rabbit::load::run(node, arm, rate, readers, &self.settings))
            }
        }
    }

    fn crash(&self, arm: Arm) -> Result<Crash> {
        if arm.is_creel() {
            return creel::crash::run(arm, &self.options.creel_bin, &self.settings);
        }
        self.runtime.block_on(rabbit::crash::run(arm, &self.settings))
    }

    fn order(&self, arm: Arm) -> Result<Order> {
        if arm.is_creel() {
            return creel::order::run(arm, &self.options.creel_bin, &self.settings);
        }
        self.runtime.block_on(rabbit::order::run(arm, &self.settings))
    }
}

/// A started broker of either system.
enum Side {
    Creel(Broker),
    Rabbit(Node),
}

impl Side {
    fn stop(self) -> Result<()> {
        match self {
            Side::Creel(broker) => broker.stop(),
            Side::Rabbit(node) => node.stop(),
        }
    }
}

/// Programs by their names, not by where they lie on this machine.
fn shown(word: &str) -> String {
    let path = Path::new(word);
    let name = path.file_name().filter(|_| path.is_absolute());
    name.map_or_else(|| word.to_owned(), |name| name.to_string_lossy().into_owned())
}

fn write(comparison: &Comparison, out: Option<&Path>) -> Result<PathBuf> {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results");
    let name = format!("{}-{}-rabbitmq", comparison.date, machine_slug(&comparison.machine));
    let dir = out.map_or_else(|| results.join(name), Path::to_owned);
    let json = serde_json::to_string_pretty(comparison).expect("a comparison has only plain fields");
    fs::create_dir_all(&dir).map_err(BenchError::system(dir.display().to_string()))?;
    for (name, text) in [("README.md", page(comparison)), ("rounds.json", json + "\n")] {
        let path = dir.join(name);
        fs::write(&path, text).map_err(BenchError::system(path.display().to_string()))?;
    }
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_shows_no_ones_directories() {
        assert_eq!(shown("/home/x/target/release/creel-rabbitmq"), "creel-rabbitmq");
        assert_eq!(shown("--rates"), "--rates");
        assert_eq!(shown("results/y"), "results/y");
    }
}
