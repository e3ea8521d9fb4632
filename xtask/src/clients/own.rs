//! Clients' own integration tests, taken from their published sources (`clients/python/own`).

use std::process::Command;

use super::python;
use crate::run::{Outcome, step};
use crate::tools;

/// The suites there are.
pub(super) const SUITES: [&str; 3] = ["kafka-python-own", "rdkafka-own", "rskafka-own"];

/// Runs the named suites.
pub(super) fn run(names: &[String], against_kafka: bool) -> Outcome {
    if let Some(program) = tools::first_missing(&["python3", "cc", "c++", "make"]) {
        return tools::skip("the clients' own tests", &format!("{program} is not installed"));
    }
    python::install()?;
    let mut own = Command::new(python::venv().join("bin/python"));
    own.args(["-m", "own"]).args(names).env("PYTHONPATH", "clients/python");
    step("clients' own tests", super::environment(&mut own, against_kafka))
}
