//! `loadgen diff` on the directories of comparisons and sweeps, by the real command: results made from one real comparison and
//! one real sweep by changing figures in them.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use support::{Loadgen, Ran, creel};
use tempfile::TempDir;

/// Results of one kind, each in a directory of its own; the first is real.
struct Results {
    dir: TempDir,
}

impl Results {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn diff(&self, a: &str, b: &str, options: &str) -> Ran {
        let [a, b] = [a, b].map(|name| self.path(name).display().to_string());
        Loadgen::plain("diff", options).with(&[&a, &b]).ran()
    }

    /// A copy of the real result in which a file differs in this.
    fn changed(&self, name: &str, file: &str, change: impl FnOnce(&mut Value)) {
        copy(&self.path("real"), &self.path(name));
        let path = self.path(name).join(file);
        let mut result = read(&path);
        change(&mut result);
        fs::write(path, result.to_string()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn scale(figure: &mut Value, by: f64) {
    *figure = json!(figure.as_f64().unwrap() * by);
}

/// A against B, which are the same.
fn a_comparison() -> Results {
    let results = Results { dir: tempfile::tempdir().unwrap() };
    let settings = "rate = '2k'\nduration = '100ms'\nwarmup = '0s'\n";
    let mut loadgen = Loadgen::of(&["compare", "--rounds", "6", "--metric", "p50"]);
    for name in ["one", "other"] {
        let path = results.path(&format!("{name}.toml"));
        fs::write(&path, format!("{settings}name = '{name}'\nbroker-bin = '{}'\n", creel().display()))
            .unwrap();
        loadgen = loadgen.with(&[&path.display().to_string()]);
    }
    let ran = loadgen.and("--out", &results.path("real").display().to_string()).ran();
    assert!(results.path("real/compare.json").is_file(), "{}\n{}", ran.stdout, ran.stderr);
    results.changed("calm", "compare.json", |comparison| set_noise(comparison, "none", ""));
    fs::remove_dir_all(results.path("real")).unwrap();
    fs::rename(results.path("calm"), results.path("real")).unwrap();
    results
}

/// What disturbed the runs of a phase; the others were not.
fn set_noise(comparison: &mut Value, phase: &str, noise: &str) {
    for run in comparison["runs"].as_array_mut().unwrap() {
        run["noise"] = if run["phase"] == phase { json!([noise]) } else { json!([]) };
    }
}

#[test]
fn a_comparison_is_judged_side_by_side() {
    let results = a_comparison();
    let same = results.diff("real", "real", "").expect(0);
    for words in ["side A (one)", "side B (other)", "Nothing is worse", "at different times"] {
        assert!(same.told().contains(words), "{words}: {}", same.stdout);
    }
    results.changed("slow", "compare.json", |comparison| scale(&mut comparison["metrics"][0]["b"], 1.2));
    let slow = results.diff("real", "slow", "").expect(1);
    assert!(slow.told().contains("response p50 ms in side B (other) (+20.0 %)"), "{}", slow.stdout);
    assert!(!slow.told().contains("in side A"), "{}", slow.stdout);
    results.diff("slow", "real", "").expect(0);

    results.changed("void", "compare.json", |comparison| comparison["failed"] = json!("record 7 is lost"));
    let void = results.diff("real", "void", "").expect(1);
    assert!(void.told().contains("record 7 is lost"), "{}", void.stdout);
}

#[test]
fn of_a_comparisons_control_nothing_counts_as_a_side_of_it() {
    let results = a_comparison();
    results.changed("control", "compare.json", |comparison| set_noise(comparison, "control", "a neighbour"));
    let control = results.diff("real", "control", "").expect(0);
    assert!(!control.told().contains("a neighbour"), "{}", control.stdout);
    results.changed("noisy", "compare.json", |comparison| set_noise(comparison, "compare", "a neighbour"));
    let noisy = results.diff("real", "noisy", "").expect(0);
    assert!(noisy.told().contains("B was disturbed: a neighbour"), "{}", noisy.stdout);

    // The sides may measure for different times: B's is not that of the control, where A ran against itself.
    let longer = |run: &mut Value| run["measured_s"] = json!(9.0);
    results.changed("longer", "compare-001-b/run.json", longer);
    let longer = results.diff("real", "longer", "").expect(2);
    assert!(longer.told().contains("seconds measured (0.1, then 9.0)"), "{}", longer.stdout);
}

#[test]
fn a_comparison_tells_its_machine_also_without_its_runs() {
    let results = a_comparison();
    results.changed("alone", "compare.json", |_| {});
    results
        .changed("elsewhere", "compare.json", |comparison| comparison["machine"]["cpu"] = json!("another"));
    for name in ["alone", "elsewhere"] {
        for entry in fs::read_dir(results.path(name)).unwrap().flatten().filter(|entry| entry.path().is_dir())
        {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    results.diff("real", "alone", "").expect(0);
    let elsewhere = results.diff("real", "elsewhere", "").expect(2);
    assert!(elsewhere.told().contains("processor ("), "{}", elsewhere.stdout);
    results.diff("real", "elsewhere", "--anyway").expect(0);
}

/// Two cells, each at its maximum.
fn a_sweep() -> Results {
    let results = Results { dir: tempfile::tempdir().unwrap() };
    let matrix = format!(
        "[base]\nduration = '500ms'\nwarmup = '100ms'\nrecord-size = 100\nbroker-bin = '{}'\n[sweep]\n\
         codec = ['none', 'lz4']\n[load]\nmaximum = true\n",
        creel().display()
    );
    fs::write(results.path("matrix.toml"), matrix).unwrap();
    let matrix = results.path("matrix.toml").display().to_string();
    Loadgen::of(&["sweep", &matrix])
        .and("--out", &results.path("real").display().to_string())
        .ran()
        .expect(0);
    // Whatever else this machine did meanwhile.
    for cell in [NONE, LZ4] {
        let path = results.path("real").join(cell);
        let mut kept = read(&path);
        kept["report"]["figures"]["noise"]["flags"] = json!([]);
        fs::write(path, kept.to_string()).unwrap();
    }
    results
}

const NONE: &str = "runs/c000.maximum.r0.json";
const LZ4: &str = "runs/c001.maximum.r0.json";

#[test]
fn a_sweep_is_judged_cell_by_cell() {
    let results = a_sweep();
    let same = results.diff("real", "real", "").expect(0);
    for words in ["codec=none, maximum", "codec=lz4, maximum", "Nothing is worse", "One run of each"] {
        assert!(same.told().contains(words), "{words}: {}", same.stdout);
    }
    let records_per_s =
        |by: f64| move |kept: &mut Value| scale(&mut kept["report"]["figures"]["records_per_s"], by);
    results.changed("less", LZ4, records_per_s(0.8));
    let less = results.diff("real", "less", "").expect(1);
    let verdict = "Worse by more than 5 %: records/s in codec=lz4, maximum (-20.0 %).";
    assert!(less.told().contains(verdict), "{}", less.stdout);
    results.diff("less", "real", "").expect(0);

    results.changed("lossy", LZ4, |kept| {
        kept["report"]["figures"] = Value::Null;
        kept["report"]["verification"]["findings"]["first_example"] = json!("record 7 is lost");
    });
    let lossy = results.diff("real", "lossy", "").expect(1);
    assert!(lossy.told().contains("everything in codec=lz4, maximum"), "{}", lossy.stdout);

    // Of a cell that ran twice as long in a later round only that one counts; of its repeats all do.
    results.changed("halved", LZ4, records_per_s(0.5));
    let mut later = read(&results.path("real").join(LZ4));
    later["round"] = json!(1);
    for repeat in 0..2 {
        later["repeat"] = json!(repeat);
        let file = format!("runs/c001.maximum.h1.r{repeat}.json");
        fs::write(results.path("halved").join(file), later.to_string()).unwrap();
    }
    results.diff("real", "halved", "").expect(0);
    records_per_s(0.25)(&mut later);
    fs::write(results.path("halved/runs/c001.maximum.h1.r1.json"), later.to_string()).unwrap();
    let halved = results.diff("real", "halved", "").expect(1);
    assert!(halved.told().contains("records/s in codec=lz4, maximum (-50.0 %)"), "{}", halved.stdout);
}

#[test]
fn cells_that_only_one_sweep_has_are_named_and_without_a_common_one_nobody_is_judged() {
    let results = a_sweep();
    for (name, gone) in [("none", LZ4), ("lz4", NONE)] {
        results.changed(name, gone, |_| {});
        fs::remove_file(results.path(name).join(gone)).unwrap();
    }
    let fewer = results.diff("real", "none", "").expect(0);
    let words = format!("codec=lz4, maximum is in {} only", results.path("real").display());
    assert!(fewer.told().contains(&words), "{}", fewer.stdout);
    let more = results.diff("none", "real", "").expect(0);
    assert!(more.told().contains(&words), "{}", more.stdout);
    let apart = results.diff("none", "lz4", "").expect(2);
    assert!(apart.error().contains("have no cell in common"), "{}", apart.error());
}

#[test]
fn results_of_two_kinds_are_refused() {
    let sweep = a_sweep();
    let kept = read(&sweep.path("real").join(LZ4));
    fs::write(sweep.path("run.json"), kept["report"].to_string()).unwrap();
    let ran = sweep.diff("real", "run.json", "").expect(2);
    assert!(
        ran.error().contains("is a sweep and") && ran.error().contains("two of one kind"),
        "{}",
        ran.error()
    );
}
