//! `loadgen run` without a rate: the highest rate, then latency at half of it, in a few lines.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use loadgen_page::glossary;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use support::{LONG, Loadgen, broker_of, wait_for_records};

const SHORT: &str = "--duration 600ms --warmup 100ms --batch-bytes 4k";
/// Without warnings, of which a busy machine has many.
const LINES_MAX: usize = 16;

/// What stands in front of each line of a table. Where a warning goes on, its line begins further to the right.
fn labels(text: &str) -> impl Iterator<Item = &str> {
    let lines =
        text.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with("   "));
    let labels = lines.filter_map(|line| line.get(..15)).map(str::trim);
    labels.filter(|label| !label.is_empty() && !label.starts_with("!!"))
}

#[test]
fn the_highest_rate_is_measured_and_then_latency_at_half_of_it() {
    let loadgen = Loadgen::own_broker(SHORT);
    let ran = loadgen.ran().expect(0);
    let (highest, second) = (ran.json(), &ran.json()["at_share"]);
    let rate = highest["figures"]["records_per_s"].as_f64().unwrap();
    assert_eq!(
        (&highest["settings"]["load"], &highest["settings"]["target_rate"]),
        (&"maximum".into(), &().into())
    );
    assert_eq!(second["share"], 0.5);
    assert_eq!(second["target_rate"], (rate / 2.0).round());
    let run = &second["run"];
    assert_eq!(
        (&run["settings"]["load"], &run["settings"]["target_rate"]),
        (&"open".into(), &second["target_rate"])
    );
    assert_eq!(run["schema"], highest["schema"], "a whole result, as of a run with --rate");
    for one in [highest, run] {
        assert_eq!(one["verification"]["passed"], true);
        let figures = &one["figures"];
        for latency in ["response", "queue", "service", "end_to_end"] {
            assert!(figures[latency]["p99_us"].as_f64().is_some_and(|p99| p99 > 0.0), "{latency}: {figures}");
        }
        let [all, spoil] = [&one["warnings"], &one["spoiled_by"]].map(|list| list.as_array().unwrap());
        assert!(spoil.iter().all(|warning| all.contains(warning)), "{all:?} {spoil:?}");
    }
    assert_eq!(fs::read_dir(loadgen.broker_dir()).unwrap().count(), 0, "both brokers' directories are gone");
}

#[test]
fn its_table_is_short_and_each_of_its_words_explained() {
    let ran = Loadgen::own_broker(SHORT).ran().expect(0);
    let (table, rest) = ran.stdout.split_once("verified").unwrap();
    assert!(table.lines().count() <= LINES_MAX, "{table}");
    for word in ["highest rate", "at 50 % of it", "response", "p99.9", "CPU"] {
        assert!(table.contains(word), "{word}: {table}");
    }
    for long in ["service", "inside broker", "machine", "steady", "wire"] {
        assert!(!labels(table).any(|label| label == long), "{long}: {table}");
    }
    assert!(rest.contains("loadgen run --help") && rest.contains("--details"), "{rest}");
    for label in labels(table) {
        assert!(glossary::explains(label), "{label}: {table}");
    }
}

#[test]
fn warnings_of_the_short_table_are_those_that_spoil_the_result() {
    let ran = Loadgen::own_broker(&format!("{SHORT} --consumers 0 --verify off")).ran().expect(0);
    assert!(ran.json()["warnings"].to_string().contains("Nothing was verified."));
    assert!(!ran.told().contains("Nothing was verified."), "{}", ran.stdout);
    assert!(ran.told().contains("--verify off"), "{}", ran.stdout);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "only one line\n").unwrap();
    let ran = Loadgen::own_broker(&format!("{SHORT} --codec zstd --payload {}", file.path().display()))
        .ran()
        .expect(0);
    assert!(
        ran.told().contains("!! highest rate: ") && ran.told().contains("repeats within a batch"),
        "{}",
        ran.stdout
    );
}

#[test]
fn details_are_the_long_tables_and_what_their_words_mean() {
    let ran = Loadgen::own_broker(&format!("{SHORT} --details")).ran().expect(0);
    let (tables, words) = ran.stdout.split_once("Words:").unwrap();
    for label in ["queue", "service", "inside broker", "steady", "machine", "verified", "wire"] {
        let count = labels(tables).filter(|had| *had == label).count();
        assert!(count <= 2, "{label}: {tables}");
        assert!(count == 2 || ["steady", "inside broker"].contains(&label), "{label} of both runs: {tables}");
    }
    assert!(tables.contains("closed loop") && tables.contains("open loop"), "{tables}");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    for (word, meaning) in glossary::WORDS {
        assert!(words.contains(word) && words.contains(meaning), "{word}: {words}");
    }
    for label in labels(tables).filter(|label| !label.starts_with("The ")) {
        assert!(glossary::explains(label), "{label}: {tables}");
    }
}

#[test]
fn what_measures_one_thing_tells_of_it_as_ever() {
    for one in ["--closed-loop", "--rate 2k", "--rate 2k --details"] {
        let ran = Loadgen::own_broker(&format!("{SHORT} {one}")).ran().expect(0);
        assert!(ran.json()["at_share"].is_null(), "{one}");
        assert!(labels(&ran.stdout).any(|label| label == "service"), "{one}: {}", ran.stdout);
        assert_eq!(ran.told().contains("Words:"), one.contains("--details"), "{one}");
    }
    let ran = Loadgen::run("--closed-loop --rate 5k").ran().expect(2);
    assert!(ran.stderr.contains("cannot be used with"), "{}", ran.stderr);
}

#[test]
fn an_interrupted_first_run_has_no_second() {
    let loadgen = Loadgen::own_broker(LONG);
    let mut child = loadgen.start();
    broker_of(&mut child);
    wait_for_records(&loadgen.broker_dir());
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), Signal::INT).unwrap();
    let ran = loadgen.finish(child).expect(0);
    assert_eq!(ran.json()["interrupted"], true);
    assert!(ran.json()["at_share"].is_null() && ran.told().contains("(interrupted)"), "{}", ran.stdout);
}

#[test]
fn a_result_that_is_kept_holds_both_and_so_does_its_page() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("result");
    let ran = Loadgen::own_broker(&format!("{SHORT} --out {}", out.display())).ran().expect(0);
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap();
    assert_eq!(&kept, ran.json());
    let second = fs::read(out.join("at-share/run.json")).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&second).unwrap(), kept["at_share"]["run"]);
    for file in ["latency.hdr", "series.csv", "report.html", "at-share/latency.hdr", "at-share/report.html"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("result, highest rate") && page.contains("result, at 50 % of it"));
    let again = dir.path().join("again");
    Loadgen::of(&["report", out.to_str().unwrap(), "--out", again.to_str().unwrap()]).ran().expect(0);
    let page = fs::read_to_string(again.join("report.html")).unwrap();
    assert!(page.contains("result, at 50 % of it"), "made from the JSON alone");
}
