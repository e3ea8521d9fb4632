//! Comparisons by the real command: a slowdown that is there is found, and what can't be compared is refused.
//!
//! That a tenth more CPU is found, and nothing where nothing is, is for `planted_slowdown.rs` and `compare/judge/tests.rs`. Here
//! the slowdown is in latency (B waits for batches that do not fill) and large, so that no neighbour on the machine can hide it
//! in six short pairs.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use support::{Loadgen, creel, wait_for_while};

/// Nothing is read: what a run takes beside its load is most of its time here.
const SHORT: &str =
    "rate = '3k'\nduration = '300ms'\nwarmup = '0s'\nconsumers = 0\nverify = 'off'\nlinger-ms = 0\n";
/// Hundreds of milliseconds of waiting for a batch to fill, whatever else the machine does.
const SLOW: &str = "rate = '3k'\nduration = '300ms'\nwarmup = '0s'\nconsumers = 0\nverify = 'off'\nname = 'slow'\n\
    linger-ms = 1000\nbatch-bytes = '4M'\n";
const FEW: &str = "--rounds 6 --metric p50 --despite-noise";

/// A comparison of two files, whose results go to `out`.
fn compare(a: &str, b: &str, options: &str) -> (Loadgen, PathBuf) {
    let loadgen = Loadgen::of(&["compare"]);
    let dir = loadgen.dir.path();
    let out = dir.join("out");
    let mut loadgen = loadgen.and("--out", &out.display().to_string());
    for (name, text) in [("a.toml", a), ("b.toml", b)] {
        let path = loadgen.dir.path().join(name);
        let broker = if text.contains("broker-bin") {
            String::new()
        } else {
            format!("broker-bin = '{}'\n", creel().display())
        };
        fs::write(&path, format!("{text}\n{broker}")).unwrap();
        loadgen = loadgen.with(&[&path.display().to_string()]);
    }
    let options: Vec<&str> = options.split_whitespace().collect();
    (loadgen.with(&options), out)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_planted_slowdown_is_found() {
    let (loadgen, out) = compare(SHORT, SLOW, FEW);
    let ran = loadgen.ran().expect(1);
    assert!(ran.told().contains("slow answers later than a: response p50"), "{}", ran.stdout);
    let result = read(&out.join("compare.json"));
    assert_eq!((&result["verdict"], &result["primary"]), (&"worse".into(), &"p50".into()));
    let runs = result["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 24, "6 pairs of control, 6 of comparison");
    for run in runs {
        let whole = read(&out.join(run["file"].as_str().unwrap()));
        assert_eq!(whole["figures"]["response"]["p50_us"], run["values"]["p50"]);
    }
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_line() {
    for (b, words) in [
        ("rate = 5000\nliger-ms = 5\n", "b.toml:2: "),
        ("\n\ncodec = 'brotli'\n", "b.toml:3: "),
        ("rate = \n", "b.toml:1: "),
        ("rate = 5\nbatch-bytes = [1 2]\n", "b.toml:2: "),
        ("duration = '1s'\n", "one of the two has a --rate"),
        ("rate = 5\nseed = 7\n", "b.toml:2: seed is the same for both sides"),
        ("rate = 5\n\nout = 'there'\n", "b.toml:3: out is for a single run"),
    ] {
        let (loadgen, out) = compare(SHORT, b, "");
        let ran = loadgen.ran().expect(2);
        assert!(ran.error().contains(words), "{b}: {}", ran.error());
        assert!(!out.exists());
    }
    let (loadgen, _) = compare(SHORT, SHORT, "--rounds 5");
    assert!(loadgen.ran().expect(2).stderr.contains("--rounds"));
}

#[test]
fn a_run_that_cannot_be_made_keeps_those_before_it() {
    let broken = format!("{SHORT}broker-bin = '/nowhere/creel'\n");
    let (loadgen, out) = compare(SHORT, &broken, FEW);
    let ran = loadgen.ran().expect(2);
    assert!(ran.error().contains("/nowhere/creel"), "{}", ran.error());
    let kept = read(&out.join("compare.json"));
    assert!(kept["runs"].as_array().unwrap().len() >= 12, "the control was measured");
    assert!(kept["failed"].as_str().unwrap().contains("/nowhere/creel"));
}

#[test]
fn an_interrupt_gives_a_verdict_on_the_pairs_so_far() {
    let (loadgen, out) = compare(SHORT, SLOW, "--rounds 900 --control-rounds 6 --metric p50 --despite-noise");
    let mut started = loadgen.start();
    wait_for_while(&mut started, || out.join("compare-007-b/run.json").exists().then_some(()));
    kill_process(Pid::from_raw(started.id() as i32).unwrap(), Signal::INT).unwrap();
    let ran = loadgen.finish(started).expect(1);
    assert!(ran.told().contains("slow answers later than a"), "{}", ran.stdout);
    assert!(
        ran.told().contains("Interrupted: the verdict is that of the pairs measured so far"),
        "{}",
        ran.stdout
    );
    let kept = read(&out.join("compare.json"));
    assert_eq!((&kept["interrupted"], &kept["verdict"]), (&true.into(), &"worse".into()));
    assert!(kept["metrics"][0]["pairs"].as_u64().unwrap() < 900);
}

#[test]
fn an_interrupt_before_anything_is_compared_leaves_no_verdict() {
    let (loadgen, out) = compare(SHORT, SLOW, FEW);
    let mut started = loadgen.start();
    wait_for_while(&mut started, || out.join("control-001-a/run.json").exists().then_some(()));
    kill_process(Pid::from_raw(started.id() as i32).unwrap(), Signal::INT).unwrap();
    let ran = loadgen.finish(started).expect(2);
    assert!(ran.error().contains("stopped before A and B were compared"), "{}", ran.error());
}
