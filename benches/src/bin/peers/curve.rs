//! CPU of the broker per request against load: the cost of a request depends on how many come. A broker with little
//! to do is woken for each one; a broker at its limit serves many at a time.

use std::fmt::Write as _;

use creel_benches::shape::Acks;
use creel_benches::side::Side;

use crate::figures::{Cell, Cores, Measured, Rounds};
use crate::form::Form;
use crate::names::{SIDES, shown, wire};
use crate::svg::{Axis, head, tone};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 40.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 60.0;

/// One side's rounds at one load, medians.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    requests_per_second: f64,
    cpu_us: f64,
}

/// What was measured of one kind of ack on these CPUs.
pub(crate) struct Curve<'a> {
    pub(crate) forms: &'a [&'a Form],
    pub(crate) all: &'a [Measured],
    pub(crate) cores: Cores,
    pub(crate) acks: Acks,
}

impl Curve<'_> {
    fn loads(&self) -> impl Iterator<Item = &Form> {
        self.forms.iter().copied().filter(|form| form.is_on_curve)
    }

    fn point(&self, form: &Form, side: Side) -> Option<Point> {
        let cell = Cell { cores: self.cores, form: form.shape.name, acks: self.acks };
        let rounds = Rounds::of(self.all, cell, side);
        let requests_per_second = rounds.dispersion(|round| round.requests_per_second)?.mid;
        let cpu_us = rounds.dispersion(|round| round.cpu_us_per_request)?.mid;
        (requests_per_second > 0.0 && cpu_us > 0.0).then_some(Point { requests_per_second, cpu_us })
    }

    /// As it was loaded, from the least on.
    fn points(&self, side: Side) -> Vec<Point> {
        self.loads().filter_map(|form| self.point(form, side)).collect()
    }

    /// Those that were measured.
    fn sides(&self) -> Vec<Side> {
        SIDES.into_iter().filter(|side| self.loads().any(|form| self.point(form, *side).is_some())).collect()
    }

    /// A table with a line for each load; empty where none was measured.
    pub(crate) fn table(&self) -> String {
        let mut rows = String::new();
        let sides = self.sides();
        for form in self.loads() {
            let cell = |side: &Side| self.point(form, *side).map_or("-".to_owned(), said);
            let cells: Vec<String> = sides.iter().map(cell).collect();
            if cells.iter().any(|cell| cell != "-") {
                let _ = writeln!(rows, "| {} | {} |", form.title, cells.join(" | "));
            }
        }
        if rows.is_empty() {
            return rows;
        }
        let names: Vec<&str> = sides.iter().map(|side| shown(*side)).collect();
        format!("| load | {} |\n|---|{}\n{rows}", names.join(" | "), "---:|".repeat(sides.len()))
    }

    /// An SVG file: a line for each side over two logarithmic axes; `None` where nothing was measured.
    pub(crate) fn draw(&self) -> Option<String> {
        let sides = self.sides();
        let lines: Vec<_> = sides.iter().map(|side| (*side, self.points(*side))).collect();
        let all = || lines.iter().flat_map(|(_, points)| points);
        let x = Axis::over(all().map(|point| point.requests_per_second), LEFT, WIDTH - RIGHT)?;
        let y = Axis::over(all().map(|point| point.cpu_us), HEIGHT - BOTTOM, TOP)?;
        let title = format!("CPU of the broker per request, acks={}", wire(self.acks));
        let mut svg = head(&title, WIDTH, HEIGHT, &sides);
        grid(&mut svg, &x, &y);
        lines.iter().for_each(|(side, points)| line(&mut svg, *side, points, [&x, &y]));
        svg.push_str("</svg>\n");
        Some(svg)
    }
}

fn grid(svg: &mut String, x: &Axis, y: &Axis) {
    let (floor, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for (tick, at) in x.ticks() {
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{at:.1} {TOP}V{floor}\"/><text class=\"tick\" x=\"{at:.1}\" y=\"{}\" \
             text-anchor=\"middle\">{tick}</text>",
            floor + 16.0
        );
    }
    for (tick, at) in y.ticks() {
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right}\"/><text class=\"tick\" x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{tick}</text>",
            LEFT - 8.0,
            at + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<text class=\"name\" x=\"{right}\" y=\"{}\" text-anchor=\"end\">requests/s</text>\
         <text class=\"name\" x=\"20\" y=\"{}\">us per request</text>",
        floor + 36.0,
        TOP - 10.0
    );
}

fn line(svg: &mut String, side: Side, points: &[Point], [x, y]: [&Axis; 2]) {
    let places: Vec<String> = points
        .iter()
        .map(|point| format!("{:.1} {:.1}", x.at(point.requests_per_second), y.at(point.cpu_us)))
        .collect();
    let tone = tone(side);
    if places.len() > 1 {
        let _ = writeln!(svg, "<path class=\"line {tone}\" d=\"M{}\"/>", places.join("L"));
    }
    for point in points {
        let _ = writeln!(
            svg,
            "<circle class=\"dot {tone}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\"><title>{}: {}</title></circle>",
            x.at(point.requests_per_second),
            y.at(point.cpu_us),
            shown(side),
            said(*point)
        );
    }
}

fn said(point: Point) -> String {
    format!("{:.1} us at {:.0}/s", point.cpu_us, point.requests_per_second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::measured;
    use crate::form::FORMS;

    fn at(form: &Form, side: Side, requests_per_second: f64, cpu_us: f64) -> Measured {
        let mut round = measured(side, Acks::Written, 1, requests_per_second);
        (round.figures.shape, round.figures.cpu_us_per_request) = (form.shape.name, cpu_us);
        round
    }

    #[test]
    fn a_side_is_a_line_from_its_least_load_to_its_greatest() {
        let forms: Vec<&Form> = FORMS.iter().collect();
        let loads: Vec<&Form> = FORMS.iter().filter(|form| form.is_on_curve).collect();
        assert!(loads.len() >= 4, "a few loads, the last as much as it takes");
        let mut all: Vec<Measured> = Vec::new();
        for (i, form) in loads.iter().enumerate() {
            let requests = 1000.0 * (i + 1) as f64;
            all.push(at(form, Side::Creel, requests, 100.0 / (i + 1) as f64));
            all.push(at(form, Side::KafkaShipped, requests, 400.0));
        }
        let curve = Curve { forms: &forms, all: &all, cores: Cores::OneEach, acks: Acks::Written };
        let svg = curve.draw().expect("something was measured");
        assert_eq!(svg.matches("<path class=\"line ").count(), 2, "{svg}");
        assert!(svg.contains("Creel: 100.0 us at 1000/s") && svg.contains("us per request"), "{svg}");
        let table = curve.table();
        assert_eq!(table.lines().count(), 2 + loads.len(), "{table}");
        assert!(table.contains("| 50.0 us at 2000/s | 400.0 us at 2000/s |"), "{table}");
    }

    #[test]
    fn without_its_loads_there_is_no_curve() {
        let all = [measured(Side::Creel, Acks::Written, 1, 10.0)];
        let forms: Vec<&Form> = FORMS.iter().filter(|form| form.shape.name == "flood").collect();
        let curve = Curve { forms: &forms, all: &all, cores: Cores::OneEach, acks: Acks::Written };
        assert!(curve.draw().is_none() && curve.table().is_empty());
    }
}
