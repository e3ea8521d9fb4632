//! A comparison as a table for a terminal.

use loadgen_result::comparison::Verdict;
use loadgen_result::comparison::{ArmReport, CompareReport, MetricReport, Phase, RoundRun};
use loadgen_result::stats::{Interval, PAIRS_MIN};
use loadgen_result::text::wrapped;
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
            "  {compared} pairs of A and B after {control} pairs of A alone; a fresh broker for each run; order from seed {}\n",
            report.seed
        )?;
        if let Some(failed) = &report.failed {
            return writeln!(f, "  No figures: {failed}");
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
    writeln!(
        f,
        "  {:<22}{:>12}{:>12}{:>8}{:>18}{:>18}   B beside A",
        "", "A", "B", "B/A", "95 % interval", "A/A"
    )?;
    report.metrics.iter().try_for_each(|metric| write_metric(f, report, metric))
}

fn write_metric(f: &mut Formatter<'_>, report: &CompareReport, metric: &MetricReport) -> fmt::Result {
    let mark = if metric.metric == report.primary { "*" } else { " " };
    let shown = |value| metric.metric.shown(value);
    let is_doubtful = report.disturbed.steers && metric.verdict != Verdict::Inconclusive;
    let doubt = if is_doubtful { ", but noise" } else { "" };
    writeln!(
        f,
        "{mark} {:<22}{:>12}{:>12}{:>8.3}{:>18}{:>18}   {}{doubt}",
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
    if let Some(decisive) = report.decisive() {
        headline(report, decisive).iter().enumerate().try_for_each(|(index, sentence)| {
            writeln!(f, "{}  {}", if index == 0 { "\n" } else { "" }, wrapped(sentence, 2))
        })?;
        let other_way = report.metrics.iter().filter(|metric| is_other_way(metric, decisive));
        other_way.into_iter().try_for_each(|metric| {
            let (what, percent) = (metric.metric.title(), percent(ratio(metric)));
            writeln!(f, "  But it has {}: {what} {percent}.", against(metric))
        })?;
    }
    writeln!(
        f,
        "\n  * decides the verdict and the exit code; the others explain it. Each has its own 95 % interval, so one in\n    \
         twenty seems to differ by chance. B/A is the median of the pairs' ratios (each two averaged). A/A is how far A\n    \
         is from itself: a ratio within it is noise."
    )?;
    if report.interrupted {
        writeln!(f, "\n  !! Interrupted: the verdict is that of the pairs measured so far.")?;
    }
    report.warnings.iter().try_for_each(|warning| writeln!(f, "\n  !! {}", wrapped(warning, 5)))
}

/// Worse where the one that decides is better, or better where that is worse.
fn is_other_way(metric: &MetricReport, decisive: &MetricReport) -> bool {
    matches!(
        (decisive.verdict, metric.verdict),
        (Verdict::Better, Verdict::Worse) | (Verdict::Worse, Verdict::Better)
    )
}

fn against(metric: &MetricReport) -> String {
    let word = metric.metric.word(metric.verdict);
    let is_time = matches!(word, "shorter" | "longer");
    if is_time { format!("a {word} time") } else { word.to_owned() }
}

fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}

/// The verdict, and what to do where there is none, in lines.
fn headline(report: &CompareReport, decisive: &MetricReport) -> Vec<String> {
    let (disturbed, found) = (&report.disturbed, found(report, decisive));
    let is_claim = decisive.verdict != Verdict::Inconclusive;
    if !disturbed.steers {
        return vec![if is_claim { found } else { format!("Inconclusive: {found}") }];
    }
    let quiet = match disturbed.without {
        None => {
            format!(
                "There are too few quiet pairs ({PAIRS_MIN} of A and B, and {PAIRS_MIN} of A alone, are needed)."
            )
        }
        Some(verdict) => format!("The quiet pairs alone say: {}.", report.primary.word(verdict)),
    };
    let all = if is_claim { "All pairs say" } else { "All pairs are inconclusive, too" };
    vec![
        format!("Inconclusive: {}, which is too many (see above).", disturbed.counted()),
        quiet,
        format!("{all}: {found}"),
        "What to do: repeat it on a quieter machine, or with more --rounds, so that enough pairs are quiet. --despite-noise takes \
         the verdict of all pairs."
            .to_owned(),
    ]
}

/// What the intervals say.
fn found(report: &CompareReport, decisive: &MetricReport) -> String {
    let (title, a, b) = (decisive.metric.title(), &report.a.name, &report.b.name);
    let change = percent(ratio(decisive));
    match (decisive.metric.claim(decisive.verdict), decisive.interval, decisive.floor) {
        (Some(claim), _, _) => {
            format!(
                "{b} {claim} {a}: {title} {change}. This is more than chance, and more than {a} differs from itself."
            )
        }
        (None, Some(interval), Some(floor)) => format!(
            "{title} changes by {change} from {a} to {b}. The 95 % interval is {} to {}, and {a} differs from itself by {} to \
             {}. Less than {:.1} % counts as no difference.",
            percent(interval.low),
            percent(interval.high),
            percent(1.0 / floor),
            percent(floor),
            report.min_effect * 100.0
        ),
        (None, _, _) => {
            format!("{PAIRS_MIN} whole pairs of A and B, and {PAIRS_MIN} of A alone, are needed.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::tests::report;
    use super::*;
    use loadgen_result::comparison::metric::Metric;

    fn text(report: &CompareReport) -> String {
        Table(report).to_string()
    }

    #[test]
    fn less_cpu_is_not_called_faster_and_what_it_costs_is_told() {
        let mut of = report(Verdict::Better, false);
        let p50 = MetricReport { metric: Metric::P50, verdict: Verdict::Worse, ..of.metrics[0].clone() };
        of.metrics.push(p50);
        let text = text(&of);
        assert!(text.contains("\n  new uses less CPU than old: broker CPU s/M "), "{text}");
        assert!(text.contains("\n  But it has a longer time: response p50 ms "), "{text}");
        assert!(!text.contains("faster") && !text.contains("slower"), "{text}");
    }

    #[test]
    fn noise_is_the_headline_where_it_is_too_much() {
        let text = text(&report(Verdict::Better, true));
        let headline = text.lines().find(|line| line.starts_with("  Inconclusive: ")).unwrap();
        assert!(headline.contains("the machine disturbed 48 of 48 runs"), "{text}");
        assert!(text.contains("All pairs say: new uses less CPU than old"), "{text}");
        assert!(text.contains("There are too few quiet pairs"), "{text}");
        assert!(
            text.contains("What to do: repeat it on a quieter machine") && text.contains("--despite-noise"),
            "{text}"
        );
        assert!(text.contains("less CPU, but noise"), "{text}");
    }
}
