//! Measuring pair after pair.

use super::arm::Arm;
use super::options::CompareOptions;
use super::order::{Side, order};
use crate::error::StudyError;
use crate::progress::Progress;
use crate::runner::Runner;
use loadgen_result::comparison::metric::Metric;
use loadgen_result::comparison::{Phase, RoundRun};
use loadgen_result::files::FileError;
use loadgen_result::files::write_json;
use loadgen_result::report::machine::Machine;
use loadgen_result::report::{BrokerReport, RunReport, SettingsReport};
use std::fs;
use std::path::Path;

/// Parts the seed of the control's order from the comparison's.
const CONTROL: u64 = 0x636f_6e74_726f_6c00;

/// All that was measured before the end, whatever ended it.
#[derive(Debug, Default)]
pub(super) struct MeasuredPairs {
    pub(super) runs: Vec<RoundRun>,
    /// Of each arm's first run.
    pub(super) about: [Option<(BrokerReport, SettingsReport)>; 2],
    /// Of the first run.
    pub(super) machine: Option<Machine>,
    /// A verification that failed; nothing was measured after it.
    pub(super) failed: Option<String>,
    /// A run that could not be made; nothing was measured after it.
    pub(super) error: Option<StudyError>,
    /// A result that could not be written; nothing was measured after it.
    pub(super) unkept: Option<StudyError>,
    pub(super) interrupted: bool,
}

/// The control, then the comparison.
pub(super) fn measure(
    options: &CompareOptions,
    arms: &[Arm; 2],
    runner: &dyn Runner,
) -> Result<MeasuredPairs, StudyError> {
    let control = usize::from(options.control_rounds);
    let rounds = usize::from(options.rounds);
    let mut pair_runner = PairRunner {
        out: options.out.as_deref(),
        progress: Progress::new("run", 2 * (control + rounds)),
        measured: MeasuredPairs::default(),
        runner,
    };
    if let Some(dir) = &options.out {
        fs::create_dir_all(dir).map_err(|why| StudyError::File(FileError { path: dir.clone(), why }))?;
    }
    let [a, b] = arms;
    pair_runner.phase(Phase::Control, [a, a], &order(control, options.seed ^ CONTROL));
    pair_runner.phase(Phase::Compare, [a, b], &order(rounds, options.seed));
    pair_runner.measured.interrupted = runner.is_interrupted();
    Ok(pair_runner.measured)
}

struct PairRunner<'a> {
    out: Option<&'a Path>,
    progress: Progress,
    measured: MeasuredPairs,
    runner: &'a dyn Runner,
}

impl PairRunner<'_> {
    fn phase(&mut self, phase: Phase, arms: [&Arm; 2], pairs: &[[Side; 2]]) {
        for (index, sides) in pairs.iter().enumerate() {
            for side in sides {
                if self.is_over() {
                    return;
                }
                self.run(phase, index + 1, *side, arms);
            }
        }
    }

    fn is_over(&self) -> bool {
        let measured = &self.measured;
        self.runner.is_interrupted()
            || measured.failed.is_some()
            || measured.error.is_some()
            || measured.unkept.is_some()
    }

    /// A run cut short is not one of a pair.
    fn run(&mut self, phase: Phase, pair: usize, side: Side, arms: [&Arm; 2]) {
        let arm = arms[side as usize];
        self.progress.begin(&format!("{}, pair {pair}: {}", name(phase), arm.name));
        let report = match self.runner.run(&arm.options, self.progress.prefix()) {
            Ok(report) => report,
            Err(_) if self.runner.is_interrupted() => return,
            Err(error) => {
                self.measured.error = Some(error);
                return;
            }
        };
        let file = self.keep(&report, phase, pair, side).unwrap_or_else(|error| {
            self.measured.unkept = Some(error);
            None
        });
        if report.verification.passed == Some(false) {
            let example = report.verification.findings.first_example.as_deref().unwrap_or("no example");
            self.measured.failed = Some(format!("verification of {} failed: {example}", arm.name));
        }
        if !report.interrupted {
            self.note(&report, phase, pair, side, file);
        }
    }

    fn note(&mut self, report: &RunReport, phase: Phase, pair: usize, side: Side, file: Option<String>) {
        let slot = if phase == Phase::Control { 0 } else { side as usize };
        self.measured.about[slot].get_or_insert_with(|| (report.broker.clone(), report.settings.clone()));
        self.measured.machine.get_or_insert_with(|| report.machine.clone());
        let Some(figures) = &report.figures else { return };
        let value = |metric: &Metric| metric.of(figures).map(|value| (*metric, value));
        self.measured.runs.push(RoundRun {
            phase,
            pair,
            arm: letter(side).into(),
            values: Metric::all().iter().filter_map(value).collect(),
            noise: figures.noise.flags.clone(),
            warnings: report.warnings.clone(),
            file,
        });
    }

    /// `control-001-a/run.json` below `--out`.
    fn keep(
        &self,
        report: &RunReport,
        phase: Phase,
        pair: usize,
        side: Side,
    ) -> Result<Option<String>, StudyError> {
        let Some(out) = self.out else { return Ok(None) };
        let file = format!("{}-{pair:03}-{}/run.json", name(phase), letter(side));
        let path = out.join(&file);
        let dir = path.parent().unwrap_or(out);
        fs::create_dir_all(dir).map_err(|why| StudyError::File(FileError { path: dir.to_owned(), why }))?;
        write_json(report, &path)?;
        Ok(Some(file))
    }
}

fn letter(side: Side) -> &'static str {
    match side {
        Side::First => "a",
        Side::Second => "b",
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Control => "control",
        Phase::Compare => "compare",
    }
}
