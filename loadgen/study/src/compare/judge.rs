//! From pairs to a verdict. A difference counts only under two conditions. The whole interval lies beyond the least
//! difference that should count (`--min-effect`). And the ratio lies beyond the noise floor: as far from 1 as the
//! interval of A against itself reaches.
//!
//! The first condition makes a gate's false alarms rare. If A and B are the same, an interval that merely leaves out
//! 1 comes once in twenty; one that is some standard errors away from 1 hardly ever comes.

use super::arm::Arm;
use super::options::CompareOptions;
use super::rounds::MeasuredPairs;
use crate::error::StudyError;
use loadgen_result::comparison::metric::Metric;
use loadgen_result::comparison::{
    ArmReport, CompareReport, Disturbed, MetricReport, Phase, RoundRun, SCHEMA, Verdict,
};
use loadgen_result::report::{BrokerReport, MISSED_RATIO, Origin, SettingsReport};
use loadgen_result::stats::{Interval, PAIRS_MIN, interval, median};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What decides, by the load: at a fixed rate the tail; at maximum the broker's CPU, which doesn't depend on how idle
/// the cores were, or the rate where the CPU is unknown or is another kind of broker's.
pub(super) fn primary(arms: &[Arm; 2], options: &CompareOptions) -> Result<Metric, StudyError> {
    let [a, b] = arms.each_ref().map(|arm| &arm.options);
    if a.rate.is_some() != b.rate.is_some() {
        let why = "one of the two has a --rate and the other does not: their figures can't be compared";
        return Err(StudyError::Options(why.into()));
    }
    if let Some(first) = options.metrics.first() {
        return Ok(*first);
    }
    Ok(match a.rate {
        Some(_) => Metric::P99,
        None if arms.iter().all(|arm| arm.options.broker.starts_creel()) => Metric::BrokerCpu,
        None => Metric::RecordsPerS,
    })
}

/// What was measured, whatever ended it.
pub(super) fn judge(
    options: &CompareOptions,
    arms: &[Arm; 2],
    primary: Metric,
    measured: MeasuredPairs,
    origin: &Origin,
) -> Result<CompareReport, StudyError> {
    let MeasuredPairs { runs, about, machine, failed, interrupted, .. } = measured;
    let has_compared = |arm: &str| runs.iter().any(|run| run.phase == Phase::Compare && run.arm == arm);
    if failed.is_none() && !(has_compared("a") && has_compared("b")) {
        return Err(StudyError::Options("stopped before A and B were compared".into()));
    }
    let asked = if options.metrics.is_empty() { Metric::all() } else { &options.metrics };
    let metrics: Vec<MetricReport> =
        asked.iter().filter_map(|metric| metric_report(*metric, &runs, options.min_effect)).collect();
    let decisive = metrics.iter().find(|report| report.metric == primary);
    if failed.is_none() && decisive.is_none() {
        let why = format!(
            "{} was not measured on both sides, so it can't decide: choose another --metric",
            primary.title()
        );
        return Err(StudyError::Options(why));
    }
    let found = decisive.filter(|_| failed.is_none()).map_or(Verdict::Inconclusive, |report| report.verdict);
    let disturbed = disturbed(&runs, primary, found, options);
    let [about_a, about_b] = about;
    let ended_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(CompareReport {
        schema: SCHEMA.into(),
        loadgen: origin.loadgen.clone(),
        command: origin.command.clone(),
        ended_at_ms: ended_at.as_millis() as u64,
        a: arm_report(&arms[0], &options.a, about_a),
        b: arm_report(&arms[1], &options.b, about_b),
        machine: machine.unwrap_or_default(),
        seed: options.seed,
        rounds: usize::from(options.rounds),
        control_rounds: usize::from(options.control_rounds),
        min_effect: options.min_effect,
        interrupted,
        verdict: if disturbed.steers { Verdict::Inconclusive } else { found },
        warnings: warnings(arms, &runs, primary, &disturbed),
        disturbed,
        primary,
        metrics: if failed.is_none() { metrics } else { Vec::new() },
        runs,
        failed,
    })
}

fn arm_report(arm: &Arm, file: &Path, about: Option<(BrokerReport, SettingsReport)>) -> ArmReport {
    let (broker, settings) = about.unzip();
    ArmReport { name: arm.name.clone(), file: file.display().to_string(), broker, settings }
}

/// `None` where no pair has it.
fn metric_report(metric: Metric, runs: &[RoundRun], min_effect: f64) -> Option<MetricReport> {
    let compared = pairs(metric, runs, Phase::Compare);
    let control = logs(&pairs(metric, runs, Phase::Control));
    let side = |pick: fn(&[f64; 2]) -> f64| median(&compared.iter().map(pick).collect::<Vec<_>>());
    let interval_found = interval(&logs(&compared));
    let control = interval(&control);
    let verdict = verdict(metric, interval_found, control, min_effect);
    Some(MetricReport {
        metric,
        a: side(|pair| pair[0])?,
        b: side(|pair| pair[1])?,
        pairs: compared.len(),
        interval: interval_found,
        floor: control.as_ref().map(Interval::reach),
        control,
        verdict,
    })
}

/// A's and B's value of each whole pair.
fn pairs(metric: Metric, runs: &[RoundRun], phase: Phase) -> Vec<[f64; 2]> {
    let value = |pair: usize, arm: &str| {
        let run = runs.iter().find(|run| run.phase == phase && run.pair == pair && run.arm == arm);
        run.and_then(|run| run.values.get(&metric).copied())
    };
    let last = runs.iter().filter(|run| run.phase == phase).map(|run| run.pair).max().unwrap_or(0);
    (1..=last).filter_map(|pair| Some([value(pair, "a")?, value(pair, "b")?])).collect()
}

fn logs(pairs: &[[f64; 2]]) -> Vec<f64> {
    pairs.iter().map(|[a, b]| (b / a).ln()).collect()
}

/// Without a control nothing is known about the noise, so nothing is claimed.
fn verdict(
    metric: Metric,
    compared: Option<Interval>,
    control: Option<Interval>,
    min_effect: f64,
) -> Verdict {
    let (Some(compared), Some(control)) = (compared, control) else { return Verdict::Inconclusive };
    let effect = compared.ratio.max(1.0 / compared.ratio);
    if !compared.lies_beyond(1.0 + min_effect) || effect <= control.reach() {
        return Verdict::Inconclusive;
    }
    if (compared.ratio > 1.0) == metric.is_better_higher() { Verdict::Better } else { Verdict::Worse }
}

fn warnings(arms: &[Arm; 2], runs: &[RoundRun], primary: Metric, disturbed: &Disturbed) -> Vec<String> {
    let mut warnings = Vec::new();
    let [a, b] = arms.each_ref().map(|arm| &arm.options);
    if a.broker.bootstrap.is_some() != b.broker.bootstrap.is_some() {
        warnings.push(
            "One broker is started here and the other runs already: the generator does not have the same cores in both.".into(),
        );
    }
    let limited = runs.iter().filter(|run| run.warnings.iter().any(|text| text.contains("was the limit")));
    match limited.count() {
        0 => {}
        count => warnings.push(format!("The generator was the limit in {count} of {} runs.", runs.len())),
    }
    for arm in ["a", "b"] {
        let mut of_arm = runs.iter().filter(|run| run.phase == Phase::Compare && run.arm == arm);
        let missed = of_arm.find_map(|run| run.warnings.iter().find(|text| text.starts_with(MISSED_RATIO)));
        warnings.extend(missed.map(|text| format!("{}: {text}", arm.to_uppercase())));
    }
    warnings.extend(in_words(disturbed, primary));
    warnings
}

/// Disturbed pairs count, because both sides and the control have them alike. But if most runs are disturbed, what
/// they say is believed only if the others say it, too.
fn disturbed(runs: &[RoundRun], primary: Metric, found: Verdict, options: &CompareOptions) -> Disturbed {
    let noisy: Vec<(Phase, usize)> =
        runs.iter().filter(|run| !run.noise.is_empty()).map(|run| (run.phase, run.pair)).collect();
    let quiet: Vec<RoundRun> =
        runs.iter().filter(|run| !noisy.contains(&(run.phase, run.pair))).cloned().collect();
    let without = metric_report(primary, &quiet, options.min_effect)
        .filter(MetricReport::is_enough)
        .map(|report| report.verdict);
    let is_doubtful = noisy.len() * 2 > runs.len() && without != Some(found);
    Disturbed {
        runs: noisy.len(),
        of: runs.len(),
        without,
        steers: is_doubtful && !options.despite_noise,
        overruled: is_doubtful && options.despite_noise,
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Whether disturbed pairs decided.
fn in_words(disturbed: &Disturbed, primary: Metric) -> Option<String> {
    let without = match disturbed.without {
        _ if disturbed.runs == 0 || disturbed.steers => return None, // or it is the headline
        Some(verdict) => format!("without these pairs the verdict would be: {}", primary.word(verdict)),
        None => format!(
            "without these pairs too few would be left ({PAIRS_MIN} of A and B, and {PAIRS_MIN} of A alone, are needed)"
        ),
    };
    let overruled = if disturbed.overruled { " --despite-noise asked for the verdict." } else { "" };
    Some(format!("{}. They count; {without}.{overruled}", capitalised(&disturbed.counted())))
}

#[cfg(test)]
#[path = "judge/tests.rs"]
pub(super) mod tests;
