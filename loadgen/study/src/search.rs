//! `loadgen max`: the highest rate at which the broker keeps up.
//!
//! Each probe is an open-loop run of its own, on a fresh topic. A rate holds under three conditions: the p99 of the
//! response is under the bound, nearly all of the rate was reached, and neither acks nor
//! consumers fall behind. `bisect` decides which rate is next, `verdict` whether it held.

mod bisect;
pub mod options;
pub mod report;
mod verdict;

use crate::error::StudyError;
use crate::progress::Progress;
use crate::runner::Runner;
use bisect::{Bracket, Ended, ProbeOutcome, Prober};
use loadgen_engine::options::RunOptions;
use loadgen_result::report::RunReport;
use loadgen_result::text::thousands;
use options::MaxOptions;
use report::{MaxReport, Probe};

/// The search begins at this share of the closed loop's rate, because the broker keeps up with less than that rate.
const FIRST_SHARE: f64 = 0.5;

/// Searches; what was found until an interrupt is in the report.
pub fn max(options: &MaxOptions, runner: &dyn Runner) -> Result<MaxReport, StudyError> {
    options.check()?;
    let mut progress = Progress::endless("probe");
    progress.begin("closed loop, for a rate to begin with");
    let first = runner.run(&options.run, progress.prefix())?;
    let Some(closed_loop) = first.figures.as_ref().map(|figures| figures.records_per_s) else {
        return Ok(MaxReport::of_failed_verification(options, first));
    };
    let mut probes = Probes { options, runner, progress, done: Vec::new(), failed_verification: None };
    let bracket = Bracket { first_rate: closed_loop * FIRST_SHARE, precision: options.precision };
    let ended = match runner.is_interrupted() {
        true => Ended { rate: None, confirmations: 0 },
        false => bracket.search(&mut probes)?,
    };
    let last = probes.failed_verification.take();
    let mut report = MaxReport {
        broker: first.broker,
        settings: first.settings,
        machine: first.machine,
        closed_loop_records_per_s: closed_loop,
        p99_bound_ms: options.p99.as_secs_f64() * 1e3,
        precision: options.precision,
        records_per_s: ended.rate,
        at_most_records_per_s: None,
        steered_by_noise: false,
        disturbed_probes: 0,
        limited_by_generator: false,
        confirmations: ended.confirmations,
        interrupted: runner.is_interrupted(),
        failed_verification: last.map(|report| report.verification),
        probes: probes.done,
    };
    report.weigh();
    Ok(report)
}

/// Probes by running.
struct Probes<'a> {
    options: &'a MaxOptions,
    runner: &'a dyn Runner,
    progress: Progress,
    done: Vec<Probe>,
    failed_verification: Option<RunReport>,
}

impl Prober for Probes<'_> {
    type Error = StudyError;

    fn probe(&mut self, rate: f64) -> Result<ProbeOutcome, StudyError> {
        let options = RunOptions { rate: Some(rate), ..self.options.run.clone() };
        self.progress.begin(&format!("{} records/s", thousands(rate)));
        let report = match self.runner.run(&options, self.progress.prefix()) {
            // What was found so far is told.
            Err(_) if self.runner.is_interrupted() => return Ok(ProbeOutcome::Stop),
            report => report?,
        };
        if self.runner.is_interrupted() {
            return Ok(ProbeOutcome::Stop);
        }
        let Some(probe) = verdict::judge(&report, rate, self.options.p99) else {
            self.failed_verification = Some(report);
            return Ok(ProbeOutcome::Stop);
        };
        self.progress.say(&probe.line());
        let outcome = if probe.held { ProbeOutcome::Held } else { ProbeOutcome::Failed };
        self.done.push(probe);
        Ok(outcome)
    }
}
