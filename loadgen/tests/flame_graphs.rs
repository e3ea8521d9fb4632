//! Where the broker's CPU went, on machines where perf may look.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::fs;
use support::Loadgen;

#[test]
fn a_flame_graph_shows_the_functions_of_the_broker() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("result");
    let load = "--flame --duration 4s --warmup 100ms --rate 20k --record-size 100";
    let ran = Loadgen::own_broker(load).and("--out", &out.display().to_string()).ran();
    if ran.stderr.contains("It needs Linux's perf") {
        eprintln!("SKIP: {}", ran.expect(2).stderr);
        return;
    }
    ran.expect(0);
    let flame = fs::read_to_string(out.join("flame.svg")).unwrap();
    assert!(flame.contains("creel-core-0") && flame.contains("creel_io::"), "no functions of the broker");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("flame.svg, beside this page"));
}
