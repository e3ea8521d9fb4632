//! `cargo xtask fuzz`: the decoders of bytes that are not trusted, under libFuzzer.
//!
//! The ordinary toolchain builds the program with LLVM's coverage counters, which is all that libFuzzer needs to be
//! guided. Inputs that reach new code are kept in `fuzz/corpus`, inputs that make it fail in `fuzz/artifacts`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use clap::Args;

use crate::paths;
use crate::run::{Failure, Outcome, about, cargo, step};
use crate::tools;

/// The passes that make code count what runs: those of `cargo fuzz --sanitizer none`.
const COVERAGE: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// How long a run of everything takes in CI, beside the build (two minutes on two cores).
const SHORT_RUN_SECONDS: u32 = 90;

/// What to fuzz, and for how long.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Length of the whole run, seconds. Each target gets an equal share
    #[arg(long)]
    seconds: Option<u32>,
    /// Give only this file to the target, to repeat a finding
    #[arg(long, value_name = "FILE", requires = "targets")]
    input: Option<PathBuf>,
    /// Print the names of the targets
    #[arg(long)]
    list: bool,
    /// Targets to run [default: all]
    targets: Vec<String>,
}

/// Builds the program, then runs each target for its share of the time.
pub(crate) fn fuzz(options: &Options) -> Outcome {
    if tools::first_missing(&["c++"]).is_some() {
        return tools::skip("fuzz", "c++ is not installed");
    }
    let program = build()?;
    let names = names(&program)?;
    if options.list {
        names.iter().for_each(|name| say!("{name}"));
        return Ok(());
    }
    if let Some(unknown) = options.targets.iter().find(|target| !names.contains(target)) {
        return Err(Failure::Missing { what: format!("a fuzz target called {unknown}: --list shows them") });
    }
    if let (Some(input), [target, ..]) = (&options.input, &options.targets[..]) {
        return step(&format!("fuzz {target}"), of(&program, target).arg(input));
    }
    let targets = if options.targets.is_empty() { names } else { options.targets.clone() };
    run_all(&program, &targets, options.seconds.unwrap_or(SHORT_RUN_SECONDS))
}

fn build() -> Result<PathBuf, Failure> {
    let host = host()?;
    let manifest = folder().join("Cargo.toml");
    let mut build = cargo(&["build", "--bin", "fuzz", "--target", &host, "--manifest-path"]);
    build.arg(manifest).env("RUSTFLAGS", COVERAGE.join(" ")).env_remove("CARGO_TARGET_DIR");
    step("fuzz targets", &mut build)?;
    Ok(folder().join("target").join(host).join("debug/fuzz"))
}

/// With a target named, flags are not for build scripts and macros, which have no libFuzzer to count for.
fn host() -> Result<String, Failure> {
    let output =
        Command::new("rustc").arg("-vV").current_dir(paths::root()).output().map_err(about("rustc"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::Missing { what: "rustc's host".to_owned() })
}

fn folder() -> PathBuf {
    paths::root().join("fuzz")
}

fn names(program: &Path) -> Result<Vec<String>, Failure> {
    let output = Command::new(program).env_remove("CREEL_FUZZ_TARGET").output().map_err(about("fuzz"))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn of(program: &Path, target: &str) -> Command {
    let mut command = Command::new(program);
    command.env("CREEL_FUZZ_TARGET", target).current_dir(folder());
    command
}

/// As many at a time as there are cores; each target's output is shown when it has ended.
fn run_all(program: &Path, targets: &[String], seconds: u32) -> Outcome {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let each = (seconds as usize * cores / targets.len().max(1)).max(1);
    say!("\n==> fuzz: {} targets, {each} s each, {cores} at a time", targets.len());
    let mut failed = Vec::new();
    for together in targets.chunks(cores) {
        let running: Vec<_> = together
            .iter()
            .map(|target| Ok((target, start(program, target, each)?)))
            .collect::<Result<_, Failure>>()?;
        for (target, child) in running {
            if !finish(target, child)? {
                failed.push(target.as_str());
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Step { title: "fuzz".to_owned(), status: failed.join(", ") })
    }
}

fn start(program: &Path, target: &str, seconds: usize) -> Result<Child, Failure> {
    let corpus = folder().join("corpus").join(target);
    let artifacts = folder().join("artifacts").join(target);
    for made in [&corpus, &artifacts] {
        fs::create_dir_all(made).map_err(about(made.display().to_string()))?;
    }
    let mut command = of(program, target);
    command.arg(corpus);
    let seeds = folder().join("seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args(["-rss_limit_mb=1024", "-timeout=10", "-print_final_stats=1", "-verbosity=1"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(about("fuzz"))
}

/// One line of a target that went well, all that is known of one that did not.
fn finish(target: &str, child: Child) -> Result<bool, Failure> {
    let output = child.wait_with_output().map_err(about("fuzz"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        say!("{told}\n{target}: FAILED. Again: cargo xtask fuzz {target} --input FILE (named above)");
        return Ok(false);
    }
    say!("{target}: {}", summary(&told));
    Ok(true)
}

/// What libFuzzer says at the end: inputs tried, coverage reached from where.
fn summary(told: &str) -> String {
    let stat =
        |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("?").trim().to_owned();
    let coverage = |line: &str| line.split_once("cov: ")?.1.split(' ').next().map(str::to_owned);
    let mut covered = told.lines().filter_map(coverage);
    let first = covered.next().unwrap_or_default();
    let last = covered.next_back().unwrap_or_else(|| first.clone());
    format!("{} inputs, coverage {first} -> {last}", stat("stat::number_of_executed_units:"))
}
