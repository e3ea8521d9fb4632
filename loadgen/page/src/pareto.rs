//! The points of a sweep in the plane: latency against the rate, or, where all have one rate, against what it costs.

use super::plot::{Axis, Line, Plot, Scale, Style, Tone, Unit};
use super::sweep_columns::{BROKER_CPU, RESPONSE_P99, WIRE, is_among};
use loadgen_study::advice::point::Point;

/// Rates closer together than that would stand above each other in a line straight up.
const ONE_RATE: f64 = 1.05;
/// Costs that lie closer together tell points apart no better.
const ONE_COST: f64 = 1.02;

/// What p99 is plotted against.
struct Across {
    id: &'static str,
    title: &'static str,
    better: &'static str,
    axis: &'static str,
    of: fn(&Point) -> Option<f64>,
}

const RATE: Across = Across {
    id: "pareto",
    title: "Records per second and p99",
    better: "Lower and to the right is better",
    axis: "records/s",
    of: |point| Some(point.rate()),
};

const COSTS: [Across; 2] = [
    Across {
        id: "pareto-bytes",
        title: "Bytes per record and p99",
        better: "All had the same rate, so lower and to the left is better",
        axis: "bytes sent per record",
        of: WIRE.of,
    },
    Across {
        id: "pareto-cpu",
        title: "Broker CPU and p99",
        better: "All had the same rate, so lower and to the left is better",
        axis: "broker CPU, seconds per million records",
        of: BROKER_CPU.of,
    },
];

/// Of each point that counts, those of the front with their numbers in its table: `front` has the order of that.
pub(super) fn plots(points: &[Point], front: &[&Point]) -> Vec<Plot> {
    let shown = |point: &&Point| point.is_valid() && (RESPONSE_P99.of)(point).is_some();
    let all: Vec<&Point> = points.iter().filter(shown).collect();
    let costs: Vec<&Across> = if is_about_one(&all, RATE.of, ONE_RATE) {
        COSTS.iter().filter(|across| !is_about_one(&all, across.of, ONE_COST)).collect()
    } else {
        Vec::new()
    };
    let across = if costs.is_empty() { vec![&RATE] } else { costs };
    across.into_iter().filter_map(|across| plot(across, &all, front)).collect()
}

/// They differ in costs and not in their rate.
pub(super) fn is_about_costs(plots: &[Plot]) -> bool {
    plots.iter().any(|plot| plot.id != RATE.id)
}

fn is_about_one(points: &[&Point], of: fn(&Point) -> Option<f64>, factor: f64) -> bool {
    let values = points.iter().filter_map(|point| of(point));
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    high <= low * factor
}

fn plot(across: &Across, all: &[&Point], front: &[&Point]) -> Option<Plot> {
    let place = |point: &Point| Some(((across.of)(point)?, (RESPONSE_P99.of)(point)));
    let dots = |name: &str, tone, named: Vec<(String, &Point)>| {
        let placed = named.into_iter().filter_map(|(name, point)| Some((name, place(point)?)));
        let (names, points) = placed.unzip();
        Line { name: name.into(), tone, style: Style::Dots(names), points }
    };
    let name = |point: &Point| format!("{}, {}", point.label, point.load);
    let others = all.iter().filter(|point| !is_among(front, point)).map(|point| (name(point), *point));
    let on_it = front.iter().enumerate().filter(|(_, point)| (RESPONSE_P99.of)(point).is_some());
    let on_it = on_it.map(|(at, point)| (format!("{}. {}", at + 1, name(point)), *point));
    let plot = Plot {
        id: across.id.into(),
        title: across.title.into(),
        about: format!(
            "Each point is a cell at a fixed rate. {}. Points with numbers (as in the table) are on the Pareto front of rate, p99, \
             bytes and CPU: no other point is better in everything.",
            across.better
        ),
        x: Axis { label: across.axis, scale: Scale::Zero, unit: Unit::Plain },
        y: Axis { label: "response p99", scale: Scale::Log, unit: Unit::Ms },
        lines: vec![
            dots("other points", Tone::Grey, others.collect()),
            dots("on the front", Tone::Blue, on_it.collect()),
        ],
        shades_before_zero: false,
        crashes: Vec::new(),
        is_picture: true,
    };
    plot.tidy()
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_study::advice::front::front;
    use loadgen_study::advice::sample::point;

    fn ids(points: &[Point]) -> Vec<String> {
        plots(points, &front(points)).into_iter().map(|plot| plot.id).collect()
    }

    #[test]
    fn at_one_rate_latency_is_plotted_against_what_differs() {
        let mut points = vec![point(0, 1_000.0, 9.0, 100.0), point(1, 1_000.0, 3.0, 300.0)];
        points[1].records_per_s = 1_008.0;
        assert_eq!(ids(&points), ["pareto-bytes"], "their CPU is the same");
        points[1].broker_cpu_s_per_million = Some(0.9);
        assert_eq!(ids(&points), ["pareto-bytes", "pareto-cpu"]);
        let [bytes, _] = &plots(&points, &front(&points))[..] else { panic!("two plots") };
        let [(low, high), _] = bytes.bounds().unwrap();
        assert_eq!((low, high), (100.0, 300.0));
        points[1].records_per_s = 900.0;
        points[1].settings.target_rate = Some(900.0);
        assert_eq!(ids(&points), ["pareto"], "rates that differ tell points apart");
    }

    #[test]
    fn where_nothing_differs_the_rate_stays() {
        assert_eq!(ids(&[point(0, 1_000.0, 9.0, 100.0)]), ["pareto"]);
        let mut alike = [point(0, 1_000.0, 9.0, 100.0), point(1, 1_000.0, 3.0, 100.0)];
        assert_eq!(ids(&alike), ["pareto"]);
        alike.iter_mut().for_each(|point| point.wire_bytes_per_record = None);
        assert_eq!(ids(&alike), ["pareto"], "nothing is known of it");
    }

    #[test]
    fn a_point_of_the_front_has_the_number_of_its_row_in_every_plot() {
        let mut points = vec![point(0, 1_000.0, 9.0, 100.0), point(1, 1_000.0, 3.0, 300.0)];
        points[0].broker_cpu_s_per_million = Some(0.9);
        let numbered = front(&points);
        for plot in plots(&points, &numbered) {
            let [line] = &plot.lines[..] else { panic!("all are on the front") };
            let Style::Dots(names) = &line.style else { panic!("points") };
            assert!(names[0].starts_with("1. cell=0") && names[1].starts_with("2. cell=1"), "{names:?}");
        }
    }
}
