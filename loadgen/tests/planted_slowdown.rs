//! A build of the broker that burns CPU in every produce request is found by what it costs.
//!
//! How little can be found is a matter of the machine: that ten percent are where the noise allows it, and that A against A
//! stays inconclusive, is proved over hundreds of seeds in `compare/judge/tests.rs`. Here the noise is the machine's own,
//! runs are short, and CPU is counted in pieces of 10 ms; on two cores that others kept busy, two runs of the same broker
//! differed by a third. So what is planted multiplies the cost of a request.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
use support::{Loadgen, Ran};

/// Requests of one small record each at a fixed rate: what a run costs is what its requests cost, and how many there are.
const LOAD: &str = "rate = '2k'\nduration = '1s'\nwarmup = '100ms'\nlinger-ms = 0\nrecord-size = 64\nbatch-bytes = 64\n\
    connections = 1\nin-flight = 20\npartitions = 1\nacks = '1'\nconsumers = 0\nverify = 'off'\n";
/// Some hundred microseconds in a debug build, on top of some fifty.
const BURNING: u32 = 100_000;

/// A side: the broker with bugs in it, of which it is told how many rounds of nothing to do in each request.
fn arm(dir: &Path, name: &str, spins: u32) -> String {
    let creel = Path::new(env!("CARGO_BIN_EXE_loadgen")).with_file_name("creel");
    let (creel, path) = (creel.display(), dir.join(name));
    let listening = "--listen 127.0.0.1:{port} --data-dir {dir} --cores {cores}";
    let command = format!(r#"broker-command = "env PLANTED_SPINS={spins} '{creel}' {listening}""#);
    fs::write(&path, format!("{command}\n{LOAD}")).unwrap();
    path.display().to_string()
}

fn compared(dir: &Path, spins_of_b: u32) -> (Ran, Value) {
    let (a, b) = (arm(dir, "a.toml", 0), arm(dir, "b.toml", spins_of_b));
    let out = dir.join("out").display().to_string();
    let options = ["--rounds", "6", "--metric", "broker-cpu", "--out", &out];
    let ran = Loadgen::of(&["compare", &a, &b]).with(&options).ran();
    let kept = fs::read_to_string(dir.join("out/compare.json")).unwrap_or_else(|_| panic!("{}", ran.stderr));
    (ran, serde_json::from_str(&kept).unwrap())
}

#[test]
fn a_build_that_burns_cpu_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (ran, kept) = compared(dir.path(), BURNING);
    assert_eq!(kept["verdict"], "slower", "{}", ran.stdout);
    let ran = ran.expect(1);
    assert!(ran.stdout.contains("b is slower than a: broker CPU s/million"), "{}", ran.stdout);
}
