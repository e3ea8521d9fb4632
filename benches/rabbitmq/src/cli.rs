//! The command line.

use crate::arm::Arm;
use clap::{Args, Parser, Subcommand};
use loadgen_host::broker::parent_death::{self, Dependent};
use std::ffi::OsString;
use std::path::PathBuf;

/// Compares Creel with RabbitMQ, and writes a directory of results.
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
    /// Number of rounds. Each measures everything once
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// How long each load is measured, seconds
    #[arg(long, default_value_t = 3.0)]
    pub seconds: f64,
    /// How long each load runs before it is measured, seconds
    #[arg(long, default_value_t = 1.0)]
    pub warmup: f64,
    /// Rates of the open loops, the same for all, messages per second
    #[arg(long, value_delimiter = ',', default_value = "2000,10000")]
    pub rates: Vec<f64>,
    /// Number of producers, each with one connection
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub producers: u16,
    /// Size of each message, bytes
    #[arg(long, value_name = "BYTES", default_value_t = 1024)]
    pub message_size: usize,
    /// CPUs of the broker, such as 0 or 0,2 [default: the first half of the available CPUs]
    #[arg(long, value_name = "LIST")]
    pub broker_cpus: Option<String>,
    /// How many unacknowledged messages RabbitMQ may deliver to a reader. The reader acknowledges a third of them at once
    #[arg(long, value_name = "MESSAGES", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(3..=10_000))]
    pub prefetch: u16,
    /// Queues and acks to compare
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Arm::ALL)]
    pub arms: Vec<Arm>,
    /// Leave out the kills, and the tests of order and replay
    #[arg(long)]
    pub only_rounds: bool,
    /// Folder for the result [default: results/<date>-<machine>-rabbitmq in the checkout]
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
