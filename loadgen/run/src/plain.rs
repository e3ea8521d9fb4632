//! `loadgen run` without a rate: the highest rate, then latency at a fixed share of it.
//!
//! One load can't tell both. At the highest rate the loop is closed and its queue is full. Latency is then the length
//! of that queue over the rate, and says nothing of a broker in reasonable use. So a second run has a schedule.
//!
//! The share is a half. What a record waits in a queue grows with load / (1 - load). An error of a tenth in the
//! highest rate is common on shared machines: it changes the wait by a quarter at a half, and doubles it at four
//! fifths. At a half a generator that needs as much CPU as the broker still keeps its schedule. And a service that
//! must outlive the loss of one of two machines, or a doubled load, is run at about that share.

use crate::error::RunError;
use crate::progress_view::ProgressView;
use crate::{Caller, run_kept};
use loadgen_engine::options::RunOptions;
use loadgen_result::report::plain::{AtShare, PlainReport};
use std::sync::atomic::Ordering;

/// Of the highest rate: where latency is measured.
pub const SHARE: f64 = 0.5;

/// Makes both runs, each with a broker of its own, so that the second finds nothing of the first. `view` makes what
/// shows each. If the first one has no rate to tell (interrupted, cut short, records lost) there is no second. If the
/// second fails, the result is what the first has told.
pub fn run_plain(
    options: &RunOptions,
    caller: &Caller,
    view: &dyn Fn() -> Box<dyn ProgressView>,
) -> Result<(PlainReport, Option<RunError>), RunError> {
    let show = |text: &str| {
        let mut view = view();
        view.say(text);
        view
    };
    let (highest, failure) = run_kept(options, caller, show("1 of 2: the highest rate"))?;
    let mut report = PlainReport { highest, at_share: None };
    let rate = report.highest.figures.as_ref().map(|figures| (figures.records_per_s * SHARE).round());
    let is_over = failure.is_some() || caller.interrupted.load(Ordering::Relaxed);
    let Some(rate) = rate.filter(|rate| *rate >= 1.0 && !is_over) else { return Ok((report, failure)) };
    let options = RunOptions { rate: Some(rate), ..options.clone() };
    let failure = match run_kept(&options, caller, show("2 of 2: latency at half of it")) {
        Ok((run, failure)) => {
            report.at_share = Some(AtShare { share: SHARE, target_rate: rate, run });
            failure
        }
        Err(error) => Some(error),
    };
    Ok((report, failure))
}
