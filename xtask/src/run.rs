//! Running one step: say what runs, pass its output through, and turn a bad exit into a `Failure`.

use std::fmt;
use std::io;
use std::process::Command;

use crate::{paths, tools};

/// Why a command of ours ends with a non-zero exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The step ran and said no.
    Step { title: String, status: String },
    /// The program could not be started, or a file could not be handled.
    Start { what: String, error: io::Error },
    /// A toolchain is absent where absence is not allowed.
    Missing { what: String },
}

pub(crate) type Outcome = Result<(), Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { title, status } => write!(f, "{title}: {status}"),
            Self::Start { what, error } => write!(f, "{what}: {error}"),
            Self::Missing { what } => write!(f, "missing: {what}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Names the file or program that an `io::Error` is about.
pub(crate) fn about(what: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
    |error| Failure::Start { what: what.into(), error }
}

/// Runs `command` in the repository's root and fails unless it exits with 0.
pub(crate) fn step(title: &str, command: &mut Command) -> Outcome {
    say!("\n==> {title}");
    command.current_dir(paths::root()).env("PATH", tools::search_path());
    let status = command.status().map_err(about(title))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Step { title: title.to_owned(), status: status.to_string() })
}

/// A `cargo` call with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}
