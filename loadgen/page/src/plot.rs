//! A plot as data. Two renderers draw it: `svg` (pictures, print, pages without scripts) and the page's script.

use serde::Serialize;

/// What is to be seen.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Plot {
    /// Unique in the page; the picture's file name.
    pub(super) id: String,
    /// Its heading.
    pub(super) title: String,
    /// One sentence on how to read it.
    pub(super) about: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) lines: Vec<Line>,
    /// What lies left of zero is shaded: the warm-up.
    pub(super) shades_before_zero: bool,
    /// Instants at which the broker was killed on purpose.
    pub(super) crashes: Vec<f64>,
    /// Worth a file of its own.
    #[serde(skip)]
    pub(super) is_picture: bool,
}

/// An axis.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Axis {
    pub(super) label: &'static str,
    pub(super) scale: Scale,
    pub(super) unit: Unit,
}

/// How values become places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scale {
    Linear,
    /// From zero, whatever the smallest value is.
    Zero,
    Log,
    /// One over the share above: 10 is the 90th percentile, 100 the 99th.
    Tail,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    Plain,
    /// Counts things that have no halves.
    Whole,
    Ms,
    Percentile,
}

/// Points, from left to right.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) tone: Tone,
    pub(super) style: Style,
    /// `x, y`; where there is no `y`, the line is broken.
    pub(super) points: Vec<(f64, Option<f64>)>,
}

/// Which of the palette's colours; they differ in lightness too, so that a grey print tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tone {
    Blue,
    Orange,
    Teal,
    Violet,
    Ochre,
    Rose,
    Grey,
}

impl Tone {
    const CYCLE: [Tone; 6] = [Tone::Blue, Tone::Orange, Tone::Teal, Tone::Violet, Tone::Ochre, Tone::Rose];

    /// For the `index`-th of many.
    pub(super) fn of(index: usize) -> Tone {
        Tone::CYCLE[index % Tone::CYCLE.len()]
    }

    /// In style sheets.
    pub(super) fn name(self) -> &'static str {
        match self {
            Tone::Blue => "blue",
            Tone::Orange => "orange",
            Tone::Teal => "teal",
            Tone::Violet => "violet",
            Tone::Ochre => "ochre",
            Tone::Rose => "rose",
            Tone::Grey => "grey",
        }
    }
}

/// How it is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Style {
    Solid,
    Thin,
    Dashed,
    /// With its colour, faint, down to zero.
    Area,
    /// Points that belong to no line, each with its name; a number before it, `3. `, is written beside the point.
    Dots(Vec<String>),
}

impl Plot {
    /// Keeps lines that have something to show, and digits that can be seen; `None` if nothing is left.
    pub(super) fn tidy(mut self) -> Option<Plot> {
        for line in &mut self.lines {
            line.points.iter_mut().for_each(|(x, y)| {
                *x = visible(*x);
                *y = y.filter(|y| y.is_finite()).map(visible);
            });
            line.points.retain(|(x, _)| x.is_finite());
        }
        self.lines.retain(|line| line.points.iter().any(|(_, y)| y.is_some()));
        (!self.lines.is_empty()).then_some(self)
    }

    /// Smallest and largest of all there is to show; `None` if there is nothing.
    pub(super) fn bounds(&self) -> Option<[(f64, f64); 2]> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let seen = points.filter_map(|(x, y)| Some((*x, (*y)?)));
        seen.fold(None, |bounds, (x, y)| {
            let [xs, ys] = bounds.unwrap_or([(x, x), (y, y)]);
            Some([(xs.0.min(x), xs.1.max(x)), (ys.0.min(y), ys.1.max(y))])
        })
    }
}

/// Nothing measured comes near it, and sums and squares of it are still numbers.
pub(super) const FARTHEST: f64 = 1e18;

/// Five significant digits: no screen shows more, and the file is half as large.
fn visible(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let value = value.clamp(-FARTHEST, FARTHEST);
    let scale = 10f64.powi(4 - value.abs().log10().floor() as i32);
    let rounded = (value * scale).round() / scale;
    if rounded.is_finite() { rounded } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_nobody_sees_are_dropped() {
        assert_eq!([123_456.789, 0.001_234_567, -2.5, 0.0].map(visible), [123_460.0, 0.001_234_6, -2.5, 0.0]);
        assert_eq!(visible(f64::MIN_POSITIVE), f64::MIN_POSITIVE);
    }
}
