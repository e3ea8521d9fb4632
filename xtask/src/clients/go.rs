//! The suites that `go test` runs: franz-go and sarama.

use std::process::Command;

use crate::run::{Outcome, step};
use crate::tools;

/// The suites there are.
pub(super) const SUITES: [&str; 2] = ["franz-go", "sarama"];

/// Runs the named suites.
pub(super) fn run(names: &[String], against_kafka: bool) -> Outcome {
    if let Some(program) = tools::first_missing(&["go", "python3"]) {
        return tools::skip("the Go clients", &format!("{program} is not installed"));
    }
    let mut go = Command::new("go");
    go.args([
        "-C",
        "clients/go",
        "test",
        "-count=1",
        "-run",
        &format!("^TestStories$/^({})$", names.join("|")),
        "./...",
    ]);
    step("real clients: Go", super::environment(&mut go, against_kafka))
}
