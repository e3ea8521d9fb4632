//! Results for people to look at. This crate owns tables, pages and pictures: pure functions of results, and their
//! files. It must not know who measures.
//!
//! `run_table` and `short_table` are text for a terminal, and `glossary` explains its words. A page is one offline
//! HTML file, SVG pictures and a README, made from the JSON alone.
//!
//! The way of a page: `read` finds out what the files hold. A view per kind (`run_view`, `comparison`, `sweep_view`)
//! says what is shown, as plots, tables and words. `document` makes one HTML file of it, `svg` draws the same plots
//! as pictures, `readme` puts the main ones into a text. Whatever comes from a result is plain text until `text` has
//! escaped it.

#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

mod broker_stages_view;
mod comparison;
mod crash_view;
mod document;
pub mod error;
mod forest;
pub mod glossary;
mod named_runs;
mod of_results;
mod pareto;
mod percentile_curve;
mod plot;
mod read;
mod readme;
mod run_plots;
pub mod run_table;
mod run_tables;
mod run_view;
pub mod short_table;
mod svg;
mod sweep_columns;
mod sweep_grids;
mod sweep_results;
mod sweep_view;
mod text;
mod view;

use loadgen_result::report::plain::PlainReport;
use loadgen_result::results_dir::FLAME_FILE;
pub use of_results::report;
use std::io;
use std::path::Path;

/// The page's name within a result's directory.
pub const PAGE_FILE: &str = "report.html";

/// Writes the page, its pictures and the README of a run, or of the two of a run without a rate, into `dir`, which exists.
pub fn write_run(report: &PlainReport, dir: &Path) -> io::Result<()> {
    let name = dir.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned());
    let mut view = run_view::view(&named_runs::named(&name, report));
    point_to_flame(&mut view, dir);
    write(&view, dir)
}

/// A flame graph is a page of its own, with a script of its own.
fn point_to_flame(view: &mut view::View, dir: &Path) {
    if dir.join(FLAME_FILE).is_file() {
        let words =
            format!("{FLAME_FILE}, beside this page. Open it in a browser; a click on a frame enlarges it.");
        view.add("CPU of the broker", vec![view::Block::Facts(vec![("Flame graph", words)])]);
    }
}

fn write(view: &view::View, dir: &Path) -> io::Result<()> {
    std::fs::write(dir.join(PAGE_FILE), document::html(view))?;
    for plot in view.plots().filter(|plot| plot.is_picture) {
        std::fs::write(dir.join(format!("{}.svg", plot.id)), svg::picture(plot))?;
    }
    for forest in view.forests() {
        std::fs::write(dir.join(format!("{}.svg", forest::ID)), forest::picture(forest))?;
    }
    std::fs::write(dir.join("README.md"), readme::markdown(view))
}
