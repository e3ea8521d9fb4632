//! A disk that is full when a result should be kept: what was measured is shown, what could be kept is whole, and one line
//! says what could not. The full disk is a real one, a file system of one page, mounted where only loadgen sees it.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use support::{Loadgen, creel};

const SHORT: &str = "--duration 300ms --warmup 0s --rate 3k";
/// Mounts its first argument full, as good as, and becomes the rest.
const MOUNT: &str = r#"mount -t tmpfs -o size=4k none "$0" && exec "$@""#;

/// `None` where the kernel lets nobody mount, not even for himself.
fn with_full_disk_at(place: &Path, arguments: &[&str]) -> Option<Output> {
    let mounting = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", MOUNT]).arg(place).arg(program);
        command
    };
    if !mounting("true").output().is_ok_and(|tried| tried.status.success()) {
        eprintln!("not tested: no mount namespace to be had");
        return None;
    }
    Some(mounting(env!("CARGO_BIN_EXE_loadgen")).args(arguments).output().unwrap())
}

/// Exit code 2 and one line with these words; what was printed before.
fn refused(ran: &Output, words: &str) -> String {
    let (stdout, stderr) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.status.code(), Some(2), "{stdout}\n{stderr}");
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("loadgen: ")).collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    assert!(lines[0].contains(words) && lines[0].contains("No space left"), "{stderr}");
    stdout.into_owned()
}

#[test]
fn a_file_that_cannot_be_written_is_named_behind_the_table() {
    let ran = Loadgen::plain("run", &format!("{SHORT} --json /dev/full")).ran().expect(2);
    assert!(ran.error().contains("/dev/full: No space left"), "{}", ran.error());
    assert!(ran.told().contains("records/s"), "{}", ran.stdout);
}

#[test]
fn a_directory_on_a_full_disk_holds_no_piece_of_a_result_and_the_json_elsewhere_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (out, json) = (dir.path().join("out"), dir.path().join("json"));
    fs::create_dir(&out).unwrap();
    let (out_text, json_text, creel) = (out.display().to_string(), json.display().to_string(), creel());
    let mut arguments = vec!["run", "--out", &out_text, "--json", &json_text, "--broker-bin"];
    let creel = creel.display().to_string();
    arguments.push(&creel);
    arguments.extend(SHORT.split(' '));
    let Some(ran) = with_full_disk_at(&out, &arguments) else { return };
    assert!(refused(&ran, &out_text).contains("records/s"));
    let kept: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    assert!(kept["figures"]["records_per_s"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_comparison_that_runs_out_of_disk_judges_and_keeps_the_pairs_before() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let full = out.join("compare-002-b");
    fs::create_dir_all(&full).unwrap();
    let same = dir.path().join("same.toml");
    let creel = creel().display().to_string();
    fs::write(&same, format!("rate = '3k'\nduration = '300ms'\nwarmup = '0s'\nbroker-bin = '{creel}'\n"))
        .unwrap();
    let (same, out_text) = (same.display().to_string(), out.display().to_string());
    let arguments = ["compare", &same, &same, "--rounds", "6", "--out", &out_text];
    let Some(ran) = with_full_disk_at(&full, &arguments) else { return };
    let table = refused(&ran, "compare-002-b/run.json");
    let table = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(table.contains("6 whole pairs of A and B, and 6 of A alone, are needed."), "{table}");
    let kept: Value = serde_json::from_str(&fs::read_to_string(out.join("compare.json")).unwrap()).unwrap();
    let runs = kept["runs"].as_array().unwrap();
    assert!(runs.len() > 13, "12 of the control, and one whole pair");
    for run in runs {
        let is_whole =
            |file: &str| serde_json::from_str::<Value>(&fs::read_to_string(out.join(file)).unwrap()).is_ok();
        assert!(run["file"].as_str().is_none_or(is_whole), "{run}");
    }
}
