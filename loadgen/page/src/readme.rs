//! A view as the README of its result's directory: verdict, figures, a picture, and how and where it was made.

use super::text::markdown_cell as cell;
use super::view::{Block, GridCell, Grids, HeatRow, Table, View};
use std::fmt::Write;

/// The whole file.
pub(super) fn markdown(view: &View) -> String {
    let mut out = format!("# {}\n\n", cell(&view.title));
    if !view.subtitle.is_empty() {
        let _ = writeln!(out, "{}\n", cell(&view.subtitle));
    }
    for verdict in &view.callouts {
        let (sign, text) = (verdict.status.sign(), verdict.text.trim_end_matches('.'));
        let _ = writeln!(out, "{sign} **{}.** {}\n", cell(text), cell(&verdict.detail));
    }
    view.warnings.iter().for_each(|warning| {
        let _ = writeln!(out, "> **Note:** {}\n", cell(warning));
    });
    push_headlines(&mut out, view);
    for section in &view.sections {
        let mut blocks = String::new();
        section.blocks.iter().for_each(|block| push_block(&mut blocks, block));
        if !blocks.is_empty() {
            let _ = write!(out, "## {}\n\n{blocks}", section.title);
        }
    }
    out.push_str("The whole result, with every plot: [report.html](report.html).\n");
    out
}

fn push_headlines(out: &mut String, view: &View) {
    if view.headlines.is_empty() {
        return;
    }
    out.push_str("| | | |\n|---|---:|---|\n");
    for headline in &view.headlines {
        let number = format!("{} {}", headline.value, headline.unit);
        let _ =
            writeln!(out, "| {} | **{}** | {} |", cell(headline.label), cell(&number), cell(&headline.note));
    }
    out.push('\n');
}

fn push_block(out: &mut String, block: &Block) {
    match block {
        Block::Plot(plot) | Block::HalfPlot(plot) | Block::Scatter(plot) if plot.is_picture => {
            let _ = writeln!(out, "![{}]({}.svg)\n", cell(&plot.title), plot.id);
        }
        Block::Table(table) | Block::Words(table) if !table.is_folded => push_table(out, table),
        Block::Facts(facts) => {
            out.push_str("| | |\n|---|---|\n");
            facts.iter().for_each(|(name, text)| {
                let _ = writeln!(out, "| {name} | {} |", cell(text));
            });
            out.push('\n');
        }
        // A line of its own indentation can't be ended by what is in it.
        Block::Command(command) => {
            let _ = writeln!(out, "    {}\n", command.replace(['\n', '\r'], " "));
        }
        Block::Heat(heat) => {
            let row = |row: &HeatRow| {
                [row.name.clone()].into_iter().chain(row.cells.iter().map(|(text, _)| text.clone())).collect()
            };
            let rows = heat.rows.iter().map(row).collect();
            let title = heat.title.clone();
            push_table(out, &Table { title, head: heat.head.clone(), rows, is_folded: false });
        }
        Block::Forest(_) => {
            let _ = writeln!(out, "![Ratios with their intervals]({}.svg)\n", super::forest::ID);
        }
        Block::Grids(grids) => push_grids(out, grids),
        Block::Plot(_)
        | Block::HalfPlot(_)
        | Block::Scatter(_)
        | Block::Bars(_)
        | Block::Table(_)
        | Block::Words(_) => {}
    }
}

/// The best in bold.
fn push_grids(out: &mut String, grids: &Grids) {
    let _ = writeln!(out, "**{}**\n", cell(&grids.title));
    for grid in &grids.grids {
        if !grid.title.is_empty() {
            let _ = writeln!(out, "{}\n", cell(&grid.title));
        }
        let columns: String = grid.columns.iter().map(|name| format!(" {} |", cell(name))).collect();
        let _ =
            writeln!(out, "| {} |{columns}\n|---|{}", cell(&grid.corner), "---:|".repeat(grid.columns.len()));
        for (name, cells) in &grid.rows {
            let cells: String = cells.iter().map(|cell| format!(" {} |", grid_cell(cell.as_ref()))).collect();
            let _ = writeln!(out, "| {} |{cells}", cell(name));
        }
        out.push('\n');
    }
}

fn grid_cell(of: Option<&GridCell>) -> String {
    let Some(of) = of else { return "–".into() };
    let star = if of.is_on_front { " ★" } else { "" };
    let bold = if of.is_best { "**" } else { "" };
    format!("{bold}{}{bold}{star}", cell(&of.text))
}

fn push_table(out: &mut String, table: &Table) {
    let row = |cells: &[String]| {
        format!("| {} |\n", cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" | "))
    };
    out.push_str(&row(&table.head));
    let _ = writeln!(out, "|---|{}", "---:|".repeat(table.head.len().saturating_sub(1)));
    table.rows.iter().for_each(|cells| out.push_str(&row(cells)));
    out.push('\n');
}
