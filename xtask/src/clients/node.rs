//! The suites that Node's own test runner runs: kafkajs and @platformatic/kafka.

use std::process::Command;

use crate::run::{Outcome, step};
use crate::tools;

/// The suites there are.
pub(super) const SUITES: [&str; 2] = ["kafkajs", "platformatic"];

/// Installs exactly what the lock file says, and runs the named suites.
pub(super) fn run(names: &[String], against_kafka: bool) -> Outcome {
    if let Some(program) = tools::first_missing(&["node", "npm", "python3"]) {
        return tools::skip("the Node clients", &format!("{program} is not installed"));
    }
    let mut npm = Command::new("npm");
    npm.args([
        "--prefix",
        "clients/node",
        "ci",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ]);
    step("Node clients", &mut npm)?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"])
        .args(names.iter().map(|name| format!("clients/node/{name}.test.js")));
    step("real clients: Node", super::environment(&mut node, against_kafka))
}
