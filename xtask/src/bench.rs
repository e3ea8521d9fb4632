//! `cargo xtask bench`: the benchmarks of `benches/`.

use clap::Args;

use crate::run::{Outcome, cargo, step};

/// Passed on to `cargo bench -p creel-benches`.
#[derive(Args)]
pub(crate) struct Options {
    /// Arguments for cargo bench, such as `--bench wire`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the benchmarks.
pub(crate) fn bench(options: &Options) -> Outcome {
    step("benchmarks", cargo(&["bench", "-p", "creel-benches"]).args(&options.arguments))
}
