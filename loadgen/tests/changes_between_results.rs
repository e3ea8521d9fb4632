//! `loadgen diff` and `loadgen trend` by the real command, on results made from one real run by changing figures in it.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use support::{Loadgen, Ran};
use tempfile::TempDir;

/// A directory with the result of a short run, and others made from it.
struct Results {
    dir: TempDir,
    real: Value,
}

impl Results {
    fn new() -> Results {
        let dir = tempfile::tempdir().unwrap();
        let ran = Loadgen::own_broker("--duration 300ms --warmup 0s --rate 3k").ran().expect(0);
        let mut real = ran.json().clone();
        real["figures"]["noise"]["flags"] = json!([]);
        let results = Results { dir, real };
        results.changed("a", |_| {});
        results
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A directory of a result that differs from the real one in this.
    fn changed(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut result = self.real.clone();
        change(&mut result);
        fs::create_dir_all(self.path(name)).unwrap();
        fs::write(self.path(name).join("run.json"), result.to_string()).unwrap();
    }

    fn diff(&self, a: &str, b: &str, options: &str) -> Ran {
        let [a, b] = [a, b].map(|name| self.path(name).display().to_string());
        Loadgen::plain("diff", options).with(&[&a, &b]).ran()
    }
}

fn scale(figure: &mut Value, by: f64) {
    *figure = json!(figure.as_f64().unwrap() * by);
}

#[test]
fn what_is_worse_beyond_the_threshold_is_a_regression_and_what_is_better_is_none() {
    let results = Results::new();
    results.changed("slow", |run| scale(&mut run["figures"]["response"]["p99_us"], 1.2));
    results.changed("less", |run| scale(&mut run["figures"]["records_per_s"], 0.9));

    let same = results.diff("a", "a", "").expect(0);
    assert!(same.told().contains("Nothing is worse by more than 5 %"), "{}", same.stdout);
    assert!(
        same.told().contains("One run of each") && same.told().contains("loadgen compare"),
        "{}",
        same.stdout
    );

    let slow = results.diff("a", "slow", "").expect(1);
    assert!(slow.told().contains("Worse by more than 5 %: response p99 ms (+20.0 %)."), "{}", slow.stdout);
    let less = results.diff("a", "less", "").expect(1);
    assert!(less.told().contains("Worse by more than 5 %: records/s (-10.0 %)."), "{}", less.stdout);

    results.diff("slow", "a", "").expect(0);
    results.diff("less", "a", "").expect(0);
    results.diff("a", "slow", "--threshold 25%").expect(0);
    results.diff("a", "slow", "--metric records-per-s").expect(0);
}

#[test]
fn another_machine_load_or_payload_is_not_judged_and_noise_is_told() {
    let results = Results::new();
    for (name, words, change) in [
        ("machine", "processor (", (|run| run["machine"]["cpu"] = json!("another")) as fn(&mut Value)),
        ("settings", "linger ms (5, then 99)", |run| run["settings"]["linger_ms"] = json!(99.0)),
        ("payload", "payload (", |run| run["settings"]["payload"] = json!("another")),
        ("rate", "load (3000/s", |run| run["settings"]["target_rate"] = json!(4000.0)),
    ] {
        results.changed(name, change);
        let ran = results.diff("a", name, "").expect(2);
        assert!(ran.told().contains("Not comparable") && ran.told().contains(words), "{}", ran.stdout);
        results.diff("a", name, "--anyway").expect(0);
    }
    results.changed("noisy", |run| run["figures"]["noise"]["flags"] = json!(["a neighbour"]));
    let noisy = results.diff("a", "noisy", "").expect(0);
    assert!(noisy.told().contains("B was disturbed: a neighbour"), "{}", noisy.stdout);
    assert!(noisy.told().contains("5 %, as far as disturbed runs show."), "{}", noisy.stdout);
}

#[test]
fn lost_records_are_a_regression_and_nothing_is_measured_by_them() {
    let results = Results::new();
    results.changed("lossy", |run| {
        run["figures"] = Value::Null;
        run["verification"]["passed"] = json!(false);
        run["verification"]["findings"]["first_example"] = json!("record 7 is lost");
    });
    let lossy = results.diff("a", "lossy", "").expect(1);
    assert!(lossy.told().contains("record 7 is lost"), "{}", lossy.stdout);
    let by_lossy = results.diff("lossy", "a", "").expect(2);
    assert!(by_lossy.error().contains("record 7 is lost"), "{}", by_lossy.error());
}

#[test]
fn what_is_no_result_is_named_in_one_line() {
    let results = Results::new();
    fs::create_dir(results.path("empty")).unwrap();
    fs::write(results.path("text"), "not json").unwrap();
    fs::write(results.path("other"), "{}").unwrap();
    for (b, words) in [
        ("nowhere", "nowhere"),
        ("empty", "no result in it"),
        ("text", "not a result"),
        ("other", "not a result that can be compared"),
    ] {
        let ran = results.diff("a", b, "").expect(2);
        assert!(ran.error().contains(words), "{b}: {}", ran.error());
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    }
    let ran = results.diff("a", "a", "--threshold much").expect(2);
    assert!(ran.stderr.contains("not a share such as 5%"), "{}", ran.stderr);
}

#[test]
fn a_trend_goes_from_the_oldest_to_the_newest_and_keeps_forms_apart() {
    let results = Results::new();
    results.changed("later", |run| {
        run["ended_at_ms"] = json!(run["ended_at_ms"].as_u64().unwrap() + 60_000);
        scale(&mut run["figures"]["records_per_s"], 1.5);
    });
    results.changed("group/other", |run| run["settings"]["codec"] = json!("lz4"));
    let ran = trend(results.dir.path()).expect(0);
    let line = |end: &str| ran.stdout.lines().position(|line| line.ends_with(end)).unwrap();
    assert!(line("/a") < line("/later"), "{}", ran.stdout);
    let later = ran.stdout.lines().nth(line("/later")).unwrap();
    assert!(later.contains("+50.0 %"), "{later}");
    let other = ran.stdout.lines().nth(line("/group/other")).unwrap();
    assert!(!other.contains('%') && ran.told().contains("codec lz4"), "{}", ran.stdout);

    let empty = tempfile::tempdir().unwrap();
    assert!(trend(empty.path()).expect(2).error().contains("no run.json"));
}

#[test]
fn forms_of_a_trend_have_names_that_tell_them_apart() {
    let results = Results::new();
    results.changed("linger", |run| run["settings"]["linger_ms"] = json!(99.0));
    results.changed("batches", |run| run["settings"]["batch_bytes"] = json!(1024));
    results.changed("machine", |run| run["machine"]["cpu"] = json!("another"));
    results.changed("kind", |run| run["broker"]["kind"] = json!("running"));
    results.changed("longer", |run| scale(&mut run["measured_s"], 1.5));
    let ran = trend(results.dir.path()).expect(0);
    let mut names: Vec<&str> =
        ran.stdout.lines().filter(|line| line.starts_with("  3000 records/s, ")).collect();
    assert_eq!(names.len(), 6, "{}", ran.stdout);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 6, "{}", ran.stdout);
    for words in
        ["linger ms 99", "batch bytes 1024", "processor another", "broker running already", "0.45 s measured"]
    {
        assert!(names.iter().any(|name| name.contains(words)), "{words}: {}", ran.stdout);
    }
    assert!(!ran.told().contains("partitions 4"), "what all have tells none apart: {}", ran.stdout);
}

fn trend(dir: &Path) -> Ran {
    Loadgen::of(&["trend"]).with(&[&dir.display().to_string()]).ran()
}
