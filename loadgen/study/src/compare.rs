//! `loadgen compare`: is B better than A, worse, or can't that be told?
//!
//! Two arms, each a file of options of `loadgen run`. First A is compared with itself, for the noise floor of this
//! machine at this time; then A with B. Both are measured in pairs of runs with a fresh broker each. Their order is
//! drawn from the seed and then reversed (ABBA), so a machine that drifts favours neither. `rounds` measures, `judge`
//! decides, `table` shows. Everything shown is made from [`CompareReport`], which `--out` keeps as compare.json.

mod arm;
mod judge;
pub mod options;
mod order;
mod rounds;
pub mod table;

use crate::error::StudyError;
use crate::runner::Runner;
use arm::Arm;
use loadgen_result::comparison::{CompareReport, Verdict};
use options::{CompareOptions, Require};

/// What a comparison means for the one who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// As required.
    Good,
    /// B is worse, or not what was required, or a verification failed.
    Bad,
    /// Nothing is known that would be an answer.
    Unsure,
}

/// A comparison that came to a verdict.
#[derive(Debug)]
pub struct Compared {
    /// All there is to tell.
    pub report: CompareReport,
    /// What it means.
    pub answer: Answer,
    /// What `--out` had no place for: measuring ended there, and the verdict is on the pairs before.
    pub unkept: Option<StudyError>,
}

/// Measures both arms and judges; an interrupt ends it early, with a verdict on the pairs measured until then.
pub fn compare(options: &CompareOptions, runner: &dyn Runner) -> Result<Compared, StudyError> {
    let arms = [Arm::read(&options.a, options, runner)?, Arm::read(&options.b, options, runner)?];
    let primary = judge::primary(&arms, options)?;
    let mut measured = rounds::measure(options, &arms, runner)?;
    let (error, unkept) = (measured.error.take(), measured.unkept.take());
    if let Some(error) = &error {
        measured.failed = Some(error.to_string());
    }
    let judged = judge::judge(options, &arms, primary, measured, runner.origin());
    let (report, unkept) = match (judged, unkept) {
        (Ok(report), unkept) => (report, unkept),
        (Err(why), unkept) => return Err(unkept.unwrap_or(why)), // too early for a verdict: why it ended is the reason
    };
    let kept = match &options.out {
        Some(dir) => loadgen_result::files::write_json(&report, &dir.join("compare.json")),
        None => Ok(()),
    };
    if let Some(error) = error {
        return Err(error); // no verdict, but what was measured is kept
    }
    let answer = answer(&report, options.require);
    Ok(Compared { report, answer, unkept: unkept.or(kept.err().map(StudyError::from)) })
}

/// A user who asks for no difference asks for one that was looked for. Too few pairs, or too much noise, do not
/// answer that.
fn answer(report: &CompareReport, require: Option<Require>) -> Answer {
    if report.failed.is_some() {
        return Answer::Bad;
    }
    if !report.is_enough() {
        return Answer::Unsure;
    }
    match (report.verdict, require) {
        (Verdict::Better, _) => Answer::Good,
        (Verdict::Worse, _) | (Verdict::Inconclusive, Some(Require::Better)) => Answer::Bad,
        (Verdict::Inconclusive, Some(Require::NotWorse)) => Answer::Good,
        (Verdict::Inconclusive, None) => Answer::Unsure,
    }
}

#[cfg(test)]
mod tests {
    use super::judge::tests::report;
    use super::*;

    #[test]
    fn what_is_inconclusive_has_an_outcome_of_its_own() {
        let of = |verdict, require| answer(&report(verdict, false), require);
        for (verdict, [plain, not_worse, better]) in [
            (Verdict::Better, [Answer::Good, Answer::Good, Answer::Good]),
            (Verdict::Worse, [Answer::Bad, Answer::Bad, Answer::Bad]),
            (Verdict::Inconclusive, [Answer::Unsure, Answer::Good, Answer::Bad]),
        ] {
            assert_eq!(of(verdict, None), plain);
            assert_eq!(of(verdict, Some(Require::NotWorse)), not_worse);
            assert_eq!(of(verdict, Some(Require::Better)), better);
        }
    }

    #[test]
    fn no_requirement_makes_an_answer_of_noise_or_of_too_few_pairs() {
        for require in [None, Some(Require::NotWorse), Some(Require::Better)] {
            assert_eq!(answer(&report(Verdict::Better, true), require), Answer::Unsure);
            let mut short = report(Verdict::Inconclusive, false);
            short.metrics[0].interval = None;
            assert_eq!(answer(&short, require), Answer::Unsure);
        }
        let mut lossy = report(Verdict::Better, true);
        lossy.failed = Some("lost".into());
        assert_eq!(answer(&lossy, None), Answer::Bad, "lost records are lost, whatever else the machine did");
    }
}
