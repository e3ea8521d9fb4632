//! `loadgen compare`: is B faster than A, slower, or can't that be told?
//!
//! Two arms, each a file of options of `loadgen run`. First A against itself, for the noise floor of this machine at this
//! time; then A against B. Either way in pairs of runs with a fresh broker each, in an order drawn from the seed and then
//! turned round (ABBA), so that a machine that drifts favours nobody. `rounds` measures, `judge` decides, `table` tells;
//! all that is told is made from `report::CompareReport`, which `--out` keeps as compare.json.

mod arm;
pub mod cli;
mod judge;
pub mod metric;
mod order;
pub mod report;
mod rounds;
pub mod table;

use crate::error::LoadError;
use arm::Arm;
use cli::{CompareArgs, Require};
pub use judge::Verdict;
use report::CompareReport;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What a comparison means for the one who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As required.
    Good,
    /// B is slower, or not what was required, or a verification failed.
    Bad,
}

/// A comparison that came to a verdict.
#[derive(Debug)]
pub struct Compared {
    /// All there is to tell.
    pub report: CompareReport,
    /// What it means.
    pub outcome: Outcome,
    /// What `--out` had no place for: measuring ended there, and the verdict is on the pairs before.
    pub unkept: Option<LoadError>,
}

/// Measures both arms and judges; `interrupted` ends it early, with a verdict on the pairs measured until then.
pub fn compare(args: &CompareArgs, interrupted: &Arc<AtomicBool>) -> Result<Compared, LoadError> {
    let arms = [Arm::read(&args.a, args)?, Arm::read(&args.b, args)?];
    let primary = judge::primary(&arms, args)?;
    let mut measured = rounds::measure(args, &arms, interrupted)?;
    let (error, unkept) = (measured.error.take(), measured.unkept.take());
    if let Some(error) = &error {
        measured.failed = Some(error.to_string());
    }
    let judged = judge::judge(args, &arms, primary, measured);
    let (report, unkept) = match (judged, unkept) {
        (Ok(report), unkept) => (report, unkept),
        (Err(why), unkept) => return Err(unkept.unwrap_or(why)), // too early for a verdict: why it ended is the reason
    };
    let kept = match &args.out {
        Some(dir) => crate::cli::write_json(&report, &dir.join("compare.json")),
        None => Ok(()),
    };
    if let Some(error) = error {
        return Err(error); // no verdict, but what was measured is kept
    }
    let outcome = outcome(&report, args.require);
    Ok(Compared { report, outcome, unkept: unkept.or(kept.err()) })
}

fn outcome(report: &CompareReport, require: Require) -> Outcome {
    let is_good = match require {
        Require::NotSlower => report.verdict != Verdict::Slower,
        Require::Faster => report.verdict == Verdict::Faster,
    };
    if is_good && report.failed.is_none() { Outcome::Good } else { Outcome::Bad }
}
