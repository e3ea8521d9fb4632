//! What the result's pictures have in common: head, legend, colours, and logarithmic axes.

use std::fmt::Write as _;

use creel_benches::side::Side;

use crate::names::shown;

/// Colours by light and dark: those of loadgen's pictures.
const STYLE: &str = include_str!("../../../../loadgen/page/assets/picture.css");
/// Where the legend begins.
const LEGEND_LEFT: f64 = 190.0;

/// The legend goes on in a second line behind this.
const LEGEND_RIGHT: f64 = 740.0;

/// A file's beginning, up to the title and the legend of these sides; `</svg>` ends it.
pub(crate) fn head(title: &str, width: f64, height: f64, sides: &[Side]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         class=\"plot\" role=\"img\" aria-label=\"{title}\">\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>\n\
         <text class=\"title\" x=\"20\" y=\"30\">{title}</text>\n"
    );
    legend(&mut svg, sides);
    svg
}

fn legend(svg: &mut String, sides: &[Side]) {
    let (mut x, mut y) = (LEGEND_LEFT, 54.0);
    for side in sides {
        let (tone, name) = (tone(*side), shown(*side));
        let advance = 40.0 + name.len() as f64 * 7.0;
        if x + advance > LEGEND_RIGHT {
            (x, y) = (LEGEND_LEFT, y + 17.0);
        }
        let _ = writeln!(
            svg,
            "<circle class=\"dot {tone}\" cx=\"{:.1}\" cy=\"{y}\" r=\"5\"/><text class=\"legend\" x=\"{:.1}\" y=\"{}\">{name}</text>",
            x + 5.0,
            x + 16.0,
            y + 4.0
        );
        x += advance;
    }
}

pub(crate) fn tone(side: Side) -> &'static str {
    match side {
        Side::Creel | Side::Shards1 => "blue",
        Side::CreelRelaxed | Side::Shards2 => "teal",
        Side::CreelBefore | Side::CreelRelaxedBefore | Side::Shards4 => "violet",
        Side::Shards8 => "ochre",
        Side::KafkaShipped => "orange",
        Side::KafkaFlush => "rose",
        _ => "grey",
    }
}

/// Whole powers of ten below and above all figures, from one edge of the picture to the other.
pub(crate) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// `None` without figures.
    pub(crate) fn over(figures: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Option<Axis> {
        let low = figures.clone().reduce(f64::min)?.log10().floor();
        let high = figures.reduce(f64::max)?.log10().ceil();
        Some(Axis { low, high: high.max(low + 1.0), from, to })
    }

    pub(crate) fn at(&self, figure: f64) -> f64 {
        self.from + (figure.log10() - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// The powers of ten, and where they are.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = (f64, f64)> {
        (self.low as i32..=self.high as i32).map(|power| (10f64.powi(power), self.at(10f64.powi(power))))
    }
}
