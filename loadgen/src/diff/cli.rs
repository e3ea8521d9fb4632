//! Options of `loadgen diff`.

use crate::cli::parse_share;
use crate::compare::metric::Metric;
use clap::Args;
use std::path::PathBuf;

/// Which results, and how much worse is too much.
#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    /// The result to measure by: a run.json, or the directory of a run, a comparison or a sweep
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The result to judge, of the same kind
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// How much worse a figure of B may be before that is a regression: exit code 1
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = parse_share)]
    pub threshold: f64,
    /// Which figures may be a regression [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    pub metric: Vec<Metric>,
    /// Judge two results that are not of the same measurement, such as of two machines
    #[arg(long)]
    pub anyway: bool,
}

impl DiffArgs {
    /// A change for the worse in it counts.
    pub fn decides(&self, metric: Metric) -> bool {
        self.metric.is_empty() || self.metric.contains(&metric)
    }
}
