//! `loadgen max`: the highest rate at which the broker keeps up.
//!
//! Each probe is an open-loop run of its own, on a fresh topic: a rate holds if the p99 of the response is under the bound,
//! nearly all of the rate was reached, and neither what is due nor what is to be read piles up. `bisect` decides which rate
//! is next, `verdict` whether it held.

mod bisect;
pub mod cli;
pub mod report;
mod verdict;

use crate::cli::RunArgs;
use crate::error::LoadError;
use crate::progress::Progress;
use crate::report::RunReport;
use crate::report::table::thousands;
use crate::run::run_shown;
use bisect::{Bracket, Ended, Outcome, Prober};
use cli::MaxArgs;
use report::{MaxReport, Probe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The search begins at this share of what the closed loop reaches: it keeps up with less than that.
const FIRST_SHARE: f64 = 0.5;

/// Searches; what was found until an interrupt is in the report.
pub fn max(args: &MaxArgs, interrupted: &Arc<AtomicBool>) -> Result<MaxReport, LoadError> {
    args.check()?;
    let mut progress = Progress::endless("probe");
    progress.begin("closed loop, to know where to begin");
    let first = run_shown(&args.run, interrupted, progress.live())?;
    let Some(closed_loop) = first.figures.as_ref().map(|figures| figures.records_per_s) else {
        return Ok(MaxReport::of_failed_verification(args, first));
    };
    let mut probes = Probes { args, interrupted, progress, done: Vec::new(), failed_verification: None };
    let bracket = Bracket { first_rate: closed_loop * FIRST_SHARE, precision: args.precision };
    let ended = match interrupted.load(Ordering::Relaxed) {
        true => Ended { rate: None, confirmations: 0 },
        false => bracket.search(&mut probes)?,
    };
    let last = probes.failed_verification.take();
    let mut report = MaxReport {
        broker: first.broker,
        settings: first.settings,
        machine: first.machine,
        closed_loop_records_per_s: closed_loop,
        p99_bound_ms: args.p99.as_secs_f64() * 1e3,
        precision: args.precision,
        records_per_s: ended.rate,
        at_most_records_per_s: None,
        steered_by_noise: false,
        disturbed_probes: 0,
        limited_by_generator: false,
        confirmations: ended.confirmations,
        interrupted: interrupted.load(Ordering::Relaxed),
        failed_verification: last.map(|report| report.verification),
        probes: probes.done,
    };
    report.weigh();
    Ok(report)
}

/// Probes by running.
struct Probes<'a> {
    args: &'a MaxArgs,
    interrupted: &'a Arc<AtomicBool>,
    progress: Progress,
    done: Vec<Probe>,
    failed_verification: Option<RunReport>,
}

impl Prober for Probes<'_> {
    type Error = LoadError;

    fn probe(&mut self, rate: f64) -> Result<Outcome, LoadError> {
        let args = RunArgs { rate: Some(rate), ..self.args.run.clone() };
        self.progress.begin(&format!("{} records/s", thousands(rate)));
        let report = match run_shown(&args, self.interrupted, self.progress.live()) {
            // What was found so far is told.
            Err(_) if self.interrupted.load(Ordering::Relaxed) => return Ok(Outcome::Stop),
            report => report?,
        };
        if self.interrupted.load(Ordering::Relaxed) {
            return Ok(Outcome::Stop);
        }
        let Some(probe) = verdict::judge(&report, rate, self.args.p99) else {
            self.failed_verification = Some(report);
            return Ok(Outcome::Stop);
        };
        self.progress.say(&probe.line());
        let outcome = if probe.held { Outcome::Held } else { Outcome::Failed };
        self.done.push(probe);
        Ok(outcome)
    }
}
