//! Creel beside RabbitMQ: the same schedule, the same values, the same judge; one page and the rounds as JSON.
//!
//! The way of a comparison: `cli` -> `compare` (rounds in alternating order, then one crash and one test of order each)
//! -> `rabbit` and `creel` (a broker each, loads, crashes, orders) -> `figures` -> `lines` -> `page`.
//! Exit codes: 0 measured; 2 no result.

pub mod arm;
pub mod cli;
pub mod compare;
pub mod comparison;
pub mod crash;
pub mod creel;
#[path = "../../src/dispersion.rs"]
pub mod dispersion;
pub mod error;
pub mod figures;
pub mod ledger;
pub mod lines;
pub mod order;
pub mod pacer;
pub mod page;
pub mod rabbit;
pub mod server_process;
pub mod settings;

use clap::Parser;
use cli::{Cli, Command};
use loadgen_host::broker::parent_death::exec_dependent;
use std::process::ExitCode;

const NO_RESULT: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match &cli.command {
        Some(Command::Dependent(arguments)) => Err(exec_dependent(&arguments.dependent()).into()),
        None => compare::run(&cli.options),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("creel-rabbitmq: {error}");
            ExitCode::from(NO_RESULT)
        }
    }
}
