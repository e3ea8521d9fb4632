//! What a comparison is asked to do.

use loadgen_result::comparison::metric::Metric;
use std::path::PathBuf;
use std::time::Duration;

/// What to compare, and how often.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// The one to compare with: TOML whose keys are the options of a run, and `name`.
    pub a: PathBuf,
    /// The one to judge.
    pub b: PathBuf,
    /// Pairs of A and B.
    pub rounds: u16,
    /// Pairs of A and A before, for the noise floor.
    pub control_rounds: u16,
    /// How long to measure in each run, in place of the files' `duration`.
    pub duration: Option<Duration>,
    /// How long to load before measuring, in place of the files' `warmup`.
    pub warmup: Option<Duration>,
    /// Seed of the order, and of everything random in both.
    pub seed: u64,
    /// What to look at, the first of them decides; all where none is named.
    pub metrics: Vec<Metric>,
    /// How far B must be from A to be called better or worse, as a share.
    pub min_effect: f64,
    /// Give a verdict also where most runs were disturbed by the machine.
    pub despite_noise: bool,
    /// What B must be.
    pub require: Option<Require>,
    /// Where every run's result and compare.json are kept.
    pub out: Option<PathBuf>,
}

/// What B must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Require {
    /// B is better, or enough was measured and no difference was found.
    NotWorse,
    /// B is better.
    Better,
}
