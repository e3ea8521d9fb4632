//! Arguments of the hidden command that becomes a broker.

use clap::Args;
use loadgen_host::broker::parent_death::Dependent;
use std::ffi::OsString;

/// What it takes.
#[derive(Debug, Args)]
pub(crate) struct DependentArgs {
    /// Cores to stay on.
    #[arg(long)]
    cores: Option<String>,
    /// The process that must stay alive.
    parent: u32,
    /// The broker and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

impl DependentArgs {
    /// What they say.
    pub(crate) fn dependent(self) -> Dependent {
        Dependent { cores: self.cores, parent: self.parent, command: self.command }
    }
}
