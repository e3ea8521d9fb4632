//! What a study asks of the code that makes runs. So no study knows brokers, threads or a command line.

use crate::error::StudyError;
use loadgen_engine::options::RunOptions;
use loadgen_result::report::{Origin, RunReport};
use toml::Table;

/// Makes runs, and reads what is asked of them.
pub trait Runner {
    /// The long options of a run, which are the keys of settings.
    fn option_names(&self) -> Vec<String>;

    /// What `settings` mean as the options of a run. `about` names them in an error, such as the file and the section.
    fn options(&self, settings: &Table, about: &str) -> Result<RunOptions, StudyError>;

    /// Makes a run, shown behind `prefix` where there is a terminal.
    fn run(&self, options: &RunOptions, prefix: String) -> Result<RunReport, StudyError>;

    /// Whether the user asked to end: then no further run is made, and the last one was cut short.
    fn is_interrupted(&self) -> bool;

    /// Who makes the runs.
    fn origin(&self) -> &Origin;
}
