//! Why Kafka's metadata cannot be taken over.

use std::io;
use std::path::{Path, PathBuf};

/// Kafka's metadata log cannot be read, or says what is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct NotUnderstood {
    pub(crate) file: PathBuf,
    pub(crate) reason: String,
}

impl NotUnderstood {
    pub(crate) fn new(file: &Path, reason: impl ToString) -> Self {
        Self { file: file.to_owned(), reason: reason.to_string() }
    }

    /// Says of an IO error with which file it was.
    pub(crate) fn io(file: &Path) -> impl Fn(io::Error) -> Self + use<'_> {
        move |error| Self::new(file, error)
    }
}
