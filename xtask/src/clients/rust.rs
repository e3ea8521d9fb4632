//! The suites of Rust's clients: rdkafka and rskafka, in a workspace of their own.

use std::process::Command;

use crate::run::{Outcome, cargo, step};
use crate::tools;

/// The suites there are.
pub(super) const SUITES: [&str; 2] = ["rdkafka", "rskafka"];

/// Runs the named suites.
pub(super) fn run(names: &[String], against_kafka: bool) -> Outcome {
    if let Some(program) = tools::first_missing(&["python3", "cc", "c++", "make"]) {
        return tools::skip("the Rust clients", &format!("{program} is not installed"));
    }
    let mut stories = workspace(&["run", "--quiet", "--locked", "--package", "stories", "--"]);
    stories.args(names);
    step("real clients: Rust", super::environment(&mut stories, against_kafka))
}

/// A `cargo` call in the clients' workspace, which has a target folder of its own.
fn workspace(arguments: &[&str]) -> Command {
    let mut command = cargo(&arguments[..1]);
    command.args(["--manifest-path", "clients/rust/Cargo.toml", "--target-dir", "clients/rust/target"]);
    command.args(&arguments[1..]);
    command
}
