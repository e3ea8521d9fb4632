//! What `loadgen diff` is asked to do.

use loadgen_result::comparison::metric::Metric;
use std::path::PathBuf;

/// Which results, and how much worse is too much.
#[derive(Debug, Clone)]
pub struct DiffOptions {
    /// The result to measure by: a run.json, or the directory of a run, a comparison or a sweep.
    pub a: PathBuf,
    /// The result to judge, of the same kind.
    pub b: PathBuf,
    /// How much worse a figure of B may be before that is a regression, as a share.
    pub threshold: f64,
    /// Which figures may be a regression; all where none is named.
    pub metrics: Vec<Metric>,
    /// Judge two results that are not of the same measurement.
    pub anyway: bool,
}

impl DiffOptions {
    /// A change for the worse in it counts.
    pub fn decides(&self, metric: Metric) -> bool {
        self.metrics.is_empty() || self.metrics.contains(&metric)
    }
}
