//! Makes the runs that a study asks for, and reads what is asked of them as the command line is read.

use super::settings_file;
use loadgen_engine::options::RunOptions;
use loadgen_result::report::{Origin, RunReport};
use loadgen_run::progress_view::Lines;
use loadgen_run::{Caller, run};
use loadgen_study::error::StudyError;
use loadgen_study::runner::Runner;
use std::sync::atomic::Ordering;
use toml::Table;

/// The runs of this process.
#[derive(Debug, Default)]
pub(crate) struct LocalRunner {
    /// In whose name.
    pub(crate) caller: Caller,
}

impl Runner for LocalRunner {
    fn option_names(&self) -> Vec<String> {
        settings_file::option_names()
    }

    fn options(&self, settings: &Table, about: &str) -> Result<RunOptions, StudyError> {
        settings_file::run_args(settings, about).map(|args| args.options())
    }

    fn run(&self, options: &RunOptions, prefix: String) -> Result<RunReport, StudyError> {
        run(options, &self.caller, Box::new(Lines::behind(prefix)))
            .map_err(|error| StudyError::Run(error.into()))
    }

    fn is_interrupted(&self) -> bool {
        self.caller.interrupted.load(Ordering::Relaxed)
    }

    fn origin(&self) -> &Origin {
        &self.caller.origin
    }
}
