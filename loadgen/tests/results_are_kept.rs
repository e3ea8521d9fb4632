//! `--out`: a directory that says all there is to say, in forms that others read.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use loadgen_result::report::RunReport;
use std::fs;
use support::Loadgen;

const SHORT: &str = "--duration 700ms --warmup 200ms --rate 5k";

#[test]
fn a_result_directory_holds_the_report_the_histograms_and_the_course() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("results/first");
    let ran = Loadgen::own_broker(&format!("{SHORT} --out {}", out.display())).ran().expect(0);

    let text = fs::read_to_string(out.join("run.json")).unwrap();
    let report: RunReport = serde_json::from_str(&text).unwrap();
    assert_eq!(&serde_json::from_str::<serde_json::Value>(&text).unwrap(), ran.json(), "as --json has it");

    let log = fs::read(out.join("latency.hdr")).unwrap();
    let entries: Vec<LogEntry<'_>> = IntervalLogIterator::new(&log).map(Result::unwrap).collect();
    let tag = |entry: &LogEntry<'_>| match entry {
        LogEntry::Interval(histogram) => histogram.tag().map(|tag| tag.as_str().to_owned()),
        _ => None,
    };
    let tags: Vec<String> = entries.iter().filter_map(tag).collect();
    assert_eq!(tags, ["response", "queue", "service", "end_to_end"]);

    let series = fs::read_to_string(out.join("series.csv")).unwrap();
    assert_eq!(series.lines().count(), 1 + report.figures.unwrap().series.len());
}

#[test]
fn what_cannot_be_written_is_said_in_one_line_before_or_after_the_table() {
    let ran = Loadgen::run(&format!("{SHORT} --out /dev/null/here")).ran().expect(2);
    assert!(ran.error().contains("/dev/null/here") && ran.stdout.is_empty(), "before: {}", ran.stdout);

    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("series.csv")).unwrap(); // where a file should go
    let ran = Loadgen::own_broker(&format!("{SHORT} --out {}", dir.path().display())).ran().expect(2);
    assert!(ran.error().contains("series.csv") && ran.told().contains("records/s"), "after: {}", ran.stdout);
    assert!(!dir.path().join("run.json").exists(), "no whole result");
}
