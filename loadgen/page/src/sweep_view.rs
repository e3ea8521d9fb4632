//! The page of a sweep: which cells no other beats, and how good each is in each figure.

use super::sweep_columns::{COLUMNS, Column, RESPONSE_P99, is_among};
use super::sweep_results::Sweep;
use super::text::{number, shell};
use super::view::{Block, Callout, Heat, HeatRow, Status, Table, View};
use super::{pareto, run_tables, sweep_grids};
use loadgen_result::text::date;
use loadgen_study::advice::front::front;
use loadgen_study::advice::point::Point;

/// What is to be seen of it.
pub(super) fn view(name: &str, sweep: &Sweep) -> View {
    let front = in_order(&front(&sweep.points));
    let mut view = View {
        kind: "Sweep",
        title: name.to_owned(),
        subtitle: subtitle(sweep),
        callouts: sweep.killed.iter().cloned().chain([verdict(sweep)]).collect(),
        warnings: warnings(sweep),
        ..View::default()
    };
    let plots = pareto::plots(&sweep.points, &front);
    let title = if pareto::is_about_costs(&plots) { "Cost against latency" } else { "Speed against latency" };
    let mut speed: Vec<Block> = plots.into_iter().map(Block::Scatter).collect();
    speed.extend((!front.is_empty()).then(|| Block::Table(on_front(&front))));
    view.add(title, speed);
    view.add("Option against option", sweep_grids::blocks(sweep, &front));
    view.add("Every cell", vec![Block::Heat(heat(&sweep.points, &front))]);
    view.add("Settings", setting(sweep));
    let machine = run_tables::machine_facts(&sweep.sample.machine);
    view.add("Machine", if machine.is_empty() { Vec::new() } else { vec![Block::Facts(machine)] });
    view
}

fn subtitle(sweep: &Sweep) -> String {
    let axes = sweep.description.matrix.axes();
    let axes: Vec<String> = axes.iter().map(|(key, values)| format!("{} {key}", values.len())).collect();
    format!(
        "{} · {} cells: {} · {}",
        sweep.sample.broker.title(),
        sweep.description.cells.len(),
        axes.join(" × "),
        date(sweep.sample.ended_at_ms)
    )
}

/// What varies, what does not, and the command.
fn setting(sweep: &Sweep) -> Vec<Block> {
    let matrix = &sweep.description.matrix;
    let loads: Vec<String> = matrix.loads.iter().map(sweep_grids::words).collect();
    let row = |(key, values): &(String, Vec<String>)| vec![key.clone(), values.join(", ")];
    let mut rows: Vec<Vec<String>> = matrix.axes().iter().map(row).collect();
    rows.extend(matrix.base.iter().map(|(key, value)| vec![key.clone(), value.to_string()]));
    rows.push(vec!["load of each cell".into(), loads.join(", then ")]);
    rows.push(vec!["records".into(), sweep.sample.settings.payload.clone()]);
    rows.push(vec!["loadgen".into(), sweep.sample.loadgen.clone()]);
    let head = vec!["option".into(), "values".into()];
    let table = Table { title: "Options and their values".into(), head, rows, is_folded: false };
    vec![Block::Words(table), Block::Command(shell(&sweep.sample.command))]
}

/// The points that no other beats, numbered as in the plot.
fn on_front(front: &[&Point]) -> Table {
    let row = |(index, point): (usize, &&Point)| {
        let mut row = vec![format!("{}. {}, {}", index + 1, point.label, point.load)];
        row.extend(COLUMNS.iter().map(|column| (column.of)(point).map_or_else(|| "–".into(), number)));
        row
    };
    let head = ["cell"].into_iter().chain(COLUMNS.iter().map(|column| column.head));
    Table {
        title: "On the Pareto front".into(),
        head: head.map(String::from).collect(),
        rows: front.iter().enumerate().map(row).collect(),
        is_folded: false,
    }
}

/// By rate, and where that is the same by p99.
fn in_order<'a>(front: &[&'a Point]) -> Vec<&'a Point> {
    let mut sorted = front.to_vec();
    let p99 = |point: &Point| (RESPONSE_P99.of)(point).unwrap_or(0.0);
    sorted.sort_by(|one, other| {
        one.rate().total_cmp(&other.rate()).then_with(|| p99(one).total_cmp(&p99(other)))
    });
    sorted
}

fn verdict(sweep: &Sweep) -> Callout {
    let failed = sweep.points.iter().filter(|point| point.failed_runs > 0).count();
    if failed > 0 {
        let detail = format!(
            "In {failed} points records were lost, duplicated, reordered or altered. These points do not count."
        );
        return Callout { status: Status::Bad, text: "Verification failed".into(), detail };
    }
    let detail = "No point failed its verification.".into();
    Callout { status: Status::Good, text: "Measured".into(), detail }
}

fn warnings(sweep: &Sweep) -> Vec<String> {
    let count = |which: fn(&Point) -> bool| sweep.points.iter().filter(|point| which(point)).count();
    let mut warnings = Vec::new();
    let measured = 1 + sweep.points.iter().map(|point| point.cell).max().unwrap_or(0);
    if measured < sweep.description.cells.len() {
        warnings.push(format!(
            "The sweep is not complete: {measured} of {} cells were measured.",
            sweep.description.cells.len()
        ));
    }
    match count(|point| point.noisy_runs > 0) {
        0 => {}
        noisy => warnings.push(format!("The machine disturbed {noisy} of {} points.", sweep.points.len())),
    }
    match count(|point| !point.held()) {
        0 => {}
        1 => warnings.push("1 point did not reach its rate: its latency is that of an overload.".into()),
        late => warnings
            .push(format!("{late} points did not reach their rate: their latency is that of an overload.")),
    }
    warnings
}

fn heat(points: &[Point], front: &[&Point]) -> Heat {
    let row = |point: &Point| {
        let is_on_it = is_among(front, point);
        let cell = |column: &Column| {
            let text = (column.of)(point).map_or_else(|| "–".into(), number);
            (text, column.goodness(point, points.iter()).filter(|_| point.is_valid()))
        };
        let star = if is_on_it { "★ " } else { "" };
        HeatRow {
            name: format!("{star}{}, {}", point.label, point.load),
            cells: COLUMNS.iter().map(cell).collect(),
        }
    };
    Heat {
        title: "Every cell".into(),
        about: "The greener a figure, the better it is in its column. ★: on the Pareto front. Without colour: the point did not reach \
                its rate, or failed its verification. Latencies are those of fixed rates: a closed loop waits for the broker."
            .into(),
        head: ["cell"].into_iter().chain(COLUMNS.iter().map(|column| column.head)).map(String::from).collect(),
        rows: points.iter().map(row).collect(),
    }
}
