//! The page of a comparison: of compare.json, what is to be seen.

use super::plot::{Axis, Line, Plot, Scale, Style, Tone, Unit};
use super::text::{date, number, shell};
use super::view::{Block, Forest, Mood, Ratio, Table, Verdict, View};
use crate::report::BrokerReport;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What this page is made from.
pub(super) const SCHEMA: &str = "loadgen.compare/1";

/// The part of a comparison that a page shows.
#[derive(Debug, Deserialize)]
pub(super) struct Comparison {
    command: Vec<String>,
    ended_at_ms: u64,
    a: Arm,
    b: Arm,
    primary: String,
    verdict: String,
    runs: Vec<RoundRun>,
    metrics: Vec<Metric>,
    failed: Option<String>,
    warnings: Vec<String>,
}

/// One side.
#[derive(Debug, Deserialize)]
struct Arm {
    name: String,
    broker: Option<BrokerReport>,
}

/// One run.
#[derive(Debug, Deserialize)]
struct RoundRun {
    /// `control`, A against itself, or `compare`.
    phase: String,
    pair: usize,
    arm: String,
    values: BTreeMap<String, f64>,
    noise: Vec<String>,
}

/// One figure of both.
#[derive(Debug, Deserialize)]
struct Metric {
    metric: String,
    a: f64,
    b: f64,
    pairs: usize,
    interval: Option<Interval>,
    control: Option<Interval>,
    floor: Option<f64>,
    verdict: String,
}

/// A ratio with 95 % confidence.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Interval {
    ratio: f64,
    low: f64,
    high: f64,
}

impl Interval {
    fn range(self) -> [f64; 3] {
        [self.low, self.ratio, self.high]
    }
}

/// What is to be seen of it.
pub(super) fn view(name: &str, comparison: &Comparison) -> View {
    let mut view = View {
        kind: "Comparison",
        title: format!("{}: {} against {}", name, comparison.b.name, comparison.a.name),
        subtitle: format!("{} · {}", brokers(comparison), date(comparison.ended_at_ms)),
        verdicts: vec![verdict(comparison)],
        warnings: comparison.warnings.clone(),
        ..View::default()
    };
    let forest = forest(comparison);
    let mut ratios = if forest.rows.is_empty() { Vec::new() } else { vec![Block::Forest(forest)] };
    ratios.push(Block::Table(figures(comparison)));
    view.add("Ratios", ratios);
    let mut rounds: Vec<Block> = by_round(comparison).map(Block::Plot).into_iter().collect();
    rounds.push(Block::Table(runs(comparison)));
    view.add("Round by round", rounds);
    view.add("Command", vec![Block::Command(shell(&comparison.command))]);
    view
}

fn brokers(comparison: &Comparison) -> String {
    let title = |arm: &Arm| arm.broker.as_ref().map_or_else(|| "no broker".into(), BrokerReport::title);
    let (a, b) = (title(&comparison.a), title(&comparison.b));
    if a == b { a } else { format!("{b} against {a}") }
}

fn verdict(comparison: &Comparison) -> Verdict {
    if let Some(why) = &comparison.failed {
        return Verdict { mood: Mood::Bad, text: "No verdict".into(), detail: why.clone() };
    }
    let (a, b) = (&comparison.a.name, &comparison.b.name);
    let primary = comparison.metrics.iter().find(|metric| metric.metric == comparison.primary);
    let ratio = primary.and_then(|metric| metric.interval).map(|interval| {
        format!(
            "{} is {} × (95 % between {} and {}).",
            comparison.primary,
            number(interval.ratio),
            number(interval.low),
            number(interval.high)
        )
    });
    let (mood, text) = match comparison.verdict.as_str() {
        "faster" => (Mood::Good, format!("{b} is faster than {a}")),
        "slower" => (Mood::Bad, format!("{b} is slower than {a}")),
        other => (Mood::Unsure, format!("{b} against {a}: {other}")),
    };
    Verdict { mood, text, detail: ratio.unwrap_or_default() }
}

fn forest(comparison: &Comparison) -> Forest {
    let row = |metric: &Metric| {
        let interval = metric.interval?;
        let tone = match metric.verdict.as_str() {
            "faster" => Tone::Teal,
            "slower" => Tone::Rose,
            _ => Tone::Blue,
        };
        Some(Ratio {
            name: metric.metric.clone(),
            range: interval.range(),
            control: metric.control.map(Interval::range),
            floor: metric.floor,
            text: format!("{} ×, {}", number(interval.ratio), metric.verdict),
            tone,
        })
    };
    Forest {
        title: format!("{} over {}", comparison.b.name, comparison.a.name),
        about: "Geometric mean of the rounds' ratios with its 95 % interval. Shaded: what may be noise; the thin grey line is the \
                control, A against itself."
            .into(),
        rows: comparison.metrics.iter().filter_map(row).collect(),
    }
}

fn figures(comparison: &Comparison) -> Table {
    let between = |interval: Option<Interval>| {
        interval.map_or_else(
            || "–".into(),
            |i| format!("{} ({} – {})", number(i.ratio), number(i.low), number(i.high)),
        )
    };
    let row = |metric: &Metric| {
        vec![
            metric.metric.clone(),
            number(metric.a),
            number(metric.b),
            between(metric.interval),
            between(metric.control),
            metric.pairs.to_string(),
            metric.verdict.clone(),
        ]
    };
    let head = ["", "A", "B", "B / A", "A / A", "pairs", "B is"].map(String::from).to_vec();
    Table {
        title: "Each figure".into(),
        head,
        rows: comparison.metrics.iter().map(row).collect(),
        is_folded: false,
    }
}

/// The primary figure's ratio, pair by pair.
fn by_round(comparison: &Comparison) -> Option<Plot> {
    let ratios = |phase: &str| {
        let of = |pair: usize, arm: &str| {
            let mut runs = comparison.runs.iter();
            let run = runs.find(|run| run.phase == phase && run.pair == pair && run.arm == arm)?;
            run.values.get(&comparison.primary).copied()
        };
        let pairs =
            comparison.runs.iter().filter(|run| run.phase == phase).map(|run| run.pair).max().unwrap_or(0);
        let ratio = |pair: usize| of(pair, "b").zip(of(pair, "a")).map(|(b, a)| b / a);
        (1..=pairs.min(PAIRS_MAX)).map(|pair| (pair as f64, ratio(pair))).collect()
    };
    let line =
        |name: &str, tone, style, phase| Line { name: name.into(), tone, style, points: ratios(phase) };
    let plot = Plot {
        id: "rounds".into(),
        title: format!("{}, round by round", comparison.primary),
        about:
            "The ratio of each pair in the order in which they were measured; grey, the control: A over A."
                .into(),
        x: Axis { label: "round", scale: Scale::Linear, unit: Unit::Plain },
        y: Axis { label: "ratio", scale: Scale::Log, unit: Unit::Plain },
        lines: vec![
            line("B over A", Tone::Blue, Style::Solid, "compare"),
            line("A over A", Tone::Grey, Style::Dashed, "control"),
        ],
        shades_before_zero: false,
        is_picture: true,
    };
    plot.tidy()
}

/// What a hostile file may make of a plot.
const PAIRS_MAX: usize = 10_000;

fn runs(comparison: &Comparison) -> Table {
    let row = |run: &RoundRun| {
        let value = run.values.get(&comparison.primary).map_or_else(|| "–".into(), |value| number(*value));
        let noise = if run.noise.is_empty() { "quiet".into() } else { run.noise.join("; ") };
        vec![format!("{} {}{}", run.phase, run.pair, run.arm), value, noise]
    };
    let head = ["run".into(), comparison.primary.clone(), "machine".into()].to_vec();
    Table {
        title: "Every run, in the order in which they were made".into(),
        head,
        rows: comparison.runs.iter().map(row).collect(),
        is_folded: true,
    }
}
