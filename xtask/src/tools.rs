//! Toolchains that a machine may lack.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::paths;
use crate::run::{Failure, Outcome};

/// True on a machine that must run everything.
pub(crate) fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}

/// The PATH of every step: what `.ci/toolchains` fetched comes first.
pub(crate) fn search_path() -> OsString {
    let own = paths::tools().join("bin");
    let inherited = env::var_os("PATH").unwrap_or_default();
    // A folder whose name holds a colon cannot be on a PATH.
    env::join_paths(std::iter::once(own).chain(env::split_paths(&inherited))).unwrap_or(inherited)
}

/// Where `program` is on the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&search_path()).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The first of `programs` that is not on the search path.
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
    say!("\nSKIP {what}: {reason}");
}
