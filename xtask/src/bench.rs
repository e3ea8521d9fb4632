//! `cargo xtask bench`: the broker beside the floor.
//!
//! The criterion benches of single steps are `cargo bench -p creel-benches`.

use std::process::Command;

use clap::Args;

use crate::paths;
use crate::run::{Outcome, cargo, step};

/// Passed on to the measuring program.
#[derive(Args)]
pub(crate) struct Options {
    /// Its arguments, such as `--rounds 5 --shape 1KiB --acks durable`; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds both sides in release and measures them in alternating rounds.
pub(crate) fn bench(options: &Options) -> Outcome {
    let binaries = ["--bin", "creel", "--bin", "floor", "--bin", "one-path"];
    step("binaries", cargo(&["build", "--release"]).args(binaries))?;
    step("floor and broker", Command::new(paths::release_binary("one-path")).args(&options.arguments))
}
