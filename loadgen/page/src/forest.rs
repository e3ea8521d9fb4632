//! Ratios on a logarithmic axis, each with its interval, its control and the noise floor: a forest plot.

use super::svg::STYLE;
use super::text::{escape, short};
use super::view::{Forest, Ratio};
use std::fmt::Write;

/// The picture's name.
pub(super) const ID: &str = "ratios";

/// What interval and control take of a row.
const LINES: f64 = 46.0;
/// At least a tenth in either direction is shown, and at most a factor of a hundred.
const REACH_MIN: f64 = 1.1;
const REACH_MAX: f64 = 100.0;

/// Where things are.
struct Layout {
    /// In the style sheet.
    class: &'static str,
    width: f64,
    left: f64,
    right: f64,
    row: f64,
    /// Names and figures stand over the lines, not beside them.
    names_above: bool,
}

const FLAT: Layout =
    Layout { class: "flat", width: 760.0, left: 170.0, right: 190.0, row: 46.0, names_above: false };
/// For a telephone.
const TALL: Layout =
    Layout { class: "tall", width: 360.0, left: 12.0, right: 12.0, row: 64.0, names_above: true };

/// Within a page: the style sheet shows that which fits.
pub(super) fn inline(forest: &Forest) -> String {
    [FLAT, TALL].iter().map(|layout| inline_as(forest, layout)).collect()
}

fn inline_as(forest: &Forest, layout: &Layout) -> String {
    let (height, Layout { width, class, .. }) = (20.0 + height_of(forest, layout), layout);
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" class=\"plot {class}\" role=\"img\" aria-label=\"{}\">{}</svg>",
        label_of(forest),
        draw(forest, 20.0, layout)
    )
}

/// A file of its own.
pub(super) fn picture(forest: &Forest) -> String {
    let (height, width) = (60.0 + height_of(forest, &FLAT), FLAT.width);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         class=\"plot\" role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>\n\
         <text class=\"title\" x=\"20\" y=\"30\">{}</text>\n{}</svg>\n",
        label_of(forest),
        escape(&forest.title),
        draw(forest, 60.0, &FLAT)
    )
}

fn height_of(forest: &Forest, layout: &Layout) -> f64 {
    forest.rows.len() as f64 * layout.row + 34.0
}

fn label_of(forest: &Forest) -> String {
    let rows = forest.rows.iter().map(|row| format!("{}: {}", row.name, row.text));
    escape(&format!("{}. {}", forest.title, rows.collect::<Vec<_>>().join("; ")))
}

fn draw(forest: &Forest, top: f64, layout: &Layout) -> String {
    let reach = reach(forest);
    let x = |ratio: f64| {
        let share = (ratio.max(f64::MIN_POSITIVE).ln() / reach.ln()).clamp(-1.0, 1.0);
        layout.left + (share + 1.0) / 2.0 * (layout.width - layout.left - layout.right)
    };
    let floor = top + forest.rows.len() as f64 * layout.row;
    let mut out = String::new();
    for tick in ticks(reach) {
        let at = x(tick);
        let class = if tick == 1.0 { "axis" } else { "grid" };
        let _ = writeln!(
            out,
            "<path class=\"{class}\" d=\"M{at:.1} {top}V{floor}\"/><text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            floor + 18.0,
            tick_label(tick)
        );
    }
    for (index, row) in forest.rows.iter().enumerate() {
        draw_row(&mut out, row, top + index as f64 * layout.row, layout, &x);
    }
    out
}

fn draw_row(out: &mut String, row: &Ratio, top: f64, layout: &Layout, x: &dyn Fn(f64) -> f64) {
    draw_names(out, row, top, layout);
    let top = if layout.names_above { top + layout.row - LINES } else { top };
    let middle = top + LINES / 2.0;
    if let Some(floor) = row.floor.filter(|floor| *floor >= 1.0) {
        let (from, to) = (x(1.0 / floor), x(floor));
        let _ = writeln!(
            out,
            "<rect class=\"shade\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            top + 4.0,
            to - from,
            LINES - 8.0
        );
    }
    if let Some(control) = row.control {
        draw_interval(out, control, middle + 11.0, ("thin grey", "grey", 2.5), x);
    }
    let tone = row.tone.name();
    draw_interval(out, row.range, middle - 3.0, (tone, tone, 5.0), x);
}

/// The name to the left, the figure to the right.
fn draw_names(out: &mut String, row: &Ratio, top: f64, layout: &Layout) {
    let Layout { left, right, width, names_above, .. } = *layout;
    let (name_at, name_ends, text_at, text_ends, y) = if names_above {
        (left, "start", width - right, "end", top + 16.0)
    } else {
        (left - 14.0, "end", width - right + 14.0, "start", top + LINES / 2.0 + 2.0)
    };
    let _ = writeln!(
        out,
        "<text class=\"legend\" x=\"{name_at:.1}\" y=\"{y:.1}\" text-anchor=\"{name_ends}\">{}</text>\
         <text class=\"legend\" x=\"{text_at:.1}\" y=\"{y:.1}\" text-anchor=\"{text_ends}\">{}</text>",
        escape(&row.name),
        escape(&row.text)
    );
}

fn draw_interval(
    out: &mut String,
    [low, mean, high]: [f64; 3],
    y: f64,
    (line, dot, radius): (&str, &str, f64),
    x: &dyn Fn(f64) -> f64,
) {
    let (from, to, at) = (x(low), x(high), x(mean));
    let _ = writeln!(
        out,
        "<path class=\"line {line}\" d=\"M{from:.1} {y:.1}H{to:.1}\"/><circle class=\"dot {dot}\" cx=\"{at:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>"
    );
}

/// As far as the widest interval, the same in both directions.
fn reach(forest: &Forest) -> f64 {
    let rows = forest.rows.iter();
    let ends =
        rows.flat_map(|row| row.range.into_iter().chain(row.control.unwrap_or([1.0; 3])).chain(row.floor));
    let far = |end: f64| if end > 0.0 { end.max(1.0 / end) } else { 1.0 };
    (ends.map(far).filter(|far| far.is_finite()).fold(REACH_MIN, f64::max) * 1.05).min(REACH_MAX)
}

/// `1/3`, `1`, `1.2`.
fn tick_label(ratio: f64) -> String {
    let inverse = (1.0 / ratio).round();
    if inverse >= 2.0 && (ratio * inverse - 1.0).abs() < 1e-9 { format!("1/{inverse}") } else { short(ratio) }
}

fn ticks(reach: f64) -> Vec<f64> {
    let above: &[f64] = match reach {
        r if r < 1.25 => &[1.05, 1.1, 1.2],
        r if r < 2.2 => &[1.2, 1.5, 2.0],
        r if r < 6.0 => &[2.0, 4.0],
        _ => &[3.0, 10.0, 30.0, 100.0],
    };
    let above = above.iter().copied().filter(|tick| *tick <= reach);
    above.clone().map(|tick| 1.0 / tick).chain([1.0]).chain(above).collect()
}
