//! A view as one HTML file that needs no other file. A policy in it forbids the browser to load anything.

use super::plot::Plot;
use super::text::{escape, script_json};
use super::view::{
    Bar, Bars, Block, Callout, Forest, Grid, GridCell, Grids, Headline, Heat, Section, Status, Table, View,
};
use super::{forest, svg};
use std::collections::BTreeMap;
use std::fmt::Write;

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");
const UPLOT_STYLE: &str = include_str!("../assets/uPlot.min.css");
const UPLOT_SCRIPT: &str = include_str!("../assets/uPlot.min.js");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Above a table that is wider than its place.
const SCROLLS: &str = "More columns: scroll sideways →";
/// A table of no more rows is printed on one sheet.
const WHOLE_ROWS: usize = 8;
/// The class of tables of figures.
const FIGURES: &str = "figures";

/// Of the colour, in percent, in the best cell of a column: text stays readable on it.
const HEAT_MAX: f64 = 42.0;

/// The whole file.
pub(super) fn html(view: &View) -> String {
    let plots: BTreeMap<&str, &Plot> = view.plots().map(|plot| (plot.id.as_str(), plot)).collect();
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{} – loadgen</title>\n\
         <style>{UPLOT_STYLE}\n{}\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escape(&view.title),
        svg::STYLE,
    );
    push_head(&mut out, view);
    view.sections.iter().for_each(|section| push_section(&mut out, section));
    let _ = write!(
        out,
        "</main>\n<footer>Made by loadgen from the result’s JSON alone. Drag across a plot to zoom in, \
         double-click to zoom out.</footer>\n<script type=\"application/json\" id=\"plots\">{}</script>\n\
         <script>{UPLOT_SCRIPT}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        script_json(&plots)
    );
    out
}

fn push_head(out: &mut String, view: &View) {
    let _ = write!(
        out,
        "<header>\n<p class=\"kind\">{}</p>\n<h1>{}</h1>\n<p class=\"subtitle\">{}</p>\n",
        escape(view.kind),
        escape(&view.title),
        escape(&view.subtitle)
    );
    view.callouts.iter().for_each(|verdict| push_verdict(out, verdict));
    if !view.warnings.is_empty() {
        out.push_str("<ul class=\"warnings\" aria-label=\"Warnings\">\n");
        view.warnings.iter().for_each(|warning| {
            let _ = writeln!(out, "<li>{}</li>", escape(warning));
        });
        out.push_str("</ul>\n");
    }
    out.push_str("</header>\n");
    if !view.headlines.is_empty() {
        out.push_str("<dl class=\"headlines\">\n");
        view.headlines.iter().for_each(|headline| push_headline(out, headline));
        out.push_str("</dl>\n");
    }
}

fn push_verdict(out: &mut String, verdict: &Callout) {
    let class = match verdict.status {
        Status::Good => "good",
        Status::Bad => "bad",
        Status::Unsure | Status::Told => "unsure",
    };
    let _ = writeln!(
        out,
        "<p class=\"verdict {class}\"><span class=\"sign\" aria-hidden=\"true\">{}</span><span><strong>{}</strong> {}</span></p>",
        verdict.status.sign(),
        escape(&verdict.text),
        escape(&verdict.detail)
    );
}

fn push_headline(out: &mut String, headline: &Headline) {
    let _ = writeln!(
        out,
        "<div><dt>{}</dt><dd><b>{}</b> <span>{}</span></dd><dd class=\"note\">{}</dd></div>",
        escape(headline.label),
        escape(&headline.value),
        escape(&headline.unit),
        escape(&headline.note)
    );
}

fn push_section(out: &mut String, section: &Section) {
    let _ = writeln!(out, "<section>\n<h2>{}</h2>\n<div class=\"blocks\">", escape(section.title));
    section.blocks.iter().for_each(|block| push_block(out, block));
    out.push_str("</div>\n</section>\n");
}

fn push_block(out: &mut String, block: &Block) {
    match block {
        Block::Plot(plot) => push_plot(out, plot, "wide", &svg::inline(plot)),
        Block::HalfPlot(plot) => push_plot(out, plot, "half", &svg::inline_half(plot)),
        Block::Scatter(plot) => push_scatter(out, plot),
        Block::Grids(grids) => push_grids(out, grids),
        Block::Bars(bars) => push_bars(out, bars),
        Block::Forest(forest) => push_forest(out, forest),
        Block::Heat(heat) => push_heat(out, heat),
        Block::Table(table) => push_table(out, table, FIGURES),
        Block::Words(table) => push_table(out, table, "words"),
        Block::Facts(facts) => push_facts(out, facts),
        Block::Command(command) => {
            let _ = writeln!(out, "<pre class=\"command\" tabindex=\"0\">{}</pre>", escape(command));
        }
    }
}

fn push_plot(out: &mut String, plot: &Plot, width: &str, still: &str) {
    open_figure(out, width, &plot.title, &plot.about);
    let _ = writeln!(
        out,
        "\n<div class=\"live\" data-plot=\"{}\" hidden></div><div class=\"still\">{still}</div></figure>",
        escape(&plot.id),
    );
}

/// Drawn once, as SVG: each point tells its name when it is pointed at or has the focus.
fn push_scatter(out: &mut String, plot: &Plot) {
    push_picture(out, &plot.title, &plot.about, &svg::inline(plot));
}

fn push_picture(out: &mut String, title: &str, about: &str, svg: &str) {
    open_figure(out, "wide", title, about);
    let _ = writeln!(out, "<div class=\"still\">{svg}</div></figure>");
}

fn open_figure(out: &mut String, width: &str, title: &str, about: &str) {
    let (title, about) = (escape(title), escape(about));
    let _ = write!(out, "<figure class=\"{width}\"><figcaption><h3>{title}</h3><p>{about}</p></figcaption>");
}

fn push_grids(out: &mut String, grids: &Grids) {
    open_figure(out, "wide", &grids.title, &grids.about);
    out.push_str("<div class=\"grids\">\n");
    grids.grids.iter().for_each(|grid| push_grid(out, grid));
    out.push_str("</div></figure>\n");
}

fn push_grid(out: &mut String, grid: &Grid) {
    open_scroll(out, &grid.corner, "heat grid", grid.rows.len());
    if !grid.title.is_empty() {
        let _ = write!(out, "<caption>{}</caption>", escape(&grid.title));
    }
    let head: Vec<String> = [&grid.corner].into_iter().chain(&grid.columns).cloned().collect();
    push_table_head(out, &head);
    for (name, cells) in &grid.rows {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escape(name));
        cells.iter().for_each(|cell| push_grid_cell(out, cell.as_ref()));
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn push_grid_cell(out: &mut String, cell: Option<&GridCell>) {
    let Some(cell) = cell else { return out.push_str("<td>–</td>") };
    let style = cell.goodness.map(|good| format!(" style=\"--good-share:{:.0}%\"", good * HEAT_MAX));
    let best = if cell.is_best { " class=\"best\"" } else { "" };
    let star = if cell.is_on_front { " ★" } else { "" };
    let _ = write!(out, "<td{best}{}>{}{star}</td>", style.unwrap_or_default(), escape(&cell.text));
}

fn push_forest(out: &mut String, forest: &Forest) {
    push_picture(out, &forest.title, &forest.about, &forest::inline(forest));
}

fn push_heat(out: &mut String, heat: &Heat) {
    open_figure(out, "wide", &heat.title, &heat.about);
    open_scroll(out, &heat.title, "heat stacks", heat.rows.len());
    push_table_head(out, &heat.head);
    for row in &heat.rows {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escape(&row.name));
        for ((text, goodness), column) in row.cells.iter().zip(heat.head.iter().skip(1)) {
            let style = goodness.map(|good| format!(" style=\"--good-share:{:.0}%\"", good * HEAT_MAX));
            let style = style.unwrap_or_default();
            let _ = write!(out, "<td data-of=\"{}\"{style}>{}</td>", escape(column), escape(text));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div></figure>\n");
}

fn push_bars(out: &mut String, bars: &Bars) {
    open_figure(out, "wide", &bars.title, &bars.about);
    out.push('\n');
    let whole = if bars.is_stacked {
        bars.bars.iter().map(|bar| bar.amount.max(0.0)).sum::<f64>()
    } else {
        bars.bars.iter().map(|bar| bar.amount).fold(0.0, f64::max)
    };
    let share = |bar: &Bar| if whole > 0.0 { bar.amount.max(0.0) / whole * 100.0 } else { 0.0 };
    if bars.is_stacked {
        out.push_str("<div class=\"stack\" aria-hidden=\"true\">");
        for bar in &bars.bars {
            let _ =
                write!(out, "<i class=\"fill {}\" style=\"width:{:.2}%\"></i>", bar.tone.name(), share(bar));
        }
        out.push_str("</div>\n");
    }
    let _ = writeln!(out, "<ul class=\"{}\">", if bars.is_stacked { "keys" } else { "bars" });
    for bar in &bars.bars {
        let style =
            if bars.is_stacked { String::new() } else { format!(" style=\"width:{:.2}%\"", share(bar)) };
        let _ = writeln!(
            out,
            "<li><span>{}</span><i class=\"fill {}\"{style}></i><b>{}</b></li>",
            escape(&bar.name),
            bar.tone.name(),
            escape(&bar.text)
        );
    }
    out.push_str("</ul></figure>\n");
}

/// On a narrow page figures stand below each other, each beside the name of its column. Long tables and words do not.
fn push_table(out: &mut String, table: &Table, class: &str) {
    let (open, close) = if table.is_folded {
        (format!("<details class=\"wide\"><summary>{}</summary>", escape(&table.title)), "</details>")
    } else {
        (format!("<div class=\"wide\"><h3>{}</h3>", escape(&table.title)), "</div>")
    };
    let stacks = !table.is_folded && class == FIGURES;
    out.push_str(&open);
    let class = format!("{class}{}", if stacks { " stacks" } else { "" });
    open_scroll(out, &table.title, &class, table.rows.len());
    push_table_head(out, &table.head);
    for row in &table.rows {
        out.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let of = table.head.get(column).filter(|_| stacks);
            let of = of.map(|name| format!(" data-of=\"{}\"", escape(name))).unwrap_or_default();
            let _ = match column {
                0 => write!(out, "<th scope=\"row\"{of}>{}</th>", escape(cell)),
                _ => write!(out, "<td{of}>{}</td>", escape(cell)),
            };
        }
        out.push_str("</tr>\n");
    }
    let _ = writeln!(out, "</tbody></table></div>{close}");
}

/// Around every table: where it is wider than the page it scrolls, fades towards what is not to be seen, and says so.
fn open_scroll(out: &mut String, title: &str, class: &str, rows: usize) {
    let long = if rows > WHOLE_ROWS { " long" } else { "" };
    let _ = write!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><p class=\"more\" hidden>{SCROLLS}</p>\
         <table class=\"{class}{long}\">",
        escape(title)
    );
}

fn push_table_head(out: &mut String, head: &[String]) {
    out.push_str("<thead><tr>");
    head.iter().for_each(|name| {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(name));
    });
    out.push_str("</tr></thead><tbody>\n");
}

fn push_facts(out: &mut String, facts: &[(&str, String)]) {
    out.push_str("<dl class=\"facts\">\n");
    for (name, text) in facts {
        let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(text));
    }
    out.push_str("</dl>\n");
}
