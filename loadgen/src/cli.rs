//! The command line.

pub(crate) mod advice;
pub(crate) mod compare;
pub(crate) mod diff;
pub(crate) mod lab;
pub(crate) mod max;
mod metric;
pub(crate) mod parent_death;
mod payload;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod runner;
mod settings_file;
pub(crate) mod sweep;

use advice::AdviceArgs;
use clap::{Parser, Subcommand};
use compare::CompareArgs;
use diff::{DiffArgs, TrendArgs};
use lab::LabArgs;
use max::MaxArgs;
use parent_death::DependentArgs;
use report::ReportArgs;
use run::RunCommand;
use sweep::SweepArgs;

/// Below the commands of `--help`.
const EXIT_CODES: &str = "Exit codes:
  0  success
  1  the answer is no: records lost, B worse, no cell meets the service level
  2  no answer: bad input, no broker, a full disk; one line says why
  3  measured, but no answer: inconclusive, or decided by noise (compare, max)";

/// A load generator for Kafka brokers. It verifies every record, measures in an open or a closed loop, and compares.
#[derive(Debug, Parser)]
#[command(name = "loadgen", version = crate::VERSION, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What loadgen can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load a broker, verify every record, and print rate, latency and cost.
    ///
    /// A run without a rate that starts its broker measures two things: the highest rate, then latency at half of that
    /// rate. Each of the two runs has a fresh broker.
    Run(Box<RunCommand>),
    /// Compare two settings, builds or brokers: is B better than A, or worse?
    Compare(CompareArgs),
    /// Compare two results that exist already, and report regressions.
    Diff(DiffArgs),
    /// List the results in a directory from the oldest to the newest, grouped by load and settings.
    Trend(TrendArgs),
    /// Measure codecs on your own data, without a broker: ratio and speed of each codec, level and batch size.
    Lab(LabArgs),
    /// Write a page (report.html), pictures and a README from results.
    Report(ReportArgs),
    /// Run every combination of options that a TOML file lists. The same command continues a sweep that was interrupted.
    Sweep(SweepArgs),
    /// Choose from the results of a sweep: the best cell that meets a service level, as client settings.
    Advice(AdviceArgs),
    /// Search for the highest rate at which the broker keeps up, with a bound on the p99 of the response time.
    Max(Box<MaxArgs>),
    /// Becomes a broker that ends when its parent does.
    #[command(hide = true, name = loadgen_host::broker::parent_death::COMMAND)]
    Dependent(DependentArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    /// Every option with an amount, of every command, as the definitions have them.
    #[test]
    fn every_option_takes_the_units_that_people_write() {
        let mut seen = Vec::new();
        for command in Cli::command().get_subcommands() {
            for option in command.get_arguments() {
                let name =
                    option.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
                let known = UNITS.iter().find(|(value_name, ..)| *value_name == name);
                let (Some(long), Some((_, texts))) = (option.get_long(), known) else { continue };
                seen.push(long.to_owned());
                for text in *texts {
                    let line =
                        ["loadgen", command.get_name(), &format!("--{long}={text}")].map(str::to_owned);
                    let wrong = Cli::try_parse_from(line)
                        .err()
                        .filter(|error| error.kind() == clap::error::ErrorKind::ValueValidation);
                    assert!(wrong.is_none(), "{}", wrong.unwrap());
                }
            }
        }
        for long in [
            "batch-bytes",
            "record-size",
            "sample",
            "rate",
            "duration",
            "warmup",
            "linger-ms",
            "p99",
            "cell-time",
        ] {
            assert!(seen.iter().any(|had| had == long), "{long} is among {seen:?}");
        }
    }

    const UNITS: [(&str, &[&str]); 4] = [
        ("BYTES", &["65536", "64k", "64KiB", "64kb", "1M", "1MiB", "0.125G"]),
        ("RECORDS", &["5000", "5k", "5k/s", "2.5M", "1G", "1_000"]),
        ("TIME", &["10", "10s", "500ms", "20us", "2m", "1h"]),
        ("MS", &["5", "2.5", "5ms", "0.1s"]),
    ];
}
