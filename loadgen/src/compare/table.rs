//! A comparison for people's eyes.

use super::judge::Verdict;
use super::report::{ArmReport, CompareReport, MetricReport, Phase, RoundRun};
use crate::stats::{Interval, PAIRS_MIN};
use std::fmt::{self, Display, Formatter};

/// Prints a comparison.
#[derive(Debug)]
pub struct Table<'a>(pub &'a CompareReport);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(f)?;
        write_arm(f, "A", &report.a)?;
        write_arm(f, "B", &report.b)?;
        let (control, compared) = (pairs(report, Phase::Control), pairs(report, Phase::Compare));
        writeln!(
            f,
            "  {compared} pairs of A and B after {control} of A and A, a fresh broker each, order from seed {}\n",
            report.seed
        )?;
        if let Some(failed) = &report.failed {
            return writeln!(f, "  No numbers: {failed}");
        }
        write_metrics(f, report)?;
        write_noise(f, &report.runs)?;
        write_words(f, report)
    }
}

fn write_arm(f: &mut Formatter<'_>, letter: &str, arm: &ArmReport) -> fmt::Result {
    let broker = arm.broker.as_ref().map(|broker| format!(": {}", broker.title())).unwrap_or_default();
    writeln!(f, "  {letter}  {}{broker} ({})", arm.name, arm.file)
}

fn pairs(report: &CompareReport, phase: Phase) -> usize {
    let whole = |run: &&RoundRun| {
        let is_other = |other: &RoundRun| other.phase == phase && other.pair == run.pair && other.arm == "b";
        run.phase == phase && run.arm == "a" && report.runs.iter().any(is_other)
    };
    report.runs.iter().filter(whole).count()
}

fn write_metrics(f: &mut Formatter<'_>, report: &CompareReport) -> fmt::Result {
    writeln!(f, "  {:<22}{:>12}{:>12}{:>8}{:>18}{:>18}   B is", "", "A", "B", "B/A", "95 % interval", "A/A")?;
    report.metrics.iter().try_for_each(|metric| write_metric(f, report, metric))
}

fn write_metric(f: &mut Formatter<'_>, report: &CompareReport, metric: &MetricReport) -> fmt::Result {
    let mark = if metric.metric == report.primary { "*" } else { " " };
    let shown = |value| metric.metric.shown(value);
    writeln!(
        f,
        "{mark} {:<22}{:>12}{:>12}{:>8.3}{:>18}{:>18}   {}",
        metric.metric.title(),
        shown(metric.a),
        shown(metric.b),
        ratio(metric),
        metric.interval.as_ref().map_or_else(|| "-".into(), ends),
        metric.floor.map_or_else(|| "-".into(), |floor| format!("{:.3} to {:.3}", 1.0 / floor, floor)),
        metric.metric.word(metric.verdict)
    )
}

/// Of the pairs, where there are enough for one: not quite that of the medians.
fn ratio(metric: &MetricReport) -> f64 {
    metric.interval.map_or(metric.b / metric.a, |interval| interval.ratio)
}

fn ends(interval: &Interval) -> String {
    format!("{:.3} to {:.3}", interval.low, interval.high)
}

fn write_noise(f: &mut Formatter<'_>, runs: &[RoundRun]) -> fmt::Result {
    let disturbed: Vec<&RoundRun> = runs.iter().filter(|run| !run.noise.is_empty()).collect();
    if disturbed.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n  Disturbed runs:")?;
    for run in disturbed {
        let phase = if run.phase == Phase::Control { "control" } else { "compare" };
        writeln!(f, "    {phase} {}{}: {}", run.pair, run.arm, run.noise.join("; "))?;
    }
    Ok(())
}

fn write_words(f: &mut Formatter<'_>, report: &CompareReport) -> fmt::Result {
    let decisive = report.metrics.iter().find(|metric| metric.metric == report.primary);
    if let Some(decisive) = decisive {
        writeln!(f, "\n  {}", words(report, decisive))?;
    }
    writeln!(
        f,
        "  * decides, and the exit code with it. The others explain: each has its own 95 % interval, so of twenty that \
         don't differ\n    one may seem to. A/A is how far A may be from itself; a ratio within it is noise."
    )?;
    if report.interrupted {
        writeln!(f, "\n  !! Interrupted: the verdict is on the pairs measured so far.")?;
    }
    report.warnings.iter().try_for_each(|warning| writeln!(f, "\n  !! {warning}"))
}

/// The verdict in one sentence.
fn words(report: &CompareReport, decisive: &MetricReport) -> String {
    let (title, a, b) = (decisive.metric.title(), &report.a.name, &report.b.name);
    let percent = (ratio(decisive) - 1.0) * 100.0;
    match (decisive.verdict, decisive.interval, decisive.floor) {
        (Verdict::Inconclusive, Some(interval), Some(floor)) => format!(
            "Inconclusive: {title} of {b} is {percent:+.1} % of {a}'s, anything from {:+.1} to {:+.1} % fits, and {a} differs \
             from itself by {:+.1} to {:+.1} %. Less than {:.1} % counts as no difference.",
            (interval.low - 1.0) * 100.0,
            (interval.high - 1.0) * 100.0,
            (1.0 / floor - 1.0) * 100.0,
            (floor - 1.0) * 100.0,
            report.min_effect * 100.0
        ),
        (Verdict::Inconclusive, _, _) => {
            format!("Inconclusive: {PAIRS_MIN} whole pairs of either kind are needed.")
        }
        (verdict, _, _) => {
            format!(
                "{b} is {} than {a}: {title} {percent:+.1} %, beyond chance and beyond noise.",
                if verdict == Verdict::Faster { "faster" } else { "slower" }
            )
        }
    }
}
