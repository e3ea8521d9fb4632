//! `cargo xtask`: the project's own commands.
//!
//! One file per command. A command is a list of steps. Every step is an ordinary program whose output is passed
//! through, so the last lines of a run are the runners' own closing lines. A tool that is not installed gives a
//! visible `SKIP` line on a developer's machine and a failure if `CI=true`.

#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

#[macro_use]
mod say;

mod bench;
mod check;
mod clients;
mod differential;
mod failure;
mod fuzz;
mod guards;
mod kafka;
mod loadgen;
mod machine;
mod paths;
mod peers;
mod run;
mod smoke;
mod test;
mod tools;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Guards, format, lints, docs, unit tests, and dependency rules where cargo-deny can run
    Check,
    /// Only the guards of `check`: circles of imports, scattered impl blocks, documents that name what is not there
    Guards,
    /// Everything: check, every cargo test, a short fuzz, loadgen on real data, and the real clients
    Test,
    /// Only the real clients: all of them, or those named
    Clients(clients::Options),
    /// The same requests to a real Apache Kafka and to Creel: the answers must be equal
    Differential(differential::Options),
    /// A few verified seconds of loadgen, on its own data and on real files
    Smoke,
    /// The fuzz targets, one per decoder, for a short time or a long one
    Fuzz(fuzz::Options),
    /// Start a real Apache Kafka on 127.0.0.1, until Ctrl-C
    Kafka(kafka::Options),
    /// Build broker and load generator in release and run the latter; `cargo loadgen` is short for this
    Loadgen(loadgen::Options),
    /// The broker beside the floor, in alternating rounds; everything after `bench` is passed on
    Bench(bench::Options),
    /// Creel, Apache Kafka and the floor in the forms that brokers are praised in; everything after `--` is passed on
    Peers(peers::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = paths::remember_own().map_err(run::about("xtask's own path"));
    let outcome = outcome.and_then(|()| match arguments.command {
        Command::Check => check::check(),
        Command::Guards => guards::guards(),
        Command::Test => test::test(),
        Command::Clients(options) => clients::clients(&options),
        Command::Differential(options) => differential::differential(&options),
        Command::Smoke => smoke::smoke(),
        Command::Fuzz(options) => fuzz::fuzz(&options),
        Command::Kafka(options) => kafka::kafka(&options),
        Command::Loadgen(options) => loadgen::loadgen(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Peers(options) => peers::peers(&options),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
