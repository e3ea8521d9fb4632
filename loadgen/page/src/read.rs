//! Finds out what kind of result a file holds, and reads it.

use super::sweep_results::Sweep;
use crate::error::PageError;
use loadgen_result::comparison::{self as comparison, CompareReport};
use loadgen_result::files::FileError;
use loadgen_result::report;
use loadgen_result::report::plain::PlainReport;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file of a run within its directory.
const RUN_FILE: &str = "run.json";
/// The same of a comparison.
const COMPARISON_FILE: &str = "compare.json";
/// The same of a sweep.
const SWEEP_FILE: &str = "sweep.json";

/// A result that was read.
#[derive(Debug)]
pub(super) enum Found {
    /// Of `loadgen run`, and what to call it.
    Run(String, Box<PlainReport>),
    /// Of `loadgen compare`, and what to call it.
    Comparison(String, Box<CompareReport>),
    /// Of `loadgen sweep`, a directory, and what to call it.
    Sweep(String, Box<Sweep>),
}

/// Reads the result at `path`, a file or the directory of one.
pub(super) fn read(path: &Path) -> Result<Found, PageError> {
    if path.is_dir() && path.join(SWEEP_FILE).exists() {
        let sweep = Sweep::read(path)?;
        return Ok(Found::Sweep(name(&path.join(SWEEP_FILE)), Box::new(sweep)));
    }
    let file = if path.is_dir() { result_in(path) } else { path.to_owned() };
    let text = std::fs::read_to_string(&file)
        .map_err(|why| PageError::File(FileError { path: file.clone(), why }))?;
    match schema(&text, &file)?.as_str() {
        report::SCHEMA => {
            let report = serde_json::from_str(&text).map_err(|why| broken(&file, &why))?;
            Ok(Found::Run(name(&file), Box::new(report)))
        }
        comparison::SCHEMA => {
            let comparison = serde_json::from_str(&text).map_err(|why| broken(&file, &why))?;
            Ok(Found::Comparison(name(&file), Box::new(comparison)))
        }
        other => Err(PageError::Options(format!(
            "{}: a result of the kind '{}', which this loadgen does not know (it knows {} and {})",
            file.display(),
            other.escape_debug(),
            report::SCHEMA,
            comparison::SCHEMA
        ))),
    }
}

fn schema(text: &str, file: &Path) -> Result<String, PageError> {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
    }
    let head: Head = serde_json::from_str(text).map_err(|why| broken(file, &why))?;
    head.schema.ok_or_else(|| {
        PageError::Options(format!(
            "{}: JSON, but not a result of loadgen (it names no schema)",
            file.display()
        ))
    })
}

fn broken(file: &Path, why: &serde_json::Error) -> PageError {
    PageError::Options(format!("{}: not a result: {why}", file.display()))
}

/// The file that makes a directory a result.
fn result_in(dir: &Path) -> PathBuf {
    let comparison = dir.join(COMPARISON_FILE);
    if comparison.exists() { comparison } else { dir.join(RUN_FILE) }
}

/// The directory of a `run.json` or `compare.json`, the stem of any other file.
fn name(file: &Path) -> String {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let of_directory = file
        .file_name()
        .is_some_and(|name| name == RUN_FILE || name == COMPARISON_FILE || name == SWEEP_FILE);
    let named = if of_directory { absolute.parent().and_then(Path::file_name) } else { absolute.file_stem() };
    named.map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned())
}

/// Where the page of the results at `paths` goes if nothing is said: beside the first.
pub(super) fn beside(paths: &[PathBuf]) -> PathBuf {
    let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let dir = if first.is_dir() { Some(first) } else { first.parent() };
    dir.filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}
