//! Why a command of ours fails.

use std::fmt;
use std::io;

/// Why a command of ours ends with a non-zero exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The step ran and said no.
    Step { title: String, status: String },
    /// The program could not be started, or a file could not be handled.
    Start { what: String, error: io::Error },
    /// A toolchain is absent where absence is not allowed.
    Missing { what: String },
    /// The guards found something, and said what.
    Guards { count: usize },
}

pub(crate) type Outcome = Result<(), Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { title, status } => write!(f, "{title}: {status}"),
            Self::Start { what, error } => write!(f, "{what}: {error}"),
            Self::Missing { what } => write!(f, "missing: {what}"),
            Self::Guards { count } => write!(f, "guards: {count} faults"),
        }
    }
}

impl std::error::Error for Failure {}

/// Names the file or program that an `io::Error` is about.
pub(crate) fn about(what: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
    |error| Failure::Start { what: what.into(), error }
}
