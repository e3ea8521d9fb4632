//! A plot as SVG: in the page for print and for readers without scripts, and as a file for a README.

mod legend;
mod scale;

use super::plot::{Line, Plot, Scale, Style};
use super::text::escape;
use scale::{Ruler, label};
use std::fmt::Write;

const LEFT: f64 = 64.0;
const BOTTOM: f64 = 46.0;
/// Letters of the legend are this wide, more or less.
const LETTER: f64 = 6.7;
/// From one row of the legend to the next.
const LEGEND_ROW: f64 = 18.0;
/// Of a line's sign in the legend: room for three dashes.
const KEY: f64 = 26.0;
/// A page's plot begins its legend here.
const INLINE_TOP: f64 = 20.0;
/// A picture has its title above.
const PICTURE_TOP: f64 = 52.0;

/// How large a plot is drawn. Letters keep their size, so a narrow plot is not a wide one made small.
pub(super) struct Layout {
    /// In the style sheet.
    class: &'static str,
    width: f64,
    /// Without the legend's rows beyond the first.
    height: f64,
    right: f64,
    /// Names of points have no room beside them.
    is_narrow: bool,
}

/// For a whole page and for pictures.
const FLAT: Layout = Layout { class: "flat", width: 760.0, height: 270.0, right: 34.0, is_narrow: false };
/// For a telephone, and beside another one.
const TALL: Layout = Layout { class: "tall", width: 360.0, height: 270.0, right: 16.0, is_narrow: true };

/// Colours by light and dark, for pictures that stand alone; a page has them in its style sheet.
pub(super) const STYLE: &str = include_str!("../assets/picture.css");

/// A file of its own: with its title, its colours and its background.
pub(super) fn picture(plot: &Plot) -> String {
    let (body, width, height) = (draw(plot, PICTURE_TOP, &FLAT), FLAT.width, height_of(plot, &FLAT));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         class=\"plot\" role=\"img\" aria-label=\"{title}. {about}\">\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>\n\
         <text class=\"title\" x=\"20\" y=\"30\">{title}</text>\n",
        title = escape(&plot.title),
        about = escape(&plot.about),
    );
    out.push_str(&body);
    out.push_str("</svg>\n");
    out
}

/// Within a page, over its whole width: the style sheet shows the form that fits.
pub(super) fn inline(plot: &Plot) -> String {
    [FLAT, TALL].iter().map(|layout| inline_as(plot, layout)).collect()
}

/// Within a page, beside another.
pub(super) fn inline_half(plot: &Plot) -> String {
    inline_as(plot, &Layout { class: "", ..TALL })
}

fn inline_as(plot: &Plot, layout: &Layout) -> String {
    format!(
        "<svg viewBox=\"0 0 {} {}\" class=\"plot {}\" role=\"img\" aria-label=\"{} {}\">{}</svg>",
        layout.width,
        height_of(plot, layout),
        layout.class,
        escape(&plot.title),
        escape(&plot.about),
        draw(plot, INLINE_TOP, layout)
    )
}

fn height_of(plot: &Plot, layout: &Layout) -> f64 {
    layout.height + legend::extra(plot, layout)
}

/// The legend at `top`; axes and lines below it.
fn draw(plot: &Plot, top: f64, layout: &Layout) -> String {
    let mut out = String::new();
    let Some([xs, ys]) = plot.bounds() else { return out };
    legend::draw(&mut out, plot, top, layout);
    let has_dots = plot.lines.iter().any(|line| matches!(line.style, Style::Dots(_)));
    let room = if has_dots { 24.0 } else { 14.0 }; // numbers stand above their points
    let below = top + legend::extra(plot, layout) + room;
    let floor = height_of(plot, layout) - BOTTOM;
    let frame = Frame { x: Ruler::over(plot.x, xs), y: Ruler::over(plot.y, ys), top: below, floor, layout };
    draw_axes(&mut out, plot, &frame);
    if plot.shades_before_zero && xs.0 < 0.0 {
        draw_shade(&mut out, &frame);
    }
    plot.crashes
        .iter()
        .filter(|at| (xs.0..=xs.1).contains(at))
        .for_each(|at| draw_crash(&mut out, *at, &frame));
    plot.lines.iter().for_each(|line| draw_line(&mut out, line, &frame));
    out
}

/// Where values lie.
struct Frame<'a> {
    x: Ruler,
    y: Ruler,
    top: f64,
    floor: f64,
    layout: &'a Layout,
}

impl Frame<'_> {
    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (self.right() - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        self.floor - self.y.place(value) * (self.floor - self.top)
    }

    fn right(&self) -> f64 {
        self.layout.width - self.layout.right
    }
}

fn draw_axes(out: &mut String, plot: &Plot, frame: &Frame<'_>) {
    let (right, floor) = (frame.right(), frame.floor);
    for tick in frame.y.ticks(plot.y) {
        let y = frame.y(tick);
        let text = label(tick, plot.y.unit);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/><text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    let mut free_from = f64::MIN;
    for tick in frame.x.ticks(plot.x) {
        let x = frame.x(tick);
        let mut text = label(tick, plot.x.unit);
        let half = text.chars().count() as f64 * LETTER / 2.0;
        let middle = x.min(frame.layout.width - half);
        if middle - half < free_from {
            text.clear();
        } else {
            free_from = middle + half + LETTER;
        }
        let upright = if plot.x.scale == Scale::Tail { "grid" } else { "notch" };
        let from = if plot.x.scale == Scale::Tail { frame.top } else { floor };
        let _ = writeln!(
            out,
            "<path class=\"{upright}\" d=\"M{x:.1} {from}V{:.1}\"/><text class=\"tick\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
            floor + 4.0,
            floor + 18.0
        );
    }
    let _ = writeln!(
        out,
        "<path class=\"axis\" d=\"M{LEFT} {floor}H{right}\"/><text class=\"name\" x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        floor + 36.0,
        escape(plot.x.label)
    );
}

fn draw_crash(out: &mut String, at: f64, frame: &Frame<'_>) {
    let (x, top, floor) = (frame.x(at), frame.top, frame.floor);
    let _ = writeln!(
        out,
        "<path class=\"crash\" d=\"M{x:.1} {top:.1}V{floor:.1}\"/>\
         <text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">kill -9</text>",
        x + 5.0,
        top + 15.0
    );
}

fn draw_shade(out: &mut String, frame: &Frame<'_>) {
    let (x, zero) = (LEFT, frame.x(0.0));
    let _ = writeln!(
        out,
        "<rect class=\"shade\" x=\"{x}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        frame.top,
        zero - x,
        frame.floor - frame.top
    );
    if zero - x > 60.0 {
        let _ = writeln!(
            out,
            "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">warm-up</text>",
            x + 6.0,
            frame.top + 15.0
        );
    }
}

/// Each tells its name when it is pointed at or has the focus; where names have numbers, these are always there.
fn draw_dots(out: &mut String, line: &Line, names: &[String], frame: &Frame<'_>) {
    let tone = line.tone.name();
    for ((x, y), name) in line.points.iter().zip(names) {
        let Some(y) = y.map(|y| frame.y(y)) else { continue };
        let (x, name) = (frame.x(*x), escape(name));
        let number = name.split_once(". ").map(|(number, _)| number).filter(|number| number.len() < 4);
        let number = number.map_or_else(String::new, |number| {
            format!(
                "<text class=\"number\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{number}</text>",
                y - 8.0
            )
        });
        let (at, height, anchor) = match x > frame.layout.width / 2.0 {
            _ if frame.layout.is_narrow => (8.0, frame.top, "start"),
            true => (x - 10.0, y + 4.0, "end"),
            false => (x + 10.0, y + 4.0, "start"),
        };
        let _ = writeln!(
            out,
            "<g class=\"spot\" tabindex=\"0\"><title>{name}</title><circle class=\"dot {tone}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>{number}\
             <text class=\"told\" x=\"{at:.1}\" y=\"{height:.1}\" text-anchor=\"{anchor}\">{name}</text></g>"
        );
    }
}

fn draw_line(out: &mut String, line: &Line, frame: &Frame<'_>) {
    if let Style::Dots(names) = &line.style {
        return draw_dots(out, line, names, frame);
    }
    let tone = line.tone.name();
    for piece in line.points.split(|(_, y)| y.is_none()).filter(|piece| !piece.is_empty()) {
        let places: Vec<(f64, f64)> =
            piece.iter().filter_map(|(x, y)| Some((frame.x(*x), frame.y((*y)?)))).collect();
        let path = path(&places);
        if line.style == Style::Area {
            let (first, last) = (places[0].0, places[places.len() - 1].0);
            let floor = frame.floor;
            let _ = writeln!(
                out,
                "<path class=\"area {tone}\" d=\"{path}L{last:.1} {floor}L{first:.1} {floor}Z\"/>"
            );
        }
        let class = line_class(&line.style);
        let _ = writeln!(out, "<path class=\"{class} {tone}\" d=\"{path}\"/>");
        if places.len() == 1 {
            let _ = writeln!(
                out,
                "<circle class=\"dot {tone}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                places[0].0, places[0].1
            );
        }
    }
}

/// In the style sheet: the same for a line and for its sign in the legend.
fn line_class(style: &Style) -> &'static str {
    match style {
        Style::Solid | Style::Area | Style::Dots(_) => "line",
        Style::Thin => "line thin",
        Style::Dashed => "line dashed",
    }
}

fn path(places: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (i, (x, y)) in places.iter().enumerate() {
        let _ = write!(out, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Axis, Tone, Unit};

    #[test]
    fn what_stands_under_a_narrow_plot_does_not_overlap() {
        let rarest = (1..=8).map(|power| (10f64.powi(power), Some(f64::from(power))));
        let line =
            Line { name: "response".into(), tone: Tone::Blue, style: Style::Solid, points: rarest.collect() };
        let plot = Plot {
            id: "p".into(),
            title: String::new(),
            about: String::new(),
            x: Axis { label: "percentile", scale: Scale::Tail, unit: Unit::Percentile },
            y: Axis { label: "", scale: Scale::Zero, unit: Unit::Ms },
            lines: vec![line],
            shades_before_zero: false,
            crashes: Vec::new(),
            is_picture: false,
        };
        let svg = inline_half(&plot);
        let label = |text: &str| {
            let (attributes, text) = text.split_once('>')?;
            let text = text.split_once('<')?.0;
            let x: f64 = attributes.split_once("x=\"")?.1.split_once('"')?.0.parse().ok()?;
            let half = text.len() as f64 * LETTER / 2.0;
            (attributes.contains("middle") && !text.is_empty()).then_some((x - half, x + half))
        };
        let labels: Vec<(f64, f64)> = svg.split("<text class=\"tick\"").filter_map(label).collect();
        assert!(labels.len() >= 3, "{svg}");
        assert!(labels.windows(2).all(|pair| pair[0].1 < pair[1].0), "{labels:?}");
        assert!(labels.iter().all(|(from, to)| *from >= 0.0 && *to <= TALL.width), "{labels:?}");
    }
}
