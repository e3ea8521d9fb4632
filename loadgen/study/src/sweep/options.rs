//! What a sweep is asked to do.

use crate::advice::criterion::Criterion;
use std::path::PathBuf;

/// Which matrix, how often, and in which order.
#[derive(Debug, Clone)]
pub struct SweepOptions {
    /// A TOML file: its section `base` holds options of a run, `sweep` lists of values, `load` how each cell is run.
    pub matrix: PathBuf,
    /// Where every result is written as soon as it is there.
    pub out: PathBuf,
    /// Options of the section `base`, `KEY=VALUE`, stronger than the file.
    pub set: Vec<String>,
    /// Times that every cell is run.
    pub repeats: u32,
    /// Seed of the order in which cells are run.
    pub seed: u64,
    /// Short runs for all cells, then runs twice as long for the better half, and so on.
    pub halving: Option<Halving>,
    /// Only tell the cells and how long they will take.
    pub dry_run: bool,
}

/// Who goes on to longer runs.
#[derive(Debug, Clone, Copy)]
pub struct Halving {
    /// Cells that get runs of the full duration.
    pub keep: u32,
    /// What makes a cell better.
    pub objective: Criterion,
}
