//! The command line.

use crate::arm::Arm;
use clap::{Args, Parser, Subcommand};
use loadgen_host::broker::parent_death::{self, Dependent};
use std::ffi::OsString;
use std::path::PathBuf;

/// Measures Creel and RabbitMQ side by side and writes a directory of results.
#[derive(Debug, Parser)]
#[command(name = "creel-rabbitmq", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Nothing else, as a rule.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Of the comparison.
    #[command(flatten)]
    pub options: Options,
}

/// What else it can be.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Becomes a server that ends when its parent does.
    #[command(hide = true, name = parent_death::COMMAND)]
    Dependent(DependentArgs),
}

/// What the hidden command is told.
#[derive(Debug, Args)]
pub struct DependentArgs {
    /// Cores to stay on.
    #[arg(long)]
    cores: Option<String>,
    /// The process that must stay alive.
    parent: u32,
    /// The server and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

impl DependentArgs {
    /// What they say.
    pub fn dependent(&self) -> Dependent {
        Dependent { cores: self.cores.clone(), parent: self.parent, command: self.command.clone() }
    }
}

/// Options of a comparison.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The creel to start
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/creel"))]
    pub creel_bin: PathBuf,
    /// How often everything is measured
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// How long each load is measured, seconds
    #[arg(long, default_value_t = 3.0)]
    pub seconds: f64,
    /// How long each load runs before that, seconds
    #[arg(long, default_value_t = 1.0)]
    pub warmup: f64,
    /// Common rates of the open loops, messages per second
    #[arg(long, value_delimiter = ',', default_value = "2000,10000")]
    pub rates: Vec<f64>,
    /// Producers, each with a connection
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub producers: u16,
    /// Bytes of each message
    #[arg(long, value_name = "BYTES", default_value_t = 1024)]
    pub message_size: usize,
    /// CPUs of the broker, such as 0 or 0,2 [default: the first half of those at hand]
    #[arg(long, value_name = "LIST")]
    pub broker_cpus: Option<String>,
    /// What RabbitMQ may deliver to a reader ahead of its acknowledgements; a third of it is acknowledged at once
    #[arg(long, value_name = "MESSAGES", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(3..=10_000))]
    pub prefetch: u16,
    /// What to compare
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Arm::ALL)]
    pub arms: Vec<Arm>,
    /// Leave out the kills and the tests of order and replay
    #[arg(long)]
    pub only_rounds: bool,
    /// Where the result goes [default: results/<date>-<machine>-rabbitmq of the checkout]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
        let cli = Cli::parse_from(["creel-rabbitmq", "--rates", "100,2000", "--rounds", "1"]);
        assert_eq!((cli.options.rates, cli.options.rounds), (vec![100.0, 2_000.0], 1));
    }
}
