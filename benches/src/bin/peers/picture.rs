//! A picture: a line for each form and ack, on it a dot for each side, over a logarithmic axis.

use std::fmt::Write as _;

use creel_benches::shape::Acks;
use creel_benches::side::Side;

use crate::figures::{Cell, Cores, Measured, Rounds};
use crate::form::Form;
use crate::names::{SIDES, shown, wire};
use crate::svg::{Axis, head, tone};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 40.0;
const TOP: f64 = 84.0;
const ROW: f64 = 24.0;
const BOTTOM: f64 = 44.0;

/// What is shown.
pub(crate) struct Picture<'a> {
    pub(crate) title: &'a str,
    /// Under the axis.
    pub(crate) unit: &'a str,
    pub(crate) of: fn(&Rounds<'_>) -> Option<f64>,
}

struct Row {
    name: String,
    dots: Vec<(Side, f64)>,
}

impl Picture<'_> {
    /// An SVG file.
    pub(crate) fn draw(&self, forms: &[&Form], all: &[Measured], cores: Cores) -> String {
        let rows = self.rows(forms, all, cores);
        let height = TOP + rows.len() as f64 * ROW + BOTTOM;
        let sides =
            SIDES.into_iter().filter(|side| rows.iter().flat_map(|row| &row.dots).any(|dot| dot.0 == *side));
        let mut svg = head(self.title, WIDTH, height, &sides.collect::<Vec<_>>());
        let values = rows.iter().flat_map(|row| &row.dots).map(|(_, value)| *value);
        if let Some(axis) = Axis::over(values, LEFT, WIDTH - RIGHT) {
            grid(&mut svg, &axis, height - BOTTOM, self.unit);
            rows.iter().enumerate().for_each(|(i, row)| draw_row(&mut svg, row, TOP + i as f64 * ROW, &axis));
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn rows(&self, forms: &[&Form], all: &[Measured], cores: Cores) -> Vec<Row> {
        let mut rows = Vec::new();
        for form in forms {
            for acks in [Acks::Written, Acks::Durable] {
                let cell = Cell { cores, form: form.shape.name, acks };
                let value = |side| (self.of)(&Rounds::of(all, cell, side)).filter(|value| *value > 0.0);
                let dots = SIDES.into_iter().filter_map(|side| Some((side, value(side)?)));
                let dots: Vec<(Side, f64)> = dots.collect();
                if !dots.is_empty() {
                    rows.push(Row { name: format!("{} acks={}", form.shape.name, wire(acks)), dots });
                }
            }
        }
        rows
    }
}

fn grid(svg: &mut String, axis: &Axis, floor: f64, unit: &str) {
    for (tick, x) in axis.ticks() {
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{x:.1} {top}V{floor}\"/><text class=\"tick\" x=\"{x:.1}\" y=\"{y}\" \
             text-anchor=\"middle\">{tick}</text>",
            top = TOP - 6.0,
            y = floor + 16.0,
        );
    }
    let (x, y) = (WIDTH - RIGHT, floor + 34.0);
    let _ = writeln!(svg, "<text class=\"name\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{unit}</text>");
}

fn draw_row(svg: &mut String, row: &Row, top: f64, axis: &Axis) {
    let middle = top + ROW / 2.0;
    let places = || row.dots.iter().map(|(_, value)| axis.at(*value));
    let (from, to) = (places().fold(f64::MAX, f64::min), places().fold(0.0, f64::max));
    let _ = writeln!(
        svg,
        "<text class=\"legend\" x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{name}</text>\
         <path class=\"line thin grey\" d=\"M{from:.1} {middle:.1}H{to:.1}\"/>",
        x = LEFT - 14.0,
        y = middle + 4.0,
        name = row.name,
    );
    for (side, value) in &row.dots {
        let (tone, x) = (tone(*side), axis.at(*value));
        let _ = writeln!(
            svg,
            "<circle class=\"dot {tone}\" cx=\"{x:.1}\" cy=\"{middle:.1}\" r=\"5\"><title>{}: {value:.3}</title></circle>",
            shown(*side)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::measured;
    use crate::form::FORMS;

    #[test]
    fn every_side_that_was_measured_has_its_dot() {
        let all =
            [Side::Floor, Side::Creel, Side::KafkaFlush].map(|side| measured(side, Acks::Written, 1, 20.0));
        let picture = Picture {
            title: "CPU",
            unit: "s",
            of: |r| r.dispersion(|r| r.cpu_seconds_per_gb).map(|s| s.mid),
        };
        let svg = picture.draw(&FORMS.iter().collect::<Vec<_>>(), &all, Cores::OneEach);
        assert_eq!(svg.matches(": 0.050</title>").count(), 3, "{svg}");
        assert!(svg.contains(">flood acks=1</text>"), "{svg}");
    }
}
