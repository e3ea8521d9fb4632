//! Options of `loadgen diff` and `loadgen trend`.

use super::metric::metric_parser;
use clap::Args;
use loadgen_engine::units::parse_share;
use loadgen_result::comparison::metric::Metric;
use loadgen_study::diff::options::DiffOptions;
use std::path::PathBuf;

/// Which results, and how much worse is too much.
#[derive(Debug, Clone, Args)]
pub(crate) struct DiffArgs {
    /// The baseline: a run.json, or the directory of a run, a comparison or a sweep
    #[arg(value_name = "A")]
    pub(crate) a: PathBuf,
    /// The result that is judged, of the same kind
    #[arg(value_name = "B")]
    pub(crate) b: PathBuf,
    /// How much worse a figure of B may be. More than that is a regression: exit code 1
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = parse_share)]
    pub(crate) threshold: f64,
    /// Figures that can be a regression [default: all]
    #[arg(long, value_parser = metric_parser(), value_delimiter = ',', value_name = "NAMES")]
    pub(crate) metric: Vec<Metric>,
    /// Judge the results even if they are not of the same measurement, such as of two machines
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
            metrics: self.metric.clone(),
            anyway: self.anyway,
        }
    }
}

/// Where to look.
#[derive(Debug, Clone, Args)]
pub(crate) struct TrendArgs {
    /// Directory with results of `loadgen run --out`: in itself, and in folders up to three levels below it
    #[arg(value_name = "DIR", default_value = "results")]
    pub(crate) dir: PathBuf,
}
