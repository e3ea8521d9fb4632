//! A page from results of any kind: `loadgen report`.

use super::named_runs::{Named, named};
use super::read::{self, Found};
use super::view::View;
use super::{PAGE_FILE, comparison, point_to_flame, run_view, sweep_view, write};
use crate::error::PageError;
use loadgen_result::files::FileError;
use std::path::PathBuf;

/// More lines than this in a plot can't be told apart.
const RUNS_MAX: usize = 12;

/// Makes a page from the results at `paths`, in `out` or beside the first of them, and returns where it is. Several
/// runs are drawn in the same axes.
pub fn report(paths: &[PathBuf], out: Option<PathBuf>) -> Result<PathBuf, PageError> {
    let found = paths.iter().map(|path| read::read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut view = view_of(&found)?;
    let dir = out.unwrap_or_else(|| read::beside(paths));
    point_to_flame(&mut view, &dir);
    let written = std::fs::create_dir_all(&dir).and_then(|()| write(&view, &dir));
    written.map_err(|why| PageError::File(FileError { path: dir.clone(), why }))?;
    Ok(dir.join(PAGE_FILE))
}

/// Runs lie over each other; other results stand alone.
fn view_of(found: &[Found]) -> Result<View, PageError> {
    if let [Found::Comparison(name, comparison)] = found {
        return Ok(comparison::view(name, comparison));
    }
    if let [Found::Sweep(name, sweep)] = found {
        return Ok(sweep_view::view(name, sweep));
    }
    let runs = found.iter().map(|found| match found {
        Found::Run(name, report) => Ok(named(name, report)),
        Found::Comparison(name, _) | Found::Sweep(name, _) => Err(PageError::Options(format!(
            "{name}: only runs can be drawn over each other: give this result alone"
        ))),
    });
    let runs: Vec<Named<'_>> = runs.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    if runs.len() > RUNS_MAX {
        return Err(PageError::Options(format!("at most {RUNS_MAX} runs can be drawn over each other")));
    }
    Ok(run_view::view(&runs))
}
