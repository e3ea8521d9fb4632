//! Results of any kind as cells: a run is one, a comparison two (its sides), a sweep as many as it has cells.

use crate::error::StudyError;
use crate::store::{Kept, Store};
use loadgen_result::comparison::metric::Metric;
use loadgen_result::comparison::{self as comparison, ArmReport, CompareReport, Phase};
use loadgen_result::files::FileError;
use loadgen_result::report::machine::Machine;
use loadgen_result::report::{self as run, BrokerReport, RunReport, SettingsReport};
use loadgen_result::results_dir::RUN_FILE;
use loadgen_result::stats::geometric_mean;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

const COMPARISON_FILE: &str = "compare.json";
const SWEEP_FILE: &str = "sweep.json";

/// A result.
#[derive(Debug)]
pub(super) struct ResultCells {
    /// As the command line has it.
    pub(super) name: String,
    pub(super) kind: ResultKind,
    pub(super) cells: Vec<Cell>,
}

/// What measured it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResultKind {
    Run,
    Comparison,
    Sweep,
}

/// What one load told of one broker.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    /// Tells it from the others of its result; empty for the only one.
    pub(super) label: String,
    pub(super) broker: Option<BrokerReport>,
    pub(super) settings: Option<SettingsReport>,
    pub(super) machine: Option<Machine>,
    /// How long each run measured, where that is known.
    pub(super) measured_s: Option<f64>,
    /// The geometric mean over its runs.
    pub(super) values: BTreeMap<Metric, f64>,
    pub(super) runs: usize,
    /// Why its figures mean less than they seem to.
    pub(super) doubts: Vec<String>,
    /// Why it has no figures.
    pub(super) failed: Option<String>,
}

impl ResultKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            ResultKind::Run => "run",
            ResultKind::Comparison => "comparison",
            ResultKind::Sweep => "sweep",
        }
    }
}

impl ResultCells {
    /// A file, or the directory of one.
    pub(super) fn read(path: &Path) -> Result<ResultCells, StudyError> {
        let name = path.display().to_string();
        if path.join(SWEEP_FILE).is_file() {
            return Ok(ResultCells { name, kind: ResultKind::Sweep, cells: of_sweep(path)? });
        }
        let in_dir = |file| Some(path.join(file)).filter(|file| file.is_file());
        let file = in_dir(COMPARISON_FILE).or_else(|| in_dir(RUN_FILE)).unwrap_or_else(|| path.to_owned());
        if file.is_dir() {
            let why = format!("{name}: no result in it (no {RUN_FILE}, {COMPARISON_FILE} or {SWEEP_FILE})");
            return Err(StudyError::Options(why));
        }
        match schema(&file)?.as_deref() {
            Some(run::SCHEMA) => {
                let cell = of_runs(String::new(), &[json(&file)?]);
                Ok(ResultCells { name, kind: ResultKind::Run, cells: vec![cell] })
            }
            Some(comparison::SCHEMA) => {
                let cells = of_comparison(&json(&file)?, file.parent().unwrap_or(Path::new(".")));
                Ok(ResultCells { name, kind: ResultKind::Comparison, cells })
            }
            other => {
                let other = other.map_or("no schema".into(), |other| format!("'{}'", other.escape_debug()));
                let why = format!(
                    "{}: not a result that can be compared ({other}, not {} or {})",
                    file.display(),
                    run::SCHEMA,
                    comparison::SCHEMA
                );
                Err(StudyError::Options(why))
            }
        }
    }
}

fn schema(file: &Path) -> Result<Option<String>, StudyError> {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
    }
    json::<Head>(file).map(|head| head.schema)
}

pub(super) fn json<T: DeserializeOwned>(file: &Path) -> Result<T, StudyError> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|why| StudyError::File(FileError { path: file.to_owned(), why }))?;
    let not = |why| StudyError::Options(format!("{}: not a result: {why}", file.display()));
    serde_json::from_str(&text).map_err(not)
}

/// Runs of the same load, one or more.
pub(super) fn of_runs(label: String, reports: &[RunReport]) -> Cell {
    let measured = |metric: Metric| {
        let values = reports.iter().filter_map(|report| metric.of(report.figures.as_ref()?));
        geometric_mean(&values.map(f64::ln).collect::<Vec<_>>()).map(|mean| (metric, mean))
    };
    let last = reports.last();
    let failed = reports.iter().find(|report| report.figures.is_none());
    Cell {
        label,
        broker: last.map(|report| report.broker.clone()),
        settings: last.map(|report| report.settings.clone()),
        machine: last.map(|report| report.machine.clone()),
        measured_s: last.map(|report| report.measured_s),
        values: Metric::all().iter().copied().filter_map(measured).collect(),
        runs: reports.len(),
        doubts: reports.iter().flat_map(doubts).collect(),
        failed: failed.map(why_failed),
    }
}

fn doubts(report: &RunReport) -> impl Iterator<Item = String> {
    let interrupted = report.interrupted.then(|| "interrupted before its end".to_owned());
    let noise = report.figures.iter().flat_map(|figures| figures.noise.flags.clone());
    interrupted.into_iter().chain(noise)
}

fn why_failed(report: &RunReport) -> String {
    let example = report.verification.findings.first_example.as_deref().unwrap_or("no example");
    format!("its verification failed: {example}")
}

fn of_comparison(report: &CompareReport, dir: &Path) -> Vec<Cell> {
    let side = |label: &str, arm: &ArmReport, letter: &str| {
        // In the control A ran against itself, there as `b` too.
        let compared = report.runs.iter().filter(|run| run.phase == Phase::Compare);
        let runs: Vec<_> = compared.filter(|run| run.arm == letter).collect();
        // For how long it measured only the whole results tell, if they were kept.
        let whole: Option<RunReport> = runs.iter().find_map(|run| json(&dir.join(run.file.as_ref()?)).ok());
        let value = |metric: &comparison::MetricReport| if letter == "a" { metric.a } else { metric.b };
        Cell {
            label: format!("{label} ({})", arm.name),
            broker: arm.broker.clone(),
            settings: arm.settings.clone(),
            measured_s: whole.as_ref().map(|whole| whole.measured_s),
            // Comparisons of before did not tell their machine.
            machine: Some(report.machine.clone())
                .filter(|machine| *machine != Machine::default())
                .or_else(|| whole.map(|whole| whole.machine)),
            values: report.metrics.iter().map(|metric| (metric.metric, value(metric))).collect(),
            runs: runs.len(),
            doubts: runs.iter().flat_map(|run| run.noise.clone()).collect(),
            failed: report.failed.clone(),
        }
    };
    vec![side("side A", &report.a, "a"), side("side B", &report.b, "b")]
}

/// Of a cell that was halved only the last round, the longest, counts.
fn of_sweep(dir: &Path) -> Result<Vec<Cell>, StudyError> {
    let store = Store::existing(dir);
    store.description()?;
    let mut cells: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
    for kept in store.all()? {
        cells.entry(format!("{}, {}", kept.label, kept.load)).or_default().push(kept);
    }
    let cell = |(label, kept): (String, Vec<Kept>)| {
        let last = kept.iter().map(|kept| kept.round).max();
        let reports = kept.into_iter().filter(|kept| Some(kept.round) == last).map(|kept| kept.report);
        of_runs(label, &reports.collect::<Vec<_>>())
    };
    Ok(cells.into_iter().map(cell).collect())
}
