//! A plot as SVG: in the page for print and for readers without scripts, as a file for a README.

mod scale;

use super::plot::{Line, Plot, Scale, Style};
use super::text::escape;
use scale::{Ruler, label};
use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 34.0;
const BOTTOM: f64 = 46.0;
/// Letters of the legend are this wide, more or less.
const LETTER: f64 = 6.7;

/// Colours by light and dark, for pictures that stand alone; a page has them in its style sheet.
pub(super) const STYLE: &str = include_str!("../../assets/picture.css");

/// A file of its own: with its title, its colours and its background.
pub(super) fn picture(plot: &Plot) -> String {
    let body = draw(plot, 66.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         class=\"plot\" role=\"img\" aria-label=\"{title}. {about}\">\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"10\"/>\n\
         <text class=\"title\" x=\"20\" y=\"30\">{title}</text>\n",
        title = escape(&plot.title),
        about = escape(&plot.about),
    );
    out.push_str(&body);
    out.push_str("</svg>\n");
    out
}

/// Within a page.
pub(super) fn inline(plot: &Plot) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" class=\"plot\" role=\"img\" aria-label=\"{} {}\">{}</svg>",
        escape(&plot.title),
        escape(&plot.about),
        draw(plot, 34.0)
    )
}

/// Axes, lines and legend below `top`.
fn draw(plot: &Plot, top: f64) -> String {
    let mut out = String::new();
    let Some([xs, ys]) = plot.bounds() else { return out };
    let frame = Frame { x: Ruler::over(plot.x, xs), y: Ruler::over(plot.y, ys), top };
    draw_axes(&mut out, plot, &frame);
    if plot.shades_before_zero && xs.0 < 0.0 {
        draw_shade(&mut out, &frame);
    }
    plot.crashes
        .iter()
        .filter(|at| (xs.0..=xs.1).contains(at))
        .for_each(|at| draw_crash(&mut out, *at, &frame));
    plot.lines.iter().for_each(|line| draw_line(&mut out, line, &frame));
    draw_legend(&mut out, plot, top - 14.0);
    out
}

/// Where values lie.
struct Frame {
    x: Ruler,
    y: Ruler,
    top: f64,
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let height = HEIGHT - BOTTOM - self.top;
        HEIGHT - BOTTOM - self.y.place(value) * height
    }

    fn floor(&self) -> f64 {
        HEIGHT - BOTTOM
    }
}

fn draw_axes(out: &mut String, plot: &Plot, frame: &Frame) {
    let (right, floor) = (WIDTH - RIGHT, frame.floor());
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
    for tick in frame.x.ticks(plot.x) {
        let x = frame.x(tick);
        let text = label(tick, plot.x.unit);
        let upright = if plot.x.scale == Scale::Tail { "grid" } else { "notch" };
        let from = if plot.x.scale == Scale::Tail { frame.top } else { floor };
        let _ = writeln!(
            out,
            "<path class=\"{upright}\" d=\"M{x:.1} {from}V{:.1}\"/><text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
            floor + 4.0,
            floor + 18.0
        );
    }
    let _ = writeln!(
        out,
        "<path class=\"axis\" d=\"M{LEFT} {floor}H{right}\"/><text class=\"name\" x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        HEIGHT - 10.0,
        escape(plot.x.label)
    );
}

fn draw_crash(out: &mut String, at: f64, frame: &Frame) {
    let (x, top, floor) = (frame.x(at), frame.top, frame.floor());
    let _ = writeln!(
        out,
        "<path class=\"crash\" d=\"M{x:.1} {top:.1}V{floor:.1}\"/>\
         <text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">kill -9</text>",
        x + 5.0,
        top + 15.0
    );
}

fn draw_shade(out: &mut String, frame: &Frame) {
    let (x, zero) = (LEFT, frame.x(0.0));
    let _ = writeln!(
        out,
        "<rect class=\"shade\" x=\"{x}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        frame.top,
        zero - x,
        frame.floor() - frame.top
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
fn draw_dots(out: &mut String, line: &Line, names: &[String], frame: &Frame) {
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
        let (at, anchor) = if x > WIDTH / 2.0 { (x - 10.0, "end") } else { (x + 10.0, "start") };
        let _ = writeln!(
            out,
            "<g class=\"spot\" tabindex=\"0\"><title>{name}</title><circle class=\"dot {tone}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>{number}\
             <text class=\"told\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{name}</text></g>",
            y + 4.0
        );
    }
}

fn draw_line(out: &mut String, line: &Line, frame: &Frame) {
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
            let floor = frame.floor();
            let _ = writeln!(
                out,
                "<path class=\"area {tone}\" d=\"{path}L{last:.1} {floor}L{first:.1} {floor}Z\"/>"
            );
        }
        let class = match line.style {
            Style::Solid | Style::Area | Style::Dots(_) => "line",
            Style::Thin => "line thin",
            Style::Dashed => "line dashed",
        };
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

fn path(places: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (i, (x, y)) in places.iter().enumerate() {
        let _ = write!(out, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
    }
    out
}

/// One row, as many names as fit.
fn draw_legend(out: &mut String, plot: &Plot, y: f64) {
    let mut x = LEFT;
    for line in &plot.lines {
        let name: String = line.name.chars().take(40).collect();
        let width = 26.0 + name.chars().count() as f64 * LETTER;
        if x + width > WIDTH - RIGHT {
            break;
        }
        let (tone, middle) = (line.tone.name(), y - 4.0);
        let dashed = if line.style == Style::Dashed { " dashed" } else { "" };
        let mark = match line.style {
            Style::Dots(_) => {
                format!("<circle class=\"dot {tone}\" cx=\"{:.1}\" cy=\"{middle:.1}\" r=\"5\"/>", x + 8.0)
            }
            _ => format!("<path class=\"line key{dashed} {tone}\" d=\"M{x:.1} {middle:.1}h16\"/>"),
        };
        let _ = writeln!(
            out,
            "{mark}<text class=\"legend\" x=\"{:.1}\" y=\"{y}\">{}</text>",
            x + 22.0,
            escape(&name)
        );
        x += width + 14.0;
    }
}
