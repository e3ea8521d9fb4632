//! The options of `loadgen sweep`.

use crate::advice::metric::Metric;
use clap::Args;
use std::path::PathBuf;

/// Options of `loadgen sweep`.
#[derive(Debug, Clone, Args)]
pub struct SweepArgs {
    /// A TOML file: its section base holds options of `loadgen run`, sweep lists of values, load how each cell is run
    pub matrix: PathBuf,
    /// Where every result is written as soon as it is there; the same command goes on where an earlier one ended
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// An option of the section base, such as payload=FILE: stronger than the file (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Times that every cell is run; the second time begins when all had their first
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub repeats: u32,
    /// Seed of the order in which cells are run
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Short runs for all cells, then runs twice as long for the better half, and so on
    #[arg(long)]
    pub halving: bool,
    /// With --halving: cells that get runs of the full duration
    #[arg(long, default_value_t = 3, requires = "halving", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: u32,
    /// With --halving: what makes a cell better
    #[arg(long, value_name = "METRIC", default_value = "records/s", requires = "halving")]
    pub objective: Metric,
    /// Only print the cells and how long they will take
    #[arg(long)]
    pub dry_run: bool,
}
