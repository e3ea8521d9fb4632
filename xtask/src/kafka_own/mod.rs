//! `cargo xtask kafka-own`: Apache Kafka's own integration tests, unchanged, against creel.
//!
//! This room owns how they are run and compared with the committed table. What gives the tests their broker is
//! `clients/kafka-own`; this room must not know what a test does.

mod compare;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use self::compare::{Results, Side};
use self::table::Table;
use crate::run::{Failure, Outcome, about, step};
use crate::{paths, smoke, tools};

/// Which tests, and against what.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Parts of class#method: only tests whose name has one of them, with their stack traces [default: all]
    names: Vec<String>,
    /// Run only the classes of clients/kafka-own/quick.txt: minutes, not an hour
    #[arg(long, conflicts_with = "names")]
    quick: bool,
    /// Run the tests on Apache Kafka, to judge the tests themselves
    #[arg(long)]
    against_kafka: bool,
    /// Write what was found into the table, instead of comparing with it
    #[arg(long)]
    write: bool,
    /// The broker's binary [default: target/fast/creel, which is built first]
    #[arg(long)]
    creel: Option<PathBuf>,
}

/// The quick ones, for a run of all clients.
pub(crate) fn quick(against_kafka: bool) -> Outcome {
    kafka_own(&Options { quick: true, against_kafka, ..Options::default() })
}

/// Builds what is needed, runs the tests, and compares.
pub(crate) fn kafka_own(options: &Options) -> Outcome {
    if let Some(program) = tools::first_missing(&["java", "mvn"]) {
        return tools::skip("Kafka's own tests", &format!("{program} is not installed"));
    }
    if options.creel.is_none() && !options.against_kafka {
        smoke::build_binaries()?;
    }
    let table = read_table()?;
    let side = if options.against_kafka { Side::Kafka } else { Side::Creel };
    let names = chosen(options)?;
    install()?;
    let results = run(options, &names, &side.skipped(&table))?;
    if options.write {
        return write_table(&compare::updated(table, &results, side));
    }
    judge(&table, &results, side, &names)
}

fn judge(table: &Table, results: &Results, side: Side, names: &[String]) -> Outcome {
    let is_chosen = |test: &str| names.is_empty() || names.iter().any(|name| test.contains(name.as_str()));
    let differences = compare::differences(table, results, side, is_chosen);
    if names.is_empty() {
        say!("\n{}", compare::summary(table));
    }
    if differences.is_empty() {
        say!("{} tests did as clients/kafka-own/results.tsv says", results.len());
        return Ok(());
    }
    for line in &differences {
        say!("{line}");
    }
    let status = format!("{} tests did otherwise than clients/kafka-own/results.tsv says", differences.len());
    Err(Failure::Step { title: "Kafka's own tests".into(), status })
}

fn folder() -> PathBuf {
    paths::root().join("clients/kafka-own")
}

fn read_table() -> Result<Table, Failure> {
    let file = folder().join("results.tsv");
    let text = fs::read_to_string(&file).map_err(about("clients/kafka-own/results.tsv"))?;
    Table::read(&text).map_err(|line| Failure::Missing { what: format!("columns in results.tsv, {line}") })
}

fn write_table(table: &Table) -> Outcome {
    fs::write(folder().join("results.tsv"), table.to_string())
        .map_err(about("clients/kafka-own/results.tsv"))?;
    say!("\n{}", compare::summary(table));
    Ok(())
}

/// The names to run; none is all.
fn chosen(options: &Options) -> Result<Vec<String>, Failure> {
    if !options.quick {
        return Ok(options.names.clone());
    }
    let text =
        fs::read_to_string(folder().join("quick.txt")).map_err(about("clients/kafka-own/quick.txt"))?;
    let classes: BTreeSet<_> =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    Ok(classes.into_iter().map(|class| format!("{class}#")).collect())
}

/// Compiles what gives the tests their broker, and has Maven fetch the jars and say where they are.
fn install() -> Outcome {
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "-f", "clients/kafka-own/pom.xml", "compile", "dependency:build-classpath"]);
    maven.arg(format!("-Dmdep.outputFile={}", folder().join("target/classpath").display()));
    step("Kafka's own tests from Maven Central", &mut maven)
}

fn run(options: &Options, names: &[String], skipped: &[&str]) -> Result<Results, Failure> {
    let target = folder().join("target");
    let jars = fs::read_to_string(target.join("classpath")).map_err(about("the list of jars"))?;
    let (results, skips) = (target.join("results"), target.join("skipped"));
    fs::write(&skips, skipped.join("\n")).map_err(about("the list of skipped tests"))?;
    let creel = options.creel.clone().unwrap_or_else(|| paths::fast_binary("creel"));
    let creel = fs::canonicalize(&creel).unwrap_or(creel);
    let mut java = Command::new("java");
    java.args(["-Xmx2g", "-XX:+EnableDynamicAgentLoading", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"]);
    java.arg(format!("-Dcluster={}", if options.against_kafka { "kafka" } else { "creel" }));
    // Ours comes first: one class there stands in for Kafka's.
    java.arg("-cp").arg(format!("{}:{}", target.join("classes").display(), jars.trim()));
    java.arg("creel.own.Run").args([&results, &skips]).args(names).env("CREEL_BIN", creel);
    step("Kafka's own tests", &mut java)?;
    let text = fs::read_to_string(&results).map_err(about("the tests' results"))?;
    compare::read_results(&text)
        .ok_or_else(|| Failure::Missing { what: "columns in the tests' results".into() })
}
