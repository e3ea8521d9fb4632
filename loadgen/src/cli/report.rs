//! Options of `loadgen report`.

use clap::Args;
use std::path::PathBuf;

/// Options of `loadgen report`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReportArgs {
    /// Results: JSON files, or directories that hold them. Several runs are drawn over each other
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Directory for report.html, the pictures and README.md [default: that of the first result]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
