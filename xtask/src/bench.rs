//! `cargo xtask bench`: the broker beside the floor and Apache Kafka, path by path.
//!
//! The criterion benches of single steps are `cargo bench -p creel-benches`.

use clap::Args;

use crate::machine::{Network, machine, said, slug};
use crate::run::{Outcome, cargo, step};
use crate::{kafka, paths, tools};

/// Passed on to the measuring program.
#[derive(Args)]
pub(crate) struct Options {
    /// Write the report to `results/<date>-<machine>-one-path`
    #[arg(long)]
    save: bool,
    /// Leave out Apache Kafka
    #[arg(long)]
    no_kafka: bool,
    /// Arguments of the bench, such as `--rounds 5 --shape 1KiB --acks durable`. `-- --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds all sides in release and measures them in alternating rounds.
pub(crate) fn bench(options: &Options) -> Outcome {
    let binaries = ["--bin", "creel", "--bin", "floor", "--bin", "one-path"];
    step("binaries", cargo(&["build", "--release"]).args(binaries))?;
    let network = Network::find();
    let mut measuring = network.command(&paths::release_binary("one-path"));
    if !options.no_kafka {
        match tools::first_missing(&["java", "mvn"]) {
            Some(program) => say!("SKIP Apache Kafka as the third side: {program} is missing"),
            None => {
                kafka::install()?;
                measuring.arg("--xtask").arg(paths::own());
            }
        }
    }
    if options.save {
        let machine = machine();
        let folder =
            paths::root().join(format!("results/{}-{}-one-path", said(&["date", "+%F"])?, slug(&machine)));
        let commit = said(&["git", "rev-parse", "--short", "HEAD"])?;
        measuring.arg("--out").arg(folder).arg("--about").arg(format!(
            "Machine: {machine}, Linux {}, loopback ({}). Commit {commit}. `cargo xtask bench --save {}`",
            said(&["uname", "-r"])?.split('-').next().unwrap_or_default(),
            network.about(),
            options.arguments.join(" "),
        ));
    }
    step("floor, broker, Apache Kafka", measuring.args(&options.arguments))
}
