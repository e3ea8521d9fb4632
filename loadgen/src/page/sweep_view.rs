//! The page of a sweep: which cells no other beats, and how good each is in each figure.

use super::plot::{Axis, Line, Plot, Scale, Style, Tone, Unit};
use super::text::number;
use super::view::{Block, Heat, HeatRow, Mood, Verdict, View};
use crate::advice::front::front;
use crate::advice::point::{Point, of_last_rounds, points};
use crate::error::LoadError;
use crate::sweep::store::Store;
use std::path::Path;

/// Where p99 lies among a point's latencies.
const P99: usize = 2;

/// What a sweep measured.
#[derive(Debug)]
pub(super) struct Sweep {
    points: Vec<Point>,
    cells: usize,
}

impl Sweep {
    /// Reads all there is, of a sweep that is not done too.
    pub(super) fn read(dir: &Path) -> Result<Sweep, LoadError> {
        let store = Store::existing(dir);
        let cells = store.description()?.cells.len();
        let points = of_last_rounds(points(&store.all()?));
        if points.is_empty() {
            return Err(LoadError::Options(format!("{} holds no results yet", dir.display())));
        }
        Ok(Sweep { points, cells })
    }
}

/// What is to be seen of it.
pub(super) fn view(name: &str, sweep: &Sweep) -> View {
    let front = front(&sweep.points);
    let mut view = View {
        kind: "Sweep",
        title: name.to_owned(),
        subtitle: format!("{} cells, {} points", sweep.cells, sweep.points.len()),
        verdicts: vec![verdict(sweep)],
        warnings: warnings(sweep),
        ..View::default()
    };
    view.add("Speed against latency", pareto(&sweep.points, &front).map(Block::Plot).into_iter().collect());
    view.add("Every cell", vec![Block::Heat(heat(&sweep.points, &front))]);
    view
}

fn verdict(sweep: &Sweep) -> Verdict {
    let failed = sweep.points.iter().filter(|point| point.failed_runs > 0).count();
    if failed > 0 {
        let detail = format!(
            "In {failed} points records were lost, duplicated, reordered or altered: they do not count."
        );
        return Verdict { mood: Mood::Bad, text: "Verification failed".into(), detail };
    }
    let detail = "No point failed its verification.".into();
    Verdict { mood: Mood::Good, text: "Measured".into(), detail }
}

fn warnings(sweep: &Sweep) -> Vec<String> {
    let count = |which: fn(&Point) -> bool| sweep.points.iter().filter(|point| which(point)).count();
    let mut warnings = Vec::new();
    let measured = 1 + sweep.points.iter().map(|point| point.cell).max().unwrap_or(0);
    if measured < sweep.cells {
        warnings.push(format!("The sweep is partial: {measured} of {} cells.", sweep.cells));
    }
    match count(|point| point.noisy_runs > 0) {
        0 => {}
        noisy => {
            warnings.push(format!("In {noisy} of {} points the machine was disturbed.", sweep.points.len()))
        }
    }
    match count(|point| !point.held()) {
        0 => {}
        late => warnings
            .push(format!("{late} points did not reach their rate: their latency is that of an overload.")),
    }
    warnings
}

/// Records per second and p99 of each point that counts; a line through those of the front that lie on it in these two.
fn pareto(points: &[Point], front: &[&Point]) -> Option<Plot> {
    let place = |point: &Point| point.response_ms.map(|ms| (point.records_per_s, Some(ms[P99])));
    let sorted = |mut places: Vec<(f64, Option<f64>)>| {
        places.sort_by(|one, other| one.0.total_cmp(&other.0));
        places
    };
    let is_on_it =
        |point: &&Point| front.iter().any(|other| other.cell == point.cell && other.load == point.load);
    let others =
        points.iter().filter(|point| point.is_valid() && !is_on_it(point)).filter_map(place).collect();
    let on_it = front.iter().filter_map(|point| place(point)).collect();
    let dots = |name: &str, tone, points| Line {
        name: name.into(),
        tone,
        style: Style::Dots,
        points: sorted(points),
    };
    let plot = Plot {
        id: "pareto".into(),
        title: "Records per second and p99".into(),
        about: "Each point is a cell under one load; down and to the right is better. Blue: on the Pareto front of rate, p99, \
                bytes and CPU, so that no other point is better in everything."
            .into(),
        x: Axis { label: "records/s", scale: Scale::Linear, unit: Unit::Plain },
        y: Axis { label: "response p99", scale: Scale::Log, unit: Unit::Ms },
        lines: vec![dots("other points", Tone::Grey, others), dots("on the front", Tone::Blue, on_it)],
        shades_before_zero: false,
        is_picture: true,
    };
    plot.tidy()
}

/// A column of the table.
struct Column {
    head: &'static str,
    of: fn(&Point) -> Option<f64>,
    is_better_higher: bool,
}

const COLUMNS: [Column; 6] = [
    Column { head: "records/s", of: |point| Some(point.records_per_s), is_better_higher: true },
    Column { head: "p50 ms", of: |point| point.response_ms.map(|ms| ms[0]), is_better_higher: false },
    Column { head: "p99 ms", of: |point| point.response_ms.map(|ms| ms[P99]), is_better_higher: false },
    Column { head: "wire B/record", of: |point| point.wire_bytes_per_record, is_better_higher: false },
    Column { head: "disk B/record", of: |point| point.disk_bytes_per_record, is_better_higher: false },
    Column { head: "broker CPU s/M", of: |point| point.broker_cpu_s_per_million, is_better_higher: false },
];

impl Column {
    /// From 0 for the worst to 1 for the best, by ratio: a factor of two counts the same wherever it is.
    fn goodness(&self, point: &Point, points: &[Point]) -> Option<f64> {
        let log = |point: &Point| (self.of)(point).filter(|value| *value > 0.0).map(f64::ln);
        let (low, high) = points
            .iter()
            .filter_map(log)
            .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        let share = (log(point)? - low) / (high - low);
        (high > low).then_some(if self.is_better_higher { share } else { 1.0 - share })
    }
}

fn heat(points: &[Point], front: &[&Point]) -> Heat {
    let row = |point: &Point| {
        let is_on_it = front.iter().any(|other| other.cell == point.cell && other.load == point.load);
        let cell = |column: &Column| {
            let text = (column.of)(point).map_or_else(|| "–".into(), number);
            (text, column.goodness(point, points).filter(|_| point.is_valid()))
        };
        let star = if is_on_it { "★ " } else { "" };
        HeatRow {
            name: format!("{star}{}, {}", point.label, point.load),
            cells: COLUMNS.iter().map(cell).collect(),
        }
    };
    Heat {
        title: "Every cell".into(),
        about: "The greener, the better beside the others of its column. ★: on the Pareto front. Without colour: it did not reach \
                its rate or failed its verification."
            .into(),
        head: ["cell"].into_iter().chain(COLUMNS.iter().map(|column| column.head)).map(String::from).collect(),
        rows: points.iter().map(row).collect(),
    }
}
