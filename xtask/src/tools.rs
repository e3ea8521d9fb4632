//! Toolchains that a machine may lack.

use std::env;
use std::path::PathBuf;

use crate::run::{Failure, Outcome};

/// True on a machine that must run everything.
pub(crate) fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}

/// Where `program` is on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The first of `programs` that is not on the PATH.
pub(crate) fn first_missing<'a>(programs: &[&'a str]) -> Option<&'a str> {
    programs.iter().copied().find(|program| find(program).is_none())
}

/// Leaves `what` out for a stated reason: a visible line here, a failure in CI.
pub(crate) fn skip(what: &str, reason: &str) -> Outcome {
    if in_ci() {
        return Err(Failure::Missing { what: format!("{what} ({reason})") });
    }
    say_skipped(what, reason);
    Ok(())
}

/// Says that `what` was left out, where leaving it out is fine everywhere.
pub(crate) fn say_skipped(what: &str, reason: &str) {
    println!("\nSKIP {what}: {reason}");
}
