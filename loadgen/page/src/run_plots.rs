//! The plots of one run, or of several in the same axes. With several, each run has a colour, and each plot fewer
//! lines.

use super::named_runs::Named;
use super::percentile_curve;
use super::plot::{Axis, Line, Plot, Scale, Style, Tone, Unit};
use loadgen_result::latency::Percentiles;
use loadgen_result::report::series::TimeSlice;
use loadgen_result::report::{Figures, RunReport};

const TIME: Axis = Axis { label: "seconds since measuring began", scale: Scale::Linear, unit: Unit::Plain };
const LATENCY: Axis = Axis { label: "latency", scale: Scale::Log, unit: Unit::Ms };
const AMOUNT: Axis = Axis { label: "", scale: Scale::Zero, unit: Unit::Plain };
const CPU_PIECE_S: f64 = 0.5;

/// Latency by percentile: the shape of the tail.
pub(super) fn by_percentile(runs: &[Named<'_>]) -> Option<Plot> {
    let curve = |name: String, tone, style, whole: &Option<String>, percentiles: &Option<Percentiles>| Line {
        name,
        tone,
        style,
        points: percentile_curve::points(whole.as_deref(), percentiles.as_ref()),
    };
    let mut lines = Vec::new();
    for (index, (run, figures)) in measured(runs).enumerate() {
        let whole = &figures.distributions;
        if runs.len() == 1 {
            lines.push(curve(
                "response".into(),
                Tone::Blue,
                Style::Solid,
                &whole.response,
                &figures.response,
            ));
            lines.push(curve(
                "end to end".into(),
                Tone::Orange,
                Style::Solid,
                &whole.end_to_end,
                &figures.end_to_end,
            ));
            lines.push(curve("service".into(), Tone::Teal, Style::Dashed, &whole.service, &figures.service));
            lines.push(curve("queue".into(), Tone::Violet, Style::Dashed, &whole.queue, &figures.queue));
        } else {
            let tone = Tone::of(index);
            lines.push(curve(run.name.clone(), tone, Style::Solid, &whole.response, &figures.response));
            let name = format!("{}, end to end", run.name);
            lines.push(curve(name, tone, Style::Dashed, &whole.end_to_end, &figures.end_to_end));
        }
    }
    let about = if runs.len() == 1 {
        "Response: from when a record was due to its acknowledgement. End to end: from the same moment to its arrival at a \
         consumer. Response has two parts: queue (until the request is handed to the socket) and service (broker and network)."
    } else {
        "Response of each run: from when a record was due to its acknowledgement. Dashed: end to end. Each step to the right \
         is ten times as rare."
    };
    let x = Axis { label: "percentile", scale: Scale::Tail, unit: Unit::Percentile };
    plot("latency-by-percentile", "Latency by percentile", about, (x, LATENCY), lines)
}

/// How response times went over the run.
pub(super) fn response_over_time(runs: &[Named<'_>]) -> Option<Plot> {
    let lines = latency_lines(runs, |interval| interval.response.as_ref());
    let about = "Each point is an interval of the run, and covers the records acknowledged in it.";
    plot("latency-over-time", "Response over time", about, (TIME, LATENCY), lines)
}

/// How end-to-end times went over the run.
pub(super) fn end_to_end_over_time(runs: &[Named<'_>]) -> Option<Plot> {
    let lines = latency_lines(runs, |interval| interval.end_to_end.as_ref());
    let about = "The same for the records that arrived at a consumer in the interval.";
    plot("end-to-end-over-time", "End to end over time", about, (TIME, LATENCY), lines)
}

fn latency_lines(runs: &[Named<'_>], of: fn(&TimeSlice) -> Option<&Percentiles>) -> Vec<Line> {
    let ms = |pick: fn(&Percentiles) -> f64| move |interval: &TimeSlice| of(interval).map(|p| pick(p) / 1e3);
    let mut lines = Vec::new();
    for (index, (run, figures)) in measured(runs).enumerate() {
        let over = |name: String, tone, style, value: &dyn Fn(&TimeSlice) -> Option<f64>| {
            over_time(figures, name, tone, style, value)
        };
        if runs.len() == 1 {
            lines.push(over("max".into(), Tone::Grey, Style::Thin, &ms(|p| p.max_us)));
            lines.push(over("p99".into(), Tone::Blue, Style::Solid, &ms(|p| p.p99_us)));
            lines.push(over("p50".into(), Tone::Teal, Style::Solid, &ms(|p| p.p50_us)));
        } else {
            let tone = Tone::of(index);
            lines.push(over(format!("{} p99", run.name), tone, Style::Solid, &ms(|p| p.p99_us)));
            lines.push(over(format!("{} p50", run.name), tone, Style::Dashed, &ms(|p| p.p50_us)));
        }
    }
    lines
}

/// Records per second, acked and read.
pub(super) fn throughput(runs: &[Named<'_>]) -> Option<Plot> {
    let mut lines = Vec::new();
    for (index, (run, figures)) in measured(runs).enumerate() {
        let acked = |i: &TimeSlice| per_second(i.acked_records as f64, i);
        if runs.len() > 1 {
            lines.push(over_time(figures, run.name.clone(), Tone::of(index), Style::Solid, &acked));
            continue;
        }
        let read = |i: &TimeSlice| per_second(i.consumed_records as f64, i);
        lines.push(over_time(figures, "acknowledged".into(), Tone::Blue, Style::Area, &acked));
        if run.report.settings.consumers > 0 {
            lines.push(over_time(figures, "read back".into(), Tone::Orange, Style::Dashed, &read));
        }
        if let Some(rate) = level_rate(run.report) {
            let target = |_: &TimeSlice| Some(rate);
            lines.push(over_time(figures, "rate asked for".into(), Tone::Grey, Style::Thin, &target));
        }
    }
    let about = "Records acknowledged and read back per second, in each interval.";
    let y = Axis { label: "records/s", ..AMOUNT };
    plot("throughput", "Records per second", about, (TIME, y), lines)
}

/// The rate asked for, where it was the same all the time.
fn level_rate(report: &RunReport) -> Option<f64> {
    let settings = &report.settings;
    let is_shaped = |name: &str| name.starts_with("ramp") || name.starts_with("step");
    settings.target_rate.filter(|_| !settings.schedule.as_deref().is_some_and(is_shaped))
}

/// How far the consumers were behind.
pub(super) fn behind(runs: &[Named<'_>]) -> Option<Plot> {
    let read = runs.iter().filter(|run| run.report.settings.consumers > 0);
    let runs: Vec<Named<'_>> = read.cloned().collect();
    let value = |i: &TimeSlice| Some(i.behind_records as f64);
    let lines = one_each(&runs, "behind", Tone::Violet, &value);
    let about = "Records acknowledged and not yet read at the end of each interval. If the line rises, consumers don't keep up.";
    let y = Axis { label: "records", ..AMOUNT };
    plot("behind", "Consumers behind", about, (TIME, y), lines)
}

/// CPU of both sides.
pub(super) fn cpu(runs: &[Named<'_>]) -> Option<Plot> {
    let mut lines = Vec::new();
    for (index, (run, figures)) in measured(runs).enumerate() {
        let (names, tones) = if runs.len() == 1 {
            (["broker".into(), "generator".into()], [Tone::Blue, Tone::Orange])
        } else {
            ([format!("{} broker", run.name), format!("{} generator", run.name)], [Tone::of(index); 2])
        };
        let [broker, generator] = names;
        let series = &figures.series;
        lines.push(cores(series, broker, (tones[0], Style::Solid), |interval| interval.broker_cpu_s));
        lines.push(cores(series, generator, (tones[1], Style::Dashed), |interval| {
            Some(interval.generator_cpu_s)
        }));
    }
    let about = "CPU time (user and system) of the broker and of the generator, in busy cores.";
    let y = Axis { label: "cores", ..AMOUNT };
    plot("cpu", "CPU over time", about, (TIME, y), lines)
}

/// Over pieces long enough for a clock that counts hundredths of seconds.
fn cores(
    series: &[TimeSlice],
    name: String,
    (tone, style): (Tone, Style),
    cpu_s: fn(&TimeSlice) -> Option<f64>,
) -> Line {
    let mut points = Vec::new();
    let (mut spent, mut seconds) = (Some(0.0), 0.0);
    for interval in series {
        spent = spent.zip(cpu_s(interval)).map(|(spent, more)| spent + more);
        seconds += interval.seconds;
        if seconds >= CPU_PIECE_S {
            points
                .push((interval.at_s + interval.seconds - seconds / 2.0, spent.map(|spent| spent / seconds)));
            (spent, seconds) = (Some(0.0), 0.0);
        }
    }
    Line { name, tone, style, points }
}

/// Marks where brokers were killed on purpose.
pub(super) fn with_crashes(plot: Option<Plot>, runs: &[Named<'_>]) -> Option<Plot> {
    let crashes = runs.iter().filter_map(|run| run.report.crash.as_ref());
    let crashes = crashes.flat_map(|crash| &crash.kills).map(|kill| kill.at_s).filter(|at| at.is_finite());
    Some(Plot { crashes: crashes.collect(), ..plot? })
}

fn one_each(
    runs: &[Named<'_>],
    name: &str,
    tone: Tone,
    value: &dyn Fn(&TimeSlice) -> Option<f64>,
) -> Vec<Line> {
    let alone = runs.len() == 1;
    let line = |(index, (run, figures)): (usize, (&Named<'_>, &Figures))| {
        let (name, tone) = if alone { (name.to_owned(), tone) } else { (run.name.clone(), Tone::of(index)) };
        over_time(figures, name, tone, if alone { Style::Area } else { Style::Solid }, value)
    };
    measured(runs).enumerate().map(line).collect()
}

fn over_time(
    figures: &Figures,
    name: String,
    tone: Tone,
    style: Style,
    value: &dyn Fn(&TimeSlice) -> Option<f64>,
) -> Line {
    let middle = |interval: &TimeSlice| interval.at_s + interval.seconds / 2.0;
    Line { name, tone, style, points: figures.series.iter().map(|i| (middle(i), value(i))).collect() }
}

fn per_second(amount: f64, interval: &TimeSlice) -> Option<f64> {
    (interval.seconds > 0.0).then(|| amount / interval.seconds)
}

fn measured<'a>(runs: &'a [Named<'a>]) -> impl Iterator<Item = (&'a Named<'a>, &'a Figures)> {
    runs.iter().filter_map(|run| Some((run, run.report.figures.as_ref()?)))
}

fn plot(id: &str, title: &str, about: &str, (x, y): (Axis, Axis), lines: Vec<Line>) -> Option<Plot> {
    let plot = Plot {
        id: id.into(),
        title: title.into(),
        about: about.into(),
        x,
        y,
        lines,
        shades_before_zero: x.scale == Scale::Linear,
        crashes: Vec::new(),
        is_picture: matches!(id, "latency-by-percentile" | "latency-over-time" | "throughput"),
    };
    plot.tidy()
}
