//! Why there are no values to send.

use super::template::Mistake;
use std::path::PathBuf;
use thiserror::Error;

/// Why there are no values.
#[derive(Debug, Error)]
pub enum PayloadError {
    /// Missing, or not readable.
    #[error("payload file {path}: {why}")]
    Unreadable {
        /// As given.
        path: PathBuf,
        /// The system's word.
        why: std::io::Error,
    },
    /// Nothing to send.
    #[error("payload file {0} has no value with anything in it")]
    Empty(PathBuf),
    /// Not a template.
    #[error("template {path}: {mistake}")]
    Template {
        /// As given.
        path: PathBuf,
        /// What and where.
        mistake: Mistake,
    },
    /// A template or a dictionary is text.
    #[error("{0} is no UTF-8 text")]
    NoText(PathBuf),
    /// The file ends within a value, or was never length-prefixed.
    #[error("payload file {path}: the value at byte {at} says it has {length} bytes, but {left} are left")]
    Cut {
        /// As given.
        path: PathBuf,
        /// Where the value's length is.
        at: usize,
        /// What it says.
        length: usize,
        /// Bytes behind it.
        left: usize,
    },
}
