//! The suites of Rust's clients: rdkafka and rskafka, in a workspace of their own.

use std::process::Command;

use crate::paths;
use crate::run::{Outcome, cargo, step};
use crate::tools;

/// The suites there are.
pub(super) const SUITES: [&str; 2] = ["rdkafka", "rskafka"];

/// Runs the named suites.
pub(super) fn run(names: &[String], against_kafka: bool) -> Outcome {
    if let Some(program) = tools::first_missing(&["python3", "cc", "c++", "make"]) {
        return tools::skip("the Rust clients", &format!("{program} is not installed"));
    }
    let mut build = cargo(&["build", "--quiet", "--locked", "--manifest-path", "clients/rust/Cargo.toml"]);
    // The whole workspace, as in clients/python/own/rust.py: the chosen suites are then built with the same features
    // each time.
    build.args(["--workspace", "--all-targets", "--target-dir", "clients/rust/target"]);
    step("Rust clients", &mut build)?;
    let mut stories = Command::new(paths::root().join("clients/rust/target/debug/stories"));
    step("real clients: Rust", super::environment(stories.args(names), against_kafka))
}
