//! `cargo xtask peers`: Creel, Apache Kafka and the floor in the forms that brokers are usually praised in.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::machine::{Network, machine, said, slug};
use crate::run::{Failure, Outcome, about, cargo, step};
use crate::{kafka, paths, tools};

/// Passed on to the measuring program.
#[derive(Args)]
pub(crate) struct Options {
    /// Folder for the result. By default it is `results/<date>-<machine>-peers`, or with --quick `target/peers`
    #[arg(long)]
    out: Option<PathBuf>,
    /// One short round of everything, to see whether it works. The figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Without Apache Kafka
    #[arg(long)]
    no_kafka: bool,
    /// Its own arguments, such as `--forms flood,keyed --rounds 5`; `-- --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds all sides in release and measures them.
pub(crate) fn peers(options: &Options) -> Outcome {
    let missing = tools::first_missing(&["java", "mvn"]);
    if let Some(program) = missing.filter(|_| !options.no_kafka) {
        return Err(Failure::Missing { what: program.to_owned() });
    }
    let binaries = ["--bin", "creel", "--bin", "floor", "--bin", "peers"];
    step("binaries", cargo(&["build", "--release"]).args(binaries))?;
    if !options.no_kafka {
        kafka::install()?;
    }
    let (network, machine) = (Network::find(), machine());
    let mut measuring = network.command(&paths::release_binary("peers"));
    if !options.no_kafka {
        measuring.arg("--xtask").arg(paths::own());
    }
    let own_place = if options.quick {
        "target/peers".into()
    } else {
        format!("results/{}-{}-peers", said(&["date", "+%F"])?, slug(&machine))
    };
    let out = options.out.clone().unwrap_or_else(|| paths::root().join(own_place));
    measuring.arg("--out").arg(out).args(options.quick.then_some("--quick"));
    measuring.arg("--about").arg(told(options, &network, &machine)?);
    step("Creel, Apache Kafka and the floor", measuring.args(&options.arguments))
}

fn told(options: &Options, network: &Network, machine: &str) -> Result<String, Failure> {
    let mut command = vec!["cargo xtask peers"];
    command.extend(options.quick.then_some("--quick"));
    command.extend(options.no_kafka.then_some("--no-kafka"));
    command.extend((!options.arguments.is_empty()).then_some("--"));
    command.extend(options.arguments.iter().map(String::as_str));
    let commit = said(&["git", "rev-parse", "--short", "HEAD"])?;
    let changed = if said(&["git", "status", "--porcelain"])?.is_empty() { "" } else { " with changes" };
    let java = if options.no_kafka { String::new() } else { format!(" {}.", java()?) };
    Ok(format!(
        "Machine: {machine}, {memory}, Linux {kernel}, loopback ({network}). Commit {commit}{changed}, `{command}`.{java}",
        memory = memory(),
        kernel = said(&["uname", "-r"])?.split('-').next().unwrap_or_default(),
        network = network.about(),
        command = command.join(" "),
    ))
}

/// Of the machine, whole GiB.
fn memory() -> String {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|total| total.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map_or("unknown memory".to_owned(), |kib| format!("{} GiB", kib.div_ceil(1 << 20)))
}

/// Java says its version on stderr.
fn java() -> Result<String, Failure> {
    let output = Command::new("java").arg("-version").output().map_err(about("java"))?;
    let text = String::from_utf8_lossy(&output.stderr).replace('"', "");
    Ok(format!("Kafka runs on {}", text.lines().next().unwrap_or("an unknown Java")))
}
