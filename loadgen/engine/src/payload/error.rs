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
    #[error("file {0} holds no value")]
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
    #[error("{0} is not UTF-8 text")]
    NoText(PathBuf),
    /// The file ends within a value, or was never length-prefixed.
    #[error("payload file {path}: the length at byte {at} is {length}, but {left} bytes are left")]
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
