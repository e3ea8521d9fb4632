//! Measures what is planned, round by round.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use creel_benches::cpu_layout::CpuLayout;
use creel_benches::prefault::Prefault;
use creel_benches::process::{Jvm, Server};
use creel_benches::round::{Kafka, Setting};
use creel_benches::shape::Acks;
use creel_benches::side::Side;

use crate::Args;
use crate::figures::{Cores, Measured};
use crate::form::FORMS;
use crate::names::said;
use crate::plan::{Entry, Plan};

/// Of a round.
const WARM_UP: f64 = 1.0 / 3.0;
/// Forms that Kafka is warmed up with.
const KAFKA_WARMS_UP_WITH: [&str; 3] = ["flood", "8-producers", "keyed"];

pub(crate) struct Bench<'a> {
    pub(crate) args: &'a Args,
    pub(crate) plan: &'a Plan,
    pub(crate) all: Vec<Measured>,
    pub(crate) failures: Vec<String>,
}

impl Bench<'_> {
    pub(crate) fn measure_on(&mut self, cores: Cores) -> Result<(), Box<dyn Error>> {
        let contests = self.plan.contests(cores);
        if contests.is_empty() {
            return Ok(());
        }
        let setting = setting(self.args, self.plan, cores)?;
        for (acks, entries) in contests {
            self.measure(&setting, cores, acks, entries);
        }
        Ok(())
    }

    /// All rounds of all entries, in turns.
    fn measure(&mut self, setting: &Setting, cores: Cores, acks: Acks, mut entries: Vec<Entry>) {
        for round in 1..=self.args.rounds {
            for entry in &entries {
                self.measure_one(setting, cores, acks, round, *entry);
            }
            entries.reverse();
        }
    }

    /// One that fails is told, and costs only itself.
    fn measure_one(&mut self, setting: &Setting, cores: Cores, acks: Acks, round: usize, entry: Entry) {
        let (form, side) = entry;
        match setting.round(side, &form.shape, acks) {
            Ok(figures) => {
                println!(
                    "{}, {} {}, round {round}: {} {:.0} records/s, p99 {:.2} ms",
                    said(cores),
                    form.name(),
                    acks.name(),
                    side.name(),
                    figures.records_per_second,
                    f64::from(figures.p99_us) / 1e3
                );
                self.all.push(Measured { cores, round, figures });
            }
            Err(error) => {
                let (cores, form, acks, side) = (said(cores), form.title, acks.name(), side.name());
                self.failures.push(format!("{form}, {cores}, {acks}, {side}, round {round}: {error}"));
            }
        }
    }
}

fn setting(args: &Args, plan: &Plan, cores: Cores) -> Result<Setting, Box<dyn Error>> {
    let cpu_layout = match cores {
        Cores::OneEach => CpuLayout::one_each(args.cpus[0], args.cpus[1]),
        Cores::All => CpuLayout::shared(&args.cpus),
    };
    let mut setting = Setting {
        binaries: own_folder(args)?,
        before: args.before.clone(),
        set: args.set.clone(),
        before_set: args.before_set.clone(),
        data_dir: args.data_dir(),
        duration: Duration::from_secs_f64(args.seconds),
        gib: args.gib,
        prefault: Prefault::of_gib(args.prefault_gib),
        warm_up: WARM_UP,
        cpu_layout,
        segment_mib: None,
        kafka: None,
    };
    if let Some(xtask) = args.xtask.as_ref().filter(|_| plan.has_kafka(cores)) {
        println!("{}: starting Apache Kafka and warming it up", said(cores));
        start_kafka(&mut setting, xtask, Duration::from_secs_f64(args.kafka_warm_up))?;
    }
    Ok(setting)
}

fn start_kafka(setting: &mut Setting, xtask: &Path, warm_up: Duration) -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir_in(&setting.data_dir)?;
    let cpus = setting.cpu_layout.server_list();
    let server = Server::kafka(xtask, directory.path(), &cpus, Jvm::Documented)?;
    setting.kafka = Some(Kafka { server, directory });
    let duration = setting.duration;
    setting.duration = warm_up / KAFKA_WARMS_UP_WITH.len() as u32;
    for form in FORMS.iter().filter(|form| KAFKA_WARMS_UP_WITH.contains(&form.name())) {
        setting.round(Side::KafkaShipped, &form.shape, Acks::Written)?;
    }
    setting.duration = duration;
    Ok(())
}

/// Folder of the binaries `floor` and `creel`.
pub(crate) fn own_folder(args: &Args) -> Result<PathBuf, Box<dyn Error>> {
    let own = std::env::current_exe()?;
    let beside = own.parent().map(PathBuf::from).unwrap_or_default();
    Ok(args.binaries.clone().unwrap_or(beside))
}

/// What a binary says it is.
pub(crate) fn version_of(binary: &Path) -> Result<String, Box<dyn Error>> {
    let output = Command::new(binary).arg("--version").output();
    let output = output.map_err(|error| format!("{}: {error}", binary.display()))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if said.is_empty() { Err(format!("{} has no version", binary.display()).into()) } else { Ok(said) }
}
