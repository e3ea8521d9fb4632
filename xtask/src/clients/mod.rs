//! `cargo xtask clients`: real clients, unchanged, against the real binary.

mod java;
mod python;

use std::process::Command;

use clap::Args;

use crate::run::{Failure, Outcome};
use crate::{kafka, paths, smoke, tools};

/// Which of them.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// kafka-python, aiokafka, confluent, kcat, dump-log, broker, java; all when none is named
    names: Vec<String>,
    /// Run the same tests against a real Apache Kafka: it judges the tests themselves
    #[arg(long)]
    against_kafka: bool,
}

/// Builds the broker, installs what the suites need, and runs them.
pub(crate) fn clients(options: &Options) -> Outcome {
    let chosen = Chosen::from_names(&options.names)?;
    if !options.against_kafka {
        smoke::build_binaries()?;
    }
    install_kafka(options.against_kafka)?;
    if let Some(names) = &chosen.python {
        python::run(names, options.against_kafka)?;
    }
    if chosen.java {
        java::run(options.against_kafka)?;
    }
    Ok(())
}

/// Kafka's jars: its dump tool reads our files, and it is the broker of `--against-kafka`.
fn install_kafka(required: bool) -> Outcome {
    match tools::first_missing(&["java", "mvn"]) {
        None => kafka::install(),
        Some(program) if required => Err(Failure::Missing { what: program.to_owned() }),
        Some(program) => tools::skip("Kafka's own tools", &format!("{program} is not installed")),
    }
}

/// The suites to run; `python: Some(vec![])` means every Python suite.
struct Chosen {
    python: Option<Vec<String>>,
    java: bool,
}

impl Chosen {
    fn from_names(names: &[String]) -> Result<Self, Failure> {
        if names.is_empty() {
            return Ok(Self { python: Some(Vec::new()), java: true });
        }
        if let Some(unknown) = names.iter().find(|name| *name != "java" && !python::has_suite(name)) {
            return Err(Failure::Missing { what: format!("a client suite named {unknown}") });
        }
        let python: Vec<String> = names.iter().filter(|name| *name != "java").cloned().collect();
        Ok(Self { java: python.len() < names.len(), python: (!python.is_empty()).then_some(python) })
    }
}

/// Tells a suite which broker to start.
fn environment(command: &mut Command, against_kafka: bool) -> &mut Command {
    if let Ok(this) = std::env::current_exe() {
        command.env("XTASK", this);
    }
    if against_kafka {
        command.env("CREEL_ORACLE", "kafka");
    }
    command.env("CREEL_BIN", paths::fast_binary("creel"))
}
