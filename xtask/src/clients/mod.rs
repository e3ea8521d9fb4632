//! `cargo xtask clients`: real clients, unchanged, against the real binary.
//!
//! This room owns which suites there are and how each is run. It must not know what a suite tests.

mod go;
mod java;
mod node;
mod own;
mod python;
mod rust;

use std::process::Command;

use clap::Args;

use crate::run::{Failure, Outcome};
use crate::{kafka, kafka_own, paths, smoke, tools};

/// Which of them.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Suites to run: kafka-python, aiokafka, confluent, kcat, dump-log, kafka-tools, adopted, shop, broker, field, java, kafkajs, platformatic, franz-go, sarama, rdkafka, rskafka, kafka-python-own, rdkafka-own, rskafka-own, kafka-own [default: all]
    names: Vec<String>,
    /// Run the tests against Apache Kafka, to test the tests themselves
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
    if !chosen.node.is_empty() {
        node::run(&chosen.node, options.against_kafka)?;
    }
    if !chosen.go.is_empty() {
        go::run(&chosen.go, options.against_kafka)?;
    }
    if !chosen.rust.is_empty() {
        rust::run(&chosen.rust, options.against_kafka)?;
    }
    if !chosen.own.is_empty() {
        own::run(&chosen.own, options.against_kafka)?;
    }
    if chosen.kafka_own {
        kafka_own::quick(options.against_kafka)?;
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
#[derive(Default)]
struct Chosen {
    python: Option<Vec<String>>,
    java: bool,
    node: Vec<String>,
    go: Vec<String>,
    rust: Vec<String>,
    own: Vec<String>,
    kafka_own: bool,
}

impl Chosen {
    fn from_names(names: &[String]) -> Result<Self, Failure> {
        if names.is_empty() {
            return Ok(Self {
                python: Some(Vec::new()),
                java: true,
                node: node::SUITES.map(String::from).to_vec(),
                go: go::SUITES.map(String::from).to_vec(),
                rust: rust::SUITES.map(String::from).to_vec(),
                own: own::SUITES.map(String::from).to_vec(),
                kafka_own: true,
            });
        }
        let mut chosen = Self::default();
        for name in names {
            chosen.add(name)?;
        }
        Ok(chosen)
    }

    fn add(&mut self, name: &str) -> Outcome {
        match name {
            "java" => self.java = true,
            "kafka-own" => self.kafka_own = true,
            name if node::SUITES.contains(&name) => self.node.push(name.to_owned()),
            name if go::SUITES.contains(&name) => self.go.push(name.to_owned()),
            name if rust::SUITES.contains(&name) => self.rust.push(name.to_owned()),
            name if own::SUITES.contains(&name) => self.own.push(name.to_owned()),
            name if python::has_suite(name) => self.python.get_or_insert_default().push(name.to_owned()),
            unknown => return Err(Failure::Missing { what: format!("a client suite named {unknown}") }),
        }
        Ok(())
    }
}

/// Tells a suite which broker to start.
fn environment(command: &mut Command, against_kafka: bool) -> &mut Command {
    command.env("XTASK", paths::own());
    if against_kafka {
        command.env("CREEL_ORACLE", "kafka");
    }
    command.env("CREEL_BIN", paths::fast_binary("creel"))
}
