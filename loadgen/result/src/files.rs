//! Files of results: written whole or not at all.

use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A file that can't be read or written.
#[derive(Debug, Error)]
#[error("{path}: {why}")]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// The system's word.
    pub why: io::Error,
}

impl FileError {
    /// For `map_err`.
    pub fn of(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> FileError {
        let path = path.into();
        move |why| FileError { path, why }
    }
}

/// Writes a result, one line at its end.
pub fn write_json(report: &impl Serialize, path: &Path) -> Result<(), FileError> {
    let text = serde_json::to_string_pretty(report).expect("a report has only plain fields");
    write_whole(path, &(text + "\n"))
}

/// Writes a new file. Where that fails, as on a full disk, no piece of it is left that looks like a result.
pub fn write_whole(path: &Path, text: &str) -> Result<(), FileError> {
    std::fs::write(path, text).map_err(|why| {
        if path.is_file() {
            let _ = std::fs::remove_file(path); // the first error is the one to tell
        }
        FileError { path: path.to_owned(), why }
    })
}
