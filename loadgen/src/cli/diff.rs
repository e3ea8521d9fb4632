//! Options of `loadgen diff` and `loadgen trend`.

use super::metric::Metric;
use clap::Args;
use loadgen_engine::units::parse_share;
use loadgen_study::diff::options::DiffOptions;
use std::path::PathBuf;

/// Which results, and how much worse is too much.
#[derive(Debug, Clone, Args)]
pub(crate) struct DiffArgs {
    /// The result to measure by: a run.json, or the directory of a run, a comparison or a sweep
    #[arg(value_name = "A")]
    pub(crate) a: PathBuf,
    /// The result to judge, of the same kind
    #[arg(value_name = "B")]
    pub(crate) b: PathBuf,
    /// How much worse a figure of B may be before that is a regression: exit code 1
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = parse_share)]
    pub(crate) threshold: f64,
    /// Which figures may be a regression [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) metric: Vec<Metric>,
    /// Judge two results that are not of the same measurement, such as of two machines
    #[arg(long)]
    pub(crate) anyway: bool,
}

impl DiffArgs {
    /// What they ask for.
    pub(crate) fn options(&self) -> DiffOptions {
        DiffOptions {
            a: self.a.clone(),
            b: self.b.clone(),
            threshold: self.threshold,
            metrics: self.metric.iter().map(|metric| metric.of_a_comparison()).collect(),
            anyway: self.anyway,
        }
    }
}

/// Where to look.
#[derive(Debug, Clone, Args)]
pub(crate) struct TrendArgs {
    /// A directory with results of `loadgen run --out` in it, at any of three levels
    #[arg(value_name = "DIR", default_value = "results")]
    pub(crate) dir: PathBuf,
}
