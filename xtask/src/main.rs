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
mod kafka_own;
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
#[command(name = "cargo xtask", about = "Commands of this project: checks, tests, measurements")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the guards, format, lints, docs, unit tests, and dependency rules (if cargo-deny is installed)
    Check,
    /// Run only the guards of `check`: circles of imports, scattered impl blocks, documents that name missing files
    Guards,
    /// Run everything: `check`, all cargo tests, a short fuzz, loadgen on real data, and the real clients
    Test,
    /// Run the tests with real clients: all of them, or those named
    Clients(clients::Options),
    /// Send the same requests to Apache Kafka and to Creel. The answers must be equal
    Differential(differential::Options),
    /// Run loadgen for a few verified seconds, on its own data and on real files
    Smoke,
    /// Run the fuzz targets, one for each decoder
    Fuzz(fuzz::Options),
    /// Start Apache Kafka on 127.0.0.1. Ctrl-C ends it
    Kafka(kafka::Options),
    /// Run Apache Kafka's own integration tests against the broker, and compare with the committed results
    KafkaOwn(kafka_own::Options),
    /// Build the broker and loadgen in release, and run loadgen. `cargo loadgen` is short for this
    Loadgen(loadgen::Options),
    /// Compare the broker with the floor and Apache Kafka, in alternating rounds
    Bench(bench::Options),
    /// Compare Creel with Apache Kafka and the floor, in the forms of load that brokers are usually compared in
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
        Command::KafkaOwn(options) => kafka_own::kafka_own(&options),
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
