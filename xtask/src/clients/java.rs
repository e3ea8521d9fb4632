//! The suite that Maven runs: Apache Kafka's own Java clients.

use std::process::Command;

use crate::run::{Outcome, step};
use crate::tools;

/// Runs the Java suite.
pub(super) fn run(against_kafka: bool) -> Outcome {
    if let Some(program) = tools::first_missing(&["java", "mvn", "python3"]) {
        return tools::skip("the Java client", &format!("{program} is not installed"));
    }
    let mut maven = Command::new("mvn");
    maven.args(["-B", "-ntp", "-f", "clients/java/pom.xml", "test"]);
    step("real clients: Java", super::environment(&mut maven, against_kafka))
}
