//! `cargo xtask smoke`: loadgen, with a broker that it starts, for a few verified seconds each.

use std::process::Command;

use crate::run::{Outcome, cargo, step};
use crate::{paths, tools};

const SECONDS: &str = "3s";

/// Real files, with a codec that suits the kind of data.
const FILES: [(&str, &str); 3] =
    [("OpenStack_2k.log", "none"), ("HDFS_2k.log", "lz4"), ("twitter_statuses.ndjson", "zstd")];

/// Runs README's `cargo loadgen run`, then the same on each real file that is there.
pub(crate) fn smoke() -> Outcome {
    build_binaries()?;
    step("loadgen, orders made from templates", &mut loadgen())?;
    let Some(data) = paths::shared_data() else {
        tools::say_skipped("loadgen on real files", "there is no ../shared/data");
        return Ok(());
    };
    for (file, codec) in FILES {
        let mut run = loadgen();
        run.arg("--payload").arg(data.join(file)).args(["--codec", codec, "--closed-loop"]);
        step(&format!("loadgen, {file}, {codec}"), &mut run)?;
    }
    Ok(())
}

/// Builds the broker and the load generator as the clients meet them.
pub(crate) fn build_binaries() -> Outcome {
    step("binaries", &mut cargo(&["build", "--profile", "fast", "--bin", "creel", "--bin", "loadgen"]))
}

fn loadgen() -> Command {
    let mut command = Command::new(paths::fast_binary("loadgen"));
    command.args(["run", "--duration", SECONDS]);
    command
}
