//! Sweeps: every cell is measured and kept, a restart goes on, and what is wrong with a matrix is told in one line.

#![allow(clippy::unwrap_used)] // helper functions of tests may, as tests do

mod support;

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use support::{Loadgen, Ran, creel, wait_for};
use tempfile::TempDir;

/// A matrix and a directory for its results.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new(matrix: &str) -> Place {
        let place = Place { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(place.dir.path().join("brokers")).unwrap();
        place.write(matrix);
        place
    }

    fn write(&self, matrix: &str) {
        fs::write(self.matrix(), matrix).unwrap();
    }

    fn matrix(&self) -> PathBuf {
        self.dir.path().join("matrix.toml")
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    fn command(&self, more: &str) -> Loadgen {
        let brokers = self.dir.path().join("brokers");
        let (matrix, out) = (self.matrix(), self.out());
        let (matrix, out, brokers) = (matrix.display(), out.display(), brokers.display());
        let set = format!("--set broker-dir={brokers} --set broker-bin={}", creel().display());
        Loadgen::plain("sweep", &format!("{matrix} --out {out} {set} {more}"))
    }

    fn sweep(&self, more: &str) -> Ran {
        self.command(more).ran()
    }

    fn advice(&self, more: &str) -> Ran {
        Loadgen::command("advice", &format!("{} {more}", self.out().display())).ran()
    }

    fn results(&self) -> Vec<String> {
        names_in(&self.out().join("runs"))
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const SHORT: &str = "[base]\nduration = '300ms'\nwarmup = '100ms'\nrecord-size = 100\n";

#[test]
fn every_cell_is_measured_as_often_as_asked_and_advice_names_the_best() {
    let matrix = format!("{SHORT}[sweep]\ncodec = ['none', 'zstd:1']\n[load]\nmaximum = true\n");
    let place = Place::new(&matrix);
    let ran = place.sweep("--repeats 2").expect(0);
    assert_eq!(
        place.results(),
        ["c000.maximum.r0.json", "c000.maximum.r1.json", "c001.maximum.r0.json", "c001.maximum.r1.json"]
    );
    assert!(ran.told().contains("codec=zstd:1") && ran.told().contains("2 cells"), "{}", ran.stdout);

    let ran = place.advice("--prefer disk-bytes --slo acks=all,records/s>1").expect(0);
    let json = ran.json();
    assert_eq!(json["best"]["point"]["label"], "codec=zstd:1");
    assert_eq!(json["best"]["clients"]["java"]["compression.type"], "zstd");
    assert!(ran.told().contains("compression.zstd.level=1"), "{}", ran.stdout);
    assert!(ran.told().contains("KafkaProducer("), "{}", ran.stdout);

    let ran = place.advice("--slo p99<0.001ms").expect(1);
    assert!(ran.told().contains("No cell meets p99<0.001ms"), "{}", ran.stdout);
    assert!(ran.told().contains("the nearest is"), "{}", ran.stdout);
}

#[test]
fn a_restart_measures_only_what_is_missing_and_another_matrix_is_refused() {
    let matrix = format!("{SHORT}[sweep]\nlinger-ms = [0, 5]\n[load]\nshare = 0.5\n");
    let place = Place::new(&matrix);
    place.sweep("").expect(0);
    let runs = place.out().join("runs");
    let changed = |name: &str| fs::metadata(runs.join(name)).unwrap().modified().unwrap();
    let (kept, gone) = ("c000.share-0.5.r0.json", "c001.share-0.5.r0.json");
    let before = changed(kept);
    fs::remove_file(runs.join(gone)).unwrap();
    place.sweep("").expect(0);
    assert_eq!(changed(kept), before);
    assert_eq!(place.results().len(), 4);

    place.write(&matrix.replace("300ms", "400ms"));
    let ran = place.sweep("").expect(2);
    assert!(ran.error().contains("[base] duration was \"300ms\", now it is \"400ms\""), "{}", ran.error());
    assert_eq!(place.results().len(), 4);
}

#[test]
fn results_of_a_file_that_has_changed_since_are_not_gone_on_with() {
    let place = Place::new(&format!("{SHORT}[load]\nmaximum = true\n").replace("record-size = 100\n", ""));
    let values = place.dir.path().join("values");
    fs::write(&values, "one\ntwo\n").unwrap();
    let payload = format!("--set payload={}", values.display());
    place.sweep(&payload).expect(0);
    assert_eq!(place.results(), ["c000.maximum.r0.json"]);
    place.sweep(&payload).expect(0);

    fs::write(&values, "one\nTWO\n").unwrap();
    let ran = place.sweep(&payload).expect(2);
    let words = format!("in {} was 8 B (", values.display());
    assert!(ran.error().contains(&words) && ran.error().contains("choose another --out"), "{}", ran.error());
    fs::remove_dir_all(place.out()).unwrap();
    place.sweep(&payload).expect(0);
}

#[test]
fn an_interrupt_keeps_what_is_done() {
    let place = Place::new(&format!(
        "{SHORT}[sweep]\nlinger-ms = [0, 1, 2, 3, 4, 5, 6, 7]\n[load]\nmaximum = true\n"
    ));
    let command = place.command("");
    let child = command.start();
    wait_for(|| (!place.results().is_empty()).then_some(()));
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), Signal::INT).unwrap();
    let ran = command.finish(child).expect(0);
    assert!(ran.told().contains("Interrupted. The same command continues the sweep"), "{}", ran.stdout);
    let count = place.results().len();
    assert!((1..8).contains(&count), "{count}");
    assert!(place.results().iter().all(|name| name.ends_with(".json")), "{:?}", place.results());
    let ran = place.advice("").expect(0);
    assert!(ran.told().contains("The sweep of 8 cells is not complete"), "{}", ran.stdout);
}

#[test]
fn halving_runs_the_better_half_longer_and_says_who_was_dropped() {
    let place =
        Place::new(&format!("{SHORT}[sweep]\nbatch-bytes = ['200', '64k']\n[load]\nmaximum = true\n"));
    let ran = place.sweep("--halving --keep 1").expect(0);
    assert!(ran.stderr.contains("dropped at"), "{}", ran.stderr);
    let results = place.results();
    assert_eq!(results.len(), 3, "{results:?}");
    let dropped = fs::read_to_string(place.out().join("halving.json")).unwrap();
    let dropped: serde_json::Value = serde_json::from_str(&dropped).unwrap();
    assert_eq!(dropped.as_array().map(Vec::len), Some(1), "{dropped}");
    assert!(dropped[0]["last_kept"].as_f64() >= dropped[0]["value"].as_f64(), "{dropped}");
}

#[test]
fn what_cannot_be_swept_is_told_in_one_line_and_nothing_is_written() {
    for (matrix, words) in [
        ("[sweep]\ncodec = []\n", "line 2: codec lists nothing"),
        ("[sweep]\ncodec = ['lz4'\n", "matrix.toml, line "),
        (
            "[sweep]\nlingerms = [1]\n",
            "line 2: lingerms is no option of `loadgen run`; did you mean linger-ms?",
        ),
        ("[base]\npayload = '/nowhere/at/all'\nduration = '1s'\n", "/nowhere/at/all"),
    ] {
        let ran = Place::new(matrix).sweep("").expect(2);
        assert!(ran.error().contains(words), "{matrix}: {}", ran.error());
    }
    let place = Place::new(SHORT);
    fs::write(place.out(), "a file").unwrap();
    assert!(place.sweep("").expect(2).error().contains("out"));
    let missing = Loadgen::plain("advice", "/nowhere/at/all").ran().expect(2);
    assert!(missing.error().contains("/nowhere/at/all"), "{}", missing.error());
}

#[test]
fn a_dry_run_lists_the_cells_and_measures_nothing() {
    let place = Place::new(&format!("{SHORT}[sweep]\ncodec = ['none', 'lz4']\nacks = ['all', '1']\n"));
    let ran = place.sweep("--dry-run").expect(0);
    assert!(ran.told().contains("4 cells") && ran.told().contains("acks=1 codec=lz4"), "{}", ran.stdout);
    assert!(!place.out().exists());
}
