//! Running one step: say what runs, pass its output through, and turn a bad exit into a `Failure`.

use std::process::Command;

pub(crate) use crate::failure::{Failure, Outcome, about};
use crate::{paths, tools};

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
