//! One side of a comparison: a TOML file, and what the command line says for both sides.

use super::options::CompareOptions;
use crate::error::StudyError;
use crate::runner::Runner;
use loadgen_engine::options::RunOptions;
use loadgen_result::files::FileError;
use std::path::Path;
use toml::{Table, Value};

/// Options of a run that a comparison gives to both sides, or has no use for.
const OF_THE_COMPARISON: [(&str, &str); 5] = [
    ("json", "is for a single run: give --out to `loadgen compare`"),
    ("out", "is for a single run: give --out to `loadgen compare`"),
    ("seed", "is the same for both sides: give --seed to `loadgen compare`"),
    ("plain", "is for a single run: a comparison has no dashboard"),
    ("flame", "is for a single run: sampling costs CPU"),
];

/// One side.
#[derive(Debug, Clone)]
pub(super) struct Arm {
    /// `name`, or the file's.
    pub(super) name: String,
    /// What it runs.
    pub(super) options: RunOptions,
}

impl Arm {
    /// Errors name the file, and the line where there is one.
    pub(super) fn read(path: &Path, common: &CompareOptions, runner: &dyn Runner) -> Result<Arm, StudyError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|why| StudyError::File(FileError { path: path.to_owned(), why }))?;
        let mut table: Table = text.parse().map_err(|error| broken(&file, &text, &error))?;
        let name = match table.remove("name") {
            Some(Value::String(name)) => name,
            Some(_) => return Err(StudyError::Options(format!("{file}: name takes text"))),
            None => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let about = |table: &Table| wrong_line(&text, table, &file, runner);
        let mut options = match runner.options(&table, &file) {
            Ok(options) => options,
            Err(_) => {
                return Err(runner.options(&table, &about(&table)).err().unwrap_or_else(|| unlikely(&file)));
            }
        };
        if let Some((key, why)) = OF_THE_COMPARISON.iter().find(|(key, _)| table.contains_key(*key)) {
            let about = line_of(&text, key).map_or_else(|| file.clone(), |line| format!("{file}:{line}"));
            return Err(StudyError::Options(format!("{about}: {key} {why}")));
        }
        options.seed = common.seed;
        options.duration = common.duration.unwrap_or(options.duration);
        options.warmup = common.warmup.unwrap_or(options.warmup);
        Ok(Arm { name, options })
    }
}

fn unlikely(file: &str) -> StudyError {
    StudyError::Options(format!("{file}: can't be read as options"))
}

fn broken(file: &str, text: &str, error: &toml::de::Error) -> StudyError {
    let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    StudyError::Options(format!("{file}:{line}: {}", error.message().replace('\n', " ")))
}

/// `file:line` of the first key that is wrong by itself; only the file where keys are wrong together.
fn wrong_line(text: &str, table: &Table, file: &str, runner: &dyn Runner) -> String {
    let is_wrong = |(key, value): &(&String, &Value)| {
        let alone = Table::from_iter([((*key).clone(), (*value).clone())]);
        let error = runner.options(&alone, "").err().map(|error| error.to_string());
        // One that only misses another key is not wrong.
        error.is_some_and(|error| !error.contains("required arguments"))
    };
    let wrong = table.iter().find(is_wrong).map(|(key, _)| key);
    let line = wrong.and_then(|key| line_of(text, key));
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

/// Counts from 1.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let is_key = |line: &str| {
        let rest = line.trim_start().trim_start_matches(['"', '\'']).strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with('='))
    };
    text.lines().position(is_key).map(|line| line + 1)
}
