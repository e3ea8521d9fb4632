//! One small comparison from start to page. Skipped, and said so, where RabbitMQ or a built creel is missing.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::path::{Path, PathBuf};
use std::process::Command;

const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// The creel named by `BENCH_CREEL` (a name with CREEL_ in front would be a setting of the broker), or one that was built already.
fn creel() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let built = ["release", "fast", "debug"].map(|profile| target.join(profile).join("creel"));
    let named = std::env::var_os("BENCH_CREEL").map(PathBuf::from);
    named.into_iter().chain(built).find(|path| path.is_file())
}

#[test]
fn a_small_comparison_ends_with_a_page_and_loses_nothing() {
    let Some(creel) = creel() else {
        return eprintln!(
            "SKIP: no creel is built (cargo build -p creel-server), and BENCH_CREEL names none"
        );
    };
    if !Path::new(SERVER).is_file() {
        return eprintln!("SKIP: no {SERVER} (apt-get install rabbitmq-server)");
    }
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_creel-rabbitmq"));
    command.arg("--creel-bin").arg(creel).arg("--out").arg(out.path());
    command.args(["--rounds", "1", "--seconds", "0.5", "--warmup", "0.2", "--rates", "200"]);
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));

    let page = std::fs::read_to_string(out.path().join("README.md")).unwrap();
    assert!(page.contains("| highest rate: acknowledged messages/s |"), "{page}");
    let rounds = std::fs::read(out.path().join("rounds.json")).unwrap();
    let rounds: serde_json::Value = serde_json::from_slice(&rounds).unwrap();
    let measured = rounds["measured"].as_array().unwrap();
    assert_eq!(measured.len(), 4 * 5, "four systems, five loads");
    for load in measured {
        assert_eq!(load["figures"]["findings"]["lost"], 0, "{load}");
    }
    assert_eq!(rounds["failures"].as_array().unwrap().len(), 0, "{}", rounds["failures"]);
    for crash in rounds["crashes"].as_array().unwrap() {
        assert!(crash["confirmed"].as_u64().unwrap() > 0, "{crash}");
        assert_eq!(crash["lost"], 0, "a kill of the process loses nothing that was confirmed: {crash}");
    }
    for order in rounds["orders"].as_array().unwrap() {
        assert_eq!(order["handover_lost"], 0, "{order}");
    }
}
