//! Planted loss, duplicates, reordering and corruption on the way to and from a real broker: exit code 1 and no numbers.

#![allow(clippy::unwrap_used)] // helper functions of tests may, as tests do

mod support;

use serde_json::Value;
use support::proxy::{Lie, LyingBroker};
use support::{Loadgen, creel};

/// Without acks a request may vanish or come twice and nobody misses an answer.
const LOAD: &str = "--duration 500ms --warmup 0s --linger-ms 1 --partitions 1 --connections 1";

fn findings_of(lie: Lie, more: &str) -> Value {
    let data = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), data.path(), lie);
    let ran = Loadgen::run(&format!("{LOAD} {more} --bootstrap {}", broker.address)).ran().expect(1);
    assert!(ran.json()["figures"].is_null(), "no headline: {}", ran.stdout);
    assert!(ran.stdout.contains("FAILED") && !ran.stdout.contains("records/s  "), "{}", ran.stdout);
    let findings = ran.json()["verification"]["findings"].clone();
    assert!(findings["first_example"].is_string(), "{findings}");
    findings
}

fn counts(findings: &Value) -> [bool; 4] {
    ["lost", "duplicated", "reordered", "corrupt"].map(|kind| findings[kind].as_u64().unwrap() > 0)
}

#[test]
fn a_lost_request_is_found() {
    assert_eq!(counts(&findings_of(Lie::Drop, "--rate 5k --acks 0")), [true, false, false, false]);
}

#[test]
fn a_request_that_came_twice_is_found() {
    assert_eq!(counts(&findings_of(Lie::Twice, "--rate 5k --acks 0")), [false, true, false, false]);
}

#[test]
fn requests_out_of_order_are_found() {
    assert_eq!(counts(&findings_of(Lie::Swap, "--rate 5k --acks 0")), [false, false, true, false]);
}

#[test]
fn a_flipped_bit_is_found() {
    let findings = findings_of(Lie::FlipAnswer, "--rate 100k --acks 1");
    assert!(findings["corrupt"].as_u64().unwrap() > 0, "{findings}");
}
