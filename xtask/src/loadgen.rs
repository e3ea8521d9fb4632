//! `cargo loadgen …`: builds broker and load generator in release and runs the latter.

use std::process::Command;

use clap::Args;

use crate::paths;
use crate::run::{Outcome, about, cargo, step};

/// Passed on to `loadgen`.
#[derive(Args)]
pub(crate) struct Options {
    /// Arguments of loadgen, such as `run --payload FILE --codec zstd`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Ends with loadgen's own exit code, which says more than "failed": 1 is a failed verification.
pub(crate) fn loadgen(options: &Options) -> Outcome {
    step("binaries", &mut cargo(&["build", "--release", "--bin", "creel", "--bin", "loadgen"]))?;
    // Where the user stands, so that relative paths mean what they say.
    let mut command = Command::new(paths::release_binary("loadgen"));
    let status = command.args(&options.arguments).status().map_err(about("loadgen"))?;
    std::process::exit(status.code().unwrap_or(2));
}
