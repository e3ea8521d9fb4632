//! The page of a comparison, made from compare.json.

use super::plot::{Axis, Line, Plot, Scale, Style, Tone, Unit};
use super::run_tables;
use super::text::{number, shell};
use super::view::{Block, Callout, Forest, Ratio, Status, Table, View};
use loadgen_result::comparison::Verdict;
use loadgen_result::comparison::metric::Metric;
use loadgen_result::comparison::{ArmReport, CompareReport, MetricReport, Phase, RoundRun};
use loadgen_result::report::BrokerReport;
use loadgen_result::stats::Interval;
use loadgen_result::text::date;

/// What is to be seen of it.
pub(super) fn view(name: &str, report: &CompareReport) -> View {
    let mut view = View {
        kind: "Comparison",
        title: format!("{name}: {} against {}", report.b.name, report.a.name),
        subtitle: subtitle(report),
        callouts: vec![verdict(report)],
        warnings: warnings(report),
        ..View::default()
    };
    let forest = forest(report);
    let mut ratios = if forest.rows.is_empty() { Vec::new() } else { vec![Block::Forest(forest)] };
    ratios.extend((!report.metrics.is_empty()).then(|| Block::Table(figures(report))));
    view.add("Ratios", ratios);
    let mut rounds: Vec<Block> = by_round(report).map(Block::Plot).into_iter().collect();
    rounds.extend((!report.runs.is_empty()).then(|| Block::Table(runs(report))));
    view.add("Pair by pair", rounds);
    add_setting(&mut view, report);
    view
}

fn subtitle(report: &CompareReport) -> String {
    let title = |arm: &ArmReport| arm.broker.as_ref().map_or_else(|| "no broker".into(), BrokerReport::title);
    let (a, b) = (title(&report.a), title(&report.b));
    let brokers = if a == b { a } else { format!("{b} against {a}") };
    format!(
        "{brokers} · {} pairs of runs after {} pairs of A alone · {}",
        pairs(report, Phase::Compare),
        pairs(report, Phase::Control),
        date(report.ended_at_ms)
    )
}

/// Those that have both sides.
fn pairs(report: &CompareReport, phase: Phase) -> usize {
    let seconds = report.runs.iter().filter(|run| run.phase == phase && run.arm == "b");
    let has_first = |second: &&RoundRun| {
        let is_it = |run: &RoundRun| run.phase == phase && run.arm == "a" && run.pair == second.pair;
        report.runs.iter().any(is_it)
    };
    seconds.filter(has_first).count()
}

fn warnings(report: &CompareReport) -> Vec<String> {
    let cut =
        report.interrupted.then(|| "Interrupted: the verdict is that of the pairs measured so far.".into());
    cut.into_iter().chain(report.warnings.iter().cloned()).collect()
}

fn verdict(report: &CompareReport) -> Callout {
    if let Some(why) = &report.failed {
        return Callout { status: Status::Bad, text: "No verdict".into(), detail: why.clone() };
    }
    let (a, b) = (&report.a.name, &report.b.name);
    let primary = report.metrics.iter().find(|metric| metric.metric == report.primary);
    let ratio = primary.and_then(|metric| metric.interval).map(|interval| {
        let [low, ratio, high] = range(interval).map(number);
        let figure = without_unit(report.primary);
        format!("{b}’s {figure} is {ratio} × {a}’s (95 % between {low} and {high}).")
    });
    let noise = primary.and_then(|metric| metric.floor).map(|floor| {
        format!(
            " A ratio from {} to {} may be noise: {a} is as far from itself.",
            number(1.0 / floor),
            number(floor)
        )
    });
    let status = match report.verdict {
        Verdict::Better => Status::Good,
        Verdict::Worse => Status::Bad,
        Verdict::Inconclusive => Status::Unsure,
    };
    let text = match report.primary.claim(report.verdict) {
        Some(claim) => format!("{b} {claim} {a}."),
        None if report.disturbed.steers => format!("Inconclusive: {}.", report.disturbed.counted()),
        None => format!("Inconclusive: neither {b} nor {a} is better beyond chance and noise."),
    };
    Callout { status, text, detail: ratio.unwrap_or_default() + &noise.unwrap_or_default() }
}

fn range(interval: Interval) -> [f64; 3] {
    [interval.low, interval.ratio, interval.high]
}

fn forest(report: &CompareReport) -> Forest {
    let row = |metric: &MetricReport| {
        let interval = metric.interval?;
        let tone = match metric.verdict {
            Verdict::Better => Tone::Teal,
            Verdict::Worse => Tone::Rose,
            Verdict::Inconclusive => Tone::Blue,
        };
        Some(Ratio {
            name: without_unit(metric.metric).into(),
            range: range(interval),
            control: metric.control.map(range),
            floor: metric.floor,
            text: format!("{} ×, {}", number(interval.ratio), metric.metric.word(metric.verdict)),
            tone,
        })
    };
    Forest {
        title: format!("{} over {}", report.b.name, report.a.name),
        about: "The median of the pairs’ ratios (each two averaged), with its 95 % interval. The shaded range may be noise. The thin grey \
                line is the control: A against itself."
            .into(),
        rows: report.metrics.iter().filter_map(row).collect(),
    }
}

/// A ratio has none.
fn without_unit(metric: Metric) -> &'static str {
    let title = metric.title();
    [" ms", " s/M", " MB"].iter().find_map(|unit| title.strip_suffix(unit)).unwrap_or(title)
}

fn figures(report: &CompareReport) -> Table {
    let between = |interval: Option<Interval>| {
        interval.map_or_else(
            || "–".into(),
            |i| format!("{} ({} – {})", number(i.ratio), number(i.low), number(i.high)),
        )
    };
    let row = |of: &MetricReport| {
        let decides = if of.metric == report.primary { " (decides)" } else { "" };
        vec![
            format!("{}{decides}", of.metric.title()),
            of.metric.shown(of.a),
            of.metric.shown(of.b),
            between(of.interval),
            between(of.control),
            of.pairs.to_string(),
            of.metric.word(of.verdict).into(),
        ]
    };
    let head = ["", "A", "B", "B / A", "A / A", "pairs", "B beside A"].map(String::from).to_vec();
    Table {
        title: format!("Each figure: A is {}, B is {}", report.a.name, report.b.name),
        head,
        rows: report.metrics.iter().map(row).collect(),
        is_folded: false,
    }
}

/// The primary figure's ratio, pair by pair.
fn by_round(report: &CompareReport) -> Option<Plot> {
    let line = |name: &str, tone, style, phase| Line {
        name: name.into(),
        tone,
        style,
        points: ratios(report, phase),
    };
    let plot = Plot {
        id: "rounds".into(),
        title: format!("{}, pair by pair", without_unit(report.primary)),
        about: "The ratio of each pair, in the order of measuring. Grey: the control, A over A, which was measured before."
            .into(),
        x: Axis { label: "pair", scale: Scale::Linear, unit: Unit::Whole },
        y: Axis { label: "ratio", scale: Scale::Log, unit: Unit::Plain },
        lines: vec![
            line("B over A", Tone::Blue, Style::Solid, Phase::Compare),
            line("A over A", Tone::Grey, Style::Dashed, Phase::Control),
        ],
        shades_before_zero: false,
        crashes: Vec::new(),
        is_picture: true,
    };
    plot.tidy()
}

/// What a hostile file may make of a plot.
const PAIRS_MAX: usize = 10_000;

fn ratios(report: &CompareReport, phase: Phase) -> Vec<(f64, Option<f64>)> {
    let of = |pair: usize, arm: &str| {
        let mut runs = report.runs.iter();
        let run = runs.find(|run| run.phase == phase && run.pair == pair && run.arm == arm)?;
        run.values.get(&report.primary).copied()
    };
    let last = report.runs.iter().filter(|run| run.phase == phase).map(|run| run.pair).max().unwrap_or(0);
    let ratio = |pair: usize| of(pair, "b").zip(of(pair, "a")).map(|(b, a)| b / a);
    (1..=last.min(PAIRS_MAX)).map(|pair| (pair as f64, ratio(pair))).collect()
}

fn runs(report: &CompareReport) -> Table {
    let primary = report.primary;
    let row = |run: &RoundRun| {
        let value = run.values.get(&primary).map_or_else(|| "–".into(), |value| primary.shown(*value));
        let noise = if run.noise.is_empty() { "quiet".into() } else { run.noise.join("; ") };
        let (phase, sides) = match run.phase {
            Phase::Control => ("A over A", ["A", "A again"]),
            Phase::Compare => ("B over A", ["A", "B"]),
        };
        let side = sides[usize::from(run.arm == "b")];
        vec![format!("{phase}, pair {}: {side}", run.pair), value, noise]
    };
    let head = ["run".into(), primary.title().to_owned(), "machine".into()].to_vec();
    Table {
        title: "Every run, in the order of measuring".into(),
        head,
        rows: report.runs.iter().map(row).collect(),
        is_folded: true,
    }
}

/// What the sides differ in, what they share, and where it was.
fn add_setting(view: &mut View, report: &CompareReport) {
    let facts = |arm: &ArmReport| {
        let both = arm.broker.as_ref().zip(arm.settings.as_ref());
        both.map(|(broker, settings)| run_tables::load(broker, settings)).unwrap_or_default()
    };
    let both: Vec<_> = facts(&report.a).into_iter().zip(facts(&report.b)).collect();
    let (same, other): (Vec<_>, Vec<_>) = both.into_iter().partition(|(a, b)| a == b);
    let mut blocks = Vec::new();
    if !other.is_empty() {
        blocks.push(Block::Words(Table {
            title: "What differs".into(),
            head: vec![String::new(), report.a.name.clone(), report.b.name.clone()],
            rows: other.into_iter().map(|((name, a), (_, b))| vec![name.to_owned(), a, b]).collect(),
            is_folded: false,
        }));
    }
    let mut shared: Vec<_> = same.into_iter().map(|(fact, _)| fact).collect();
    shared.push(("Seed of the order", report.seed.to_string()));
    shared.push(("loadgen", report.loadgen.clone()));
    blocks.push(Block::Facts(shared));
    blocks.push(Block::Command(shell(&report.command)));
    view.add("Settings", blocks);
    let machine = run_tables::machine_facts(&report.machine);
    view.add("Machine", if machine.is_empty() { Vec::new() } else { vec![Block::Facts(machine)] });
}
