//! Why there is no page: one line each.

use loadgen_result::files::FileError;
use loadgen_study::error::StudyError;
use thiserror::Error;

/// A page that could not be made.
#[derive(Debug, Error)]
pub enum PageError {
    /// Values that make no sense, alone or together.
    #[error("{0}")]
    Options(String),
    /// A result that can't be read, or a page that can't be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The results of a sweep.
    #[error(transparent)]
    Study(#[from] StudyError),
}
