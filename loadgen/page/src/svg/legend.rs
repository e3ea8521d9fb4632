//! The legend: all names, in as many rows as they need, and before each a piece of its line as it is drawn.

use super::{KEY, LEFT, LEGEND_ROW, LETTER, Layout, line_class};
use crate::plot::{Line, Plot, Style};
use crate::text::escape;
use std::fmt::Write;

/// Between a sign and its name, and between a name and the next sign.
const GAP: f64 = 6.0;
const SPACE: f64 = 14.0;

/// A name and its place: from the left, and in which row.
struct Entry<'a> {
    line: &'a Line,
    name: String,
    x: f64,
    row: usize,
}

/// What the rows beyond the first take.
pub(super) fn extra(plot: &Plot, layout: &Layout) -> f64 {
    entries(plot, layout).last().map_or(0.0, |last| last.row as f64 * LEGEND_ROW)
}

fn entries<'a>(plot: &'a Plot, layout: &Layout) -> Vec<Entry<'a>> {
    let left = if layout.is_narrow { 8.0 } else { LEFT };
    let (right, mut x, mut row) = (layout.width - layout.right, left, 0);
    let letters = (((right - left - KEY - GAP) / LETTER) as usize).min(60);
    let entry = |line: &'a Line| {
        let name = shortened(&line.name, letters);
        let width = KEY + GAP + name.chars().count() as f64 * LETTER;
        if x > left && x + width > right {
            (x, row) = (left, row + 1);
        }
        let entry = Entry { line, name, x, row };
        x += width + SPACE;
        entry
    };
    plot.lines.iter().map(entry).collect()
}

/// Of a name that no row has room for, beginning and end: lines of one run differ in their end.
fn shortened(name: &str, letters: usize) -> String {
    let count = name.chars().count();
    if count <= letters {
        return name.to_owned();
    }
    let half = letters.saturating_sub(1) / 2;
    name.chars().take(half).chain(['…']).chain(name.chars().skip(count - half)).collect()
}

/// Its first row stands on `top`.
pub(super) fn draw(out: &mut String, plot: &Plot, top: f64, layout: &Layout) {
    for Entry { line, name, x, row } in entries(plot, layout) {
        let y = top + row as f64 * LEGEND_ROW;
        let (tone, middle) = (line.tone.name(), y - 4.0);
        let sign = match line.style {
            Style::Dots(_) => {
                format!(
                    "<circle class=\"dot {tone}\" cx=\"{:.1}\" cy=\"{middle:.1}\" r=\"5\"/>",
                    x + KEY / 2.0
                )
            }
            _ => format!(
                "<path class=\"{} key {tone}\" d=\"M{x:.1} {middle:.1}h{KEY}\"/>",
                line_class(&line.style)
            ),
        };
        let _ = writeln!(
            out,
            "{sign}<text class=\"legend\" x=\"{:.1}\" y=\"{y}\">{}</text>",
            x + KEY + GAP,
            escape(&name)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FLAT, TALL};
    use super::*;
    use crate::plot::{Axis, Scale, Tone, Unit};

    fn plot(names: &[String]) -> Plot {
        let axis = Axis { label: "", scale: Scale::Linear, unit: Unit::Plain };
        let line = |(index, name): (usize, &String)| Line {
            name: name.clone(),
            tone: Tone::of(index),
            style: if index % 2 == 0 { Style::Solid } else { Style::Dashed },
            points: vec![(0.0, Some(1.0)), (1.0, Some(2.0))],
        };
        let lines = names.iter().enumerate().map(line).collect();
        Plot {
            id: "p".into(),
            title: String::new(),
            about: String::new(),
            x: axis,
            y: axis,
            lines,
            shades_before_zero: false,
            crashes: Vec::new(),
            is_picture: false,
        }
    }

    #[test]
    fn every_line_has_its_name_within_the_picture_however_many_there_are() {
        let names: Vec<String> =
            (0..12).flat_map(|run| [format!("before-{run}"), format!("before-{run}, end to end")]).collect();
        let plot = plot(&names);
        for layout in [&FLAT, &TALL] {
            let entries = entries(&plot, layout);
            assert_eq!(entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>(), names);
            for entry in &entries {
                let end = entry.x + KEY + GAP + entry.name.chars().count() as f64 * LETTER;
                assert!(end <= layout.width, "{} ends at {end}", entry.name);
            }
            assert!(extra(&plot, layout) >= 4.0 * LEGEND_ROW);
        }
    }

    #[test]
    fn a_name_that_is_too_long_keeps_its_ends() {
        let long = format!("{}, end to end", "x".repeat(300));
        let plot = plot(&[long]);
        let [entry] = &entries(&plot, &TALL)[..] else { panic!("one line") };
        assert!(
            entry.name.starts_with("xx") && entry.name.ends_with("end to end") && entry.name.contains('…')
        );
    }

    #[test]
    fn its_signs_are_drawn_as_the_lines_are() {
        let mut out = String::new();
        draw(&mut out, &plot(&["solid".into(), "dashed".into()]), 20.0, &FLAT);
        assert!(
            out.contains("class=\"line key blue\"") && out.contains("class=\"line dashed key orange\""),
            "{out}"
        );
    }
}
