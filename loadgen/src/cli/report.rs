//! Options of `loadgen report`.

use clap::Args;
use std::path::PathBuf;

/// Options of `loadgen report`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReportArgs {
    /// Results: JSON files or their directories; several runs are laid over each other
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Where report.html, the pictures and README.md go [default: beside the first result]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
