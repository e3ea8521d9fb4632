//! Pages made from results: everything is in them, nothing is loaded by them, and nothing in a result gets out of its
//! place.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use loadgen_page::report;
use loadgen_result::latency::Latency;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\"'&|`";

fn percentiles(scale: f64) -> Value {
    json!({ "count": 1000, "mean_us": 2.0 * scale, "p50_us": scale, "p90_us": 2.0 * scale, "p99_us": 4.0 * scale,
            "p999_us": 8.0 * scale, "p9999_us": 9.0 * scale, "max_us": 10.0 * scale })
}

fn distribution() -> Value {
    let mut latency = Latency::default();
    (1..=5_000u64).for_each(|i| latency.record(i * i * 10, 1));
    json!(latency.portable())
}

fn interval(at_s: f64) -> Value {
    json!({ "at_s": at_s, "seconds": 1.0, "acked_records": 5000, "acked_bytes": 500_000, "consumed_records": 4900,
            "behind_records": 100, "response": percentiles(900.0), "end_to_end": percentiles(1800.0),
            "broker_cpu_s": 0.4, "generator_cpu_s": 0.7 })
}

fn stage(name: &str, share: f64) -> Value {
    json!({ "stage": name, "percentiles": percentiles(50.0), "share": share, "distribution": distribution() })
}

fn figures() -> Value {
    json!({ "records_per_s": 5000.0, "mb_per_s": 0.5, "requests_per_s": 100.0, "consumed_records_per_s": 4990.0,
            "achieved": 1.0, "response": percentiles(1000.0), "queue": percentiles(300.0),
            "service": percentiles(700.0), "end_to_end": percentiles(2000.0),
            "distributions": { "response": distribution(), "queue": distribution(), "service": distribution(),
                               "end_to_end": distribution() },
            "series": (-2..10).map(|at| interval(f64::from(at))).collect::<Vec<_>>(),
            "noise": { "hiccup": percentiles(20.0), "steal_share": 0.01, "flags": [] },
            "stages": [stage("parse", 0.1), stage("write", 0.6), stage("fsync", 0.3)],
            "broker_peak_memory_bytes": 20_000_000, "broker_cpu_s_per_million": 1.5,
            "generator_cpu_s_per_million": 2.0, "generator_busy": 0.3, "generator_starved": 0.01,
            "wire_out_bytes_per_record": 130.0, "wire_in_bytes_per_record": 131.0, "disk_bytes": 1_000_000,
            "disk_bytes_per_record": 120.0, "compression_ratio": 2.5,
            "schedule": { "lateness": percentiles(5.0), "unsent_records": 0, "in_flight_cap_waits": 0,
                          "in_flight_cap_share": 0.0 } })
}

fn run() -> Value {
    json!({ "schema": "loadgen.run/1", "loadgen": "0.1.0", "command": ["loadgen", "run", "--topic", HOSTILE],
            "ended_at_ms": 1_795_276_799_000_u64,
            "broker": { "address": "127.0.0.1:9092", "kind": "running", "version": HOSTILE, "command": [], "settings": ["a=b"], "cores": null },
            "settings": { "topic": HOSTILE, "partitions": 4, "payload": HOSTILE, "keys": null, "stamp_bytes": 24,
                          "seed": 1, "load": "open", "target_rate": 5000.0, "connections": 4, "consumers": 1,
                          "threads": 1, "batch_bytes": 65536, "linger_ms": 5.0, "codec": "zstd", "acks": "all",
                          "in_flight": 5 },
            "warmup_s": 2.0, "measured_s": 10.0, "interrupted": false,
            "machine": { "cpu": HOSTILE, "cpus": 2, "kernel": "6.1", "memory_bytes": 1_000_000, "disk": null },
            "verification": { "level": "seq", "passed": true, "acked_records": 50_000,
                              "findings": { "records": 50_000, "lost": 0, "duplicated": 0, "reordered": 0, "corrupt": 0, "foreign": 0,
                                            "first_example": null } },
            "figures": figures(), "warnings": [HOSTILE] })
}

fn page_of(results: &[(&str, Value)]) -> (String, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let paths = results.iter().map(|(name, result)| {
        let path = dir.path().join(name);
        std::fs::write(&path, result.to_string()).unwrap();
        path
    });
    let paths: Vec<PathBuf> = paths.collect();
    let page = report(&paths, Some(dir.path().join("out"))).unwrap();
    (std::fs::read_to_string(page).unwrap(), dir)
}

fn plots(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"plots\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn refusal(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.json");
    std::fs::write(&path, text).unwrap();
    report(&[path], None).unwrap_err().to_string()
}

#[test]
fn every_plot_of_a_run_has_its_points() {
    let (page, _dir) = page_of(&[("run.json", run())]);
    let plots = plots(&page);
    for (id, lines, points_min) in [
        ("latency-by-percentile", 4, 80),
        ("latency-over-time", 3, 12),
        ("end-to-end-over-time", 3, 12),
        ("throughput", 3, 12),
        ("behind", 1, 12),
        ("cpu", 2, 12),
    ] {
        let plot = &plots[id]["lines"];
        assert_eq!(plot.as_array().unwrap().len(), lines, "{id}");
        assert!(plot[0]["points"].as_array().unwrap().len() >= points_min, "{id}: {plot}");
        assert!(page.contains(&format!("data-plot=\"{id}\"")), "{id} has no place");
    }
    for text in ["Time inside the broker", "fsync", "Bytes per record", "Every interval", "Verified"] {
        assert!(page.contains(text) || page.contains(&text.replace('’', "&#39;")), "{text} is missing");
    }
}

#[test]
fn a_page_loads_nothing() {
    let (page, _dir) = page_of(&[("run.json", run())]);
    assert!(page.contains("default-src 'none'"));
    for loading in ["src=\"", "src='", "<link", "@import", "url(", "fetch(", "XMLHttpRequest", "import("] {
        assert!(!page.contains(loading), "{loading} loads something");
    }
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

#[test]
fn what_a_result_says_stays_text() {
    let (page, dir) = page_of(&[("run.json", run())]);
    assert!(!page.contains("<img"), "markup from a result got into the page");
    assert_eq!(page.matches("<script").count(), 3, "the page's own three scripts");
    let readme = std::fs::read_to_string(dir.path().join("out/README.md")).unwrap();
    let table_lines = readme.lines().filter(|line| line.starts_with('|'));
    assert!(table_lines.clone().all(|line| !line.contains("<img")), "markup in a table");
    for picture in ["throughput", "latency-by-percentile", "latency-over-time"] {
        let svg = std::fs::read_to_string(dir.path().join(format!("out/{picture}.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("<path class=\"line"), "{picture}");
        assert!(readme.contains(&format!("]({picture}.svg)")), "{picture} is not in the README");
    }
}

#[test]
fn several_runs_lie_over_each_other() {
    let (page, _dir) = page_of(&[("one.json", run()), ("two.json", run())]);
    let names: Vec<String> = plots(&page)["throughput"]["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["one", "two"]);
    assert!(page.contains("Side by side"));
}

#[test]
fn a_failed_verification_is_the_headline_and_there_are_no_figures() {
    let mut failed = run();
    failed["figures"] = Value::Null;
    failed["verification"]["passed"] = json!(false);
    failed["verification"]["findings"]["lost"] = json!(7);
    let (page, _dir) = page_of(&[("run.json", failed)]);
    assert!(page.contains("Verification failed") && page.contains("7 lost"));
    assert_eq!(plots(&page), json!({}));
}

#[test]
fn what_is_no_result_is_refused_in_one_line() {
    for (text, why) in [
        ("", "not a result"),
        ("{", "not a result"),
        ("[1]", "not a result"),
        ("{}", "names no schema"),
        ("{\"schema\":\"loadgen.run/999\"}", "does not know"),
        ("{\"schema\":\"loadgen.run/1\"}", "missing field"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(why) && !refusal.contains('\n'), "{text}: {refusal}");
    }
    let nowhere = report(&[PathBuf::from("/nowhere/at/all.json")], None);
    assert!(nowhere.unwrap_err().to_string().contains("/nowhere/at/all.json"));
}

#[test]
fn odd_numbers_draw_odd_plots_and_nothing_worse() {
    for odd in [0.0, -1.0, 1e300, 1e-300] {
        let mut result = run();
        for interval in result["figures"]["series"].as_array_mut().unwrap() {
            interval["at_s"] = json!(odd);
            interval["seconds"] = json!(odd);
            interval["response"]["p99_us"] = json!(odd);
        }
        result["figures"]["distributions"]["response"] = json!("AAAA");
        result["figures"]["stages"][0]["share"] = json!(odd);
        let (page, _dir) = page_of(&[("run.json", result)]);
        assert!(!page.contains("NaN") || page.matches("NaN").count() == nans_of_the_scripts(), "{odd}");
    }
}

/// How often the plotting library itself says NaN.
fn nans_of_the_scripts() -> usize {
    let (page, _dir) = page_of(&[("run.json", run())]);
    page.matches("NaN").count()
}

fn comparison() -> Value {
    let interval = |ratio: f64| json!({ "ratio": ratio, "low": ratio * 0.95, "high": ratio * 1.05 });
    let run = |phase: &str, pair: usize, arm: &str, value: f64| json!({ "phase": phase, "pair": pair, "arm": arm, "values": { "p99": value }, "noise": [], "warnings": [], "file": null });
    let metric = |name: &str, ratio: f64, verdict: &str| {
        json!({ "metric": name, "a": 1000.0, "b": 1000.0 * ratio, "pairs": 2, "interval": interval(ratio),
                "control": interval(1.0), "floor": 1.05, "verdict": verdict })
    };
    let arm = |name: &str| json!({ "name": name, "file": "x.toml", "broker": null, "settings": null });
    json!({ "schema": "loadgen.compare/1", "loadgen": "0.1.0", "command": ["loadgen", "compare"],
            "ended_at_ms": 1_795_276_799_000_u64, "a": arm("before"), "b": arm(HOSTILE), "seed": 1, "rounds": 2,
            "control_rounds": 1, "interrupted": false,
            "runs": [run("control", 1, "a", 1000.0), run("control", 1, "b", 1010.0), run("compare", 1, "a", 1000.0),
                     run("compare", 1, "b", 800.0), run("compare", 2, "b", 790.0), run("compare", 2, "a", 1005.0)],
            "primary": "p99", "verdict": "faster",
            "metrics": [metric("p99", 0.8, "faster"), metric("records-per-s", 1.0, "inconclusive")],
            "failed": null, "warnings": [] })
}

#[test]
fn a_comparison_shows_its_ratios_its_rounds_and_its_control() {
    let (page, dir) = page_of(&[("compare.json", comparison())]);
    let rounds = &plots(&page)["rounds"]["lines"];
    assert_eq!(rounds[0]["points"], json!([[1.0, 0.8], [2.0, 0.78607]]));
    assert_eq!(rounds[1]["name"], "A over A");
    assert!(
        page.contains("answers sooner than before") && page.contains("0.800 ×") && !page.contains("<img")
    );
    let ratios = std::fs::read_to_string(dir.path().join("out/ratios.svg")).unwrap();
    assert!(ratios.starts_with("<svg") && ratios.contains("dot teal"));
    let readme = std::fs::read_to_string(dir.path().join("out/README.md")).unwrap();
    let verdict = readme.lines().find(|line| line.contains("answers sooner than before")).unwrap();
    assert!(verdict.contains(".** ") && !verdict.contains(".."), "one full stop: {verdict}");
    assert!(!page.contains("eometric mean") && page.contains("The median of the pairs’ ratios"));
}

#[test]
fn a_comparison_that_noise_left_without_a_verdict_says_so_at_its_top() {
    let mut result = comparison();
    result["verdict"] = json!("inconclusive");
    result["disturbed"] =
        json!({ "runs": 15, "of": 24, "without": null, "steers": true, "overruled": false });
    let (page, _dir) = page_of(&[("compare.json", result)]);
    assert!(page.contains("Inconclusive: the machine disturbed 15 of 24 runs"), "{page}");
}

#[test]
fn a_comparison_and_a_run_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let paths = [("a.json", run()), ("b.json", comparison())].map(|(name, result)| {
        let path = dir.path().join(name);
        std::fs::write(&path, result.to_string()).unwrap();
        path
    });
    let refusal = report(&paths, None).unwrap_err().to_string();
    assert!(refusal.contains("alone"), "{refusal}");
}

/// A sweep's directory, with one run of each cell at half of its maximum.
fn sweep_of(cells: &[(&str, f64)]) -> tempfile::TempDir {
    sweep_with(cells, |_, _| {})
}

/// The same, and of each cell what `change` makes of its run.
fn sweep_with(cells: &[(&str, f64)], change: fn(usize, &mut Value)) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let labels: Vec<&str> = cells.iter().map(|(label, _)| *label).collect();
    let description = json!({ "schema": "loadgen.sweep/1", "hash": "0", "rounds": 1, "cells": labels,
                              "matrix": { "base": {}, "sweep": {}, "loads": [{ "share": 0.5 }] } });
    std::fs::write(dir.path().join("sweep.json"), description.to_string()).unwrap();
    std::fs::create_dir(dir.path().join("runs")).unwrap();
    for (cell, (label, records_per_s)) in cells.iter().enumerate() {
        let mut report = run();
        report["figures"]["records_per_s"] = json!(records_per_s);
        report["settings"]["target_rate"] = json!(records_per_s);
        change(cell, &mut report);
        let kept = json!({ "cell": cell, "label": label, "load": { "share": 0.5 }, "round": 0, "repeat": 0,
                           "broker_set": [], "report": report });
        let file = format!("runs/c{cell:03}.share-0.5.r0.json");
        std::fs::write(dir.path().join(file), kept.to_string()).unwrap();
    }
    dir
}

#[test]
fn a_sweep_shows_its_front_and_every_cell() {
    let dir = sweep_of(&[("codec=lz4", 1_000.0), ("codec=zstd", 2_000.0), (HOSTILE, 3_000.0)]);
    let page = std::fs::read_to_string(report(&[dir.path().to_owned()], None).unwrap()).unwrap();
    let lines = &plots(&page)["pareto"]["lines"];
    assert_eq!(lines[0]["points"].as_array().unwrap().len(), 2, "{lines}");
    assert_eq!(lines[1]["points"][0][0], 3_000.0, "{lines}");
    assert!(page.contains("codec=zstd, share-0.5") && page.contains("★") && !page.contains("<img"));
}

#[test]
fn a_sweep_without_results_is_refused() {
    let dir = sweep_of(&[]);
    assert!(report(&[dir.path().to_owned()], None).unwrap_err().to_string().contains("no results yet"));
}

#[test]
fn who_does_not_wait_for_what_is_printed_has_the_page_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.json");
    std::fs::write(&path, run().to_string()).unwrap();
    let loadgen = |paths: &[&Path], quiet: bool| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
        let mut process =
            command.arg("report").args(paths).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(process.stdout.take());
        let errors = process.stderr.take().filter(|_| !quiet);
        let code = process.wait().unwrap().code();
        drop(errors);
        code
    };
    assert_eq!(loadgen(&[&path], false), Some(0));
    assert!(dir.path().join("report.html").exists());
    // Nor does who is refused change the exit code by not listening.
    assert_eq!(loadgen(&[&dir.path().join("missing.json")], true), Some(2));
}

fn sweep_page(dir: &tempfile::TempDir) -> String {
    std::fs::read_to_string(report(&[dir.path().to_owned()], None).unwrap()).unwrap()
}

#[test]
fn at_one_rate_a_sweep_shows_its_latency_against_its_costs() {
    let dir = sweep_with(&[("codec=lz4", 1_000.0), ("codec=zstd", 1_000.0)], |cell, report| {
        report["figures"]["wire_out_bytes_per_record"] = json!(100.0 * (1 + cell) as f64);
        report["figures"]["broker_cpu_s_per_million"] = json!(3.0 / (1 + cell) as f64);
    });
    let page = sweep_page(&dir);
    let (plots, places) = (plots(&page), |plot: &Value| plot["lines"][0]["points"].clone());
    assert_eq!(places(&plots["pareto-bytes"]), json!([[100.0, 4.0], [200.0, 4.0]]), "{plots}");
    assert_eq!(places(&plots["pareto-cpu"]), json!([[3.0, 4.0], [1.5, 4.0]]), "{plots}");
    assert!(plots["pareto"].is_null(), "a line straight up says nothing");
    let readme = std::fs::read_to_string(dir.path().join("README.md")).unwrap();
    for picture in ["pareto-bytes.svg", "pareto-cpu.svg"] {
        assert!(readme.contains(&format!("]({picture})")) && dir.path().join(picture).is_file(), "{picture}");
    }
}

fn crashed() -> Value {
    let mut result = run();
    result["crash"] = json!({ "asked": 1, "in_flight_unknown": 45, "lost": 0, "appeared": 3, "duplicates": 0, "taken_back": 0,
        "kills": [{ "at_s": 5.0, "killed_pid": 7, "down_s": 1.25, "acked_before": 9, "in_flight_unknown": 45 }] });
    result
}

#[test]
fn that_the_broker_was_killed_and_for_how_long_nothing_was_acked_is_said_first() {
    let (page, dir) = page_of(&[("run.json", crashed())]);
    let killed = page.find("The broker was killed").unwrap();
    assert!(killed < page.find("Verified").unwrap(), "before any other verdict");
    assert!(page[killed..].split_once("</p>").unwrap().0.contains("nothing was acked for 1.25 s"));
    assert!(page.contains("<dt>Nothing acked for</dt><dd><b>1.25</b> <span>s</span></dd>"));
    assert!(page.contains("of 45 in flight 3 are in the log"), "records have no tenths");
    let readme = std::fs::read_to_string(dir.path().join("out/README.md")).unwrap();
    assert!(readme.find("The broker was killed").unwrap() < readme.find("Verified").unwrap(), "{readme}");

    let (both, _dir) = page_of(&[("one.json", run()), ("two.json", crashed())]);
    assert!(both.contains("two: The broker was killed") && !both.contains("one: The broker was killed"));
    let (quiet, _dir) = page_of(&[("run.json", run())]);
    assert!(!quiet.contains("was killed") && !quiet.contains("Nothing acked"));
    let sweep = sweep_page(&sweep_with(&[("codec=lz4", 1_000.0)], |_, report| {
        report["crash"] = crashed()["crash"].clone();
    }));
    assert!(sweep.contains("nothing was acked for 1.25 s at the longest"));
}

/// A page of every kind, and what it is.
fn pages() -> Vec<(&'static str, String)> {
    let sweep = sweep_with(&[("codec=lz4 acks=1", 1_000.0), ("codec=zstd acks=1", 2_000.0)], |_, _| {});
    vec![
        ("run", page_of(&[("run.json", crashed())]).0),
        ("runs", page_of(&[("one.json", run()), ("two.json", crashed())]).0),
        ("comparison", page_of(&[("compare.json", comparison())]).0),
        ("sweep", sweep_page(&sweep)),
    ]
}

/// What lies between the page's styles and its scripts.
fn body(page: &str) -> &str {
    page.split_once("<main>").unwrap().1.split_once("</main>").unwrap().0
}

#[test]
fn every_table_scrolls_where_it_is_too_wide_and_says_so() {
    for (kind, page) in pages() {
        let tables: Vec<&str> = body(&page).split("<table").collect();
        assert!(tables.len() > 1, "{kind} has no tables");
        for before in &tables[..tables.len() - 1] {
            let wrapper = before.trim_end().rsplit_once("<div class=\"scroll\"").unwrap().1;
            assert!(
                wrapper.contains("role=\"region\" aria-label=\"") && !wrapper.contains("</div>"),
                "{kind}: {wrapper}"
            );
            assert!(
                wrapper.ends_with("<p class=\"more\" hidden>More columns: scroll sideways →</p>"),
                "{kind}: {wrapper}"
            );
        }
    }
}

#[test]
fn figures_that_stand_below_each_other_name_their_columns() {
    for (kind, page) in pages() {
        let tables = body(&page).split("<table class=\"").skip(1);
        let stacked: Vec<&str> = tables
            .filter(|table| table.split_once('"').unwrap().0.contains("stacks"))
            .map(|table| table.split_once("</table>").unwrap().0)
            .collect();
        assert!(!stacked.is_empty(), "{kind} has none");
        for table in stacked {
            assert_eq!(
                table.matches("<td").count(),
                table.matches("<td data-of=\"").count(),
                "{kind}: {table}"
            );
        }
    }
    let (page, _dir) = page_of(&[("compare.json", comparison())]);
    assert!(page.contains("<td data-of=\"B beside A\">"), "the verdict of each figure");
}

#[test]
fn pictures_within_a_page_are_as_wide_as_their_place() {
    for (kind, page) in pages() {
        let pictures: Vec<&str> =
            body(&page).split("<svg").skip(1).map(|svg| svg.split_once('>').unwrap().0).collect();
        assert!(!pictures.is_empty(), "{kind} has none");
        for picture in &pictures {
            assert!(
                picture.contains("viewBox=\"0 0 ")
                    && !picture.contains(" width=")
                    && !picture.contains(" height="),
                "{kind}: {picture}"
            );
        }
        let of = |class: &str| pictures.iter().filter(|picture| picture.contains(class)).count();
        assert!(of("plot flat") > 0 && of("plot flat") == of("plot tall"), "{kind}: one for each width");
        assert!(!page.contains("min-width:620px"), "{kind}: wider than a telephone");
    }
}

#[test]
fn a_legend_tells_dashed_from_solid() {
    let (page, dir) = page_of(&[("one.json", run()), ("two.json", run())]);
    let svg = std::fs::read_to_string(dir.path().join("out/latency-by-percentile.svg")).unwrap();
    for (name, sign) in [("two", "line key"), ("two, end to end", "line dashed key")] {
        let before = svg.split_once(&format!(">{name}</text>")).unwrap().0;
        let key = before.rsplit_once("<path class=\"").unwrap().1;
        assert!(key.starts_with(sign), "{name}: {key}");
    }
    assert!(page.contains("markers: { dash: "), "so does that of the plots drawn by the script");
    assert!(
        page.contains("svg.plot .dashed{stroke-dasharray:6 4;stroke-linecap:butt}"),
        "round ends close the gaps"
    );
}

#[test]
fn a_sheet_of_paper_is_neither_a_telephone_nor_dark() {
    for (kind, page) in pages() {
        for only_for_screens in ["(max-width:", "(prefers-color-scheme:dark)"] {
            let style = page.split_once("</style>").unwrap().0;
            let all = style.matches(&format!("@media {only_for_screens}")).count();
            let screens = style.matches(&format!("@media screen and {only_for_screens}")).count();
            assert!(all == 0 && screens > 0, "{kind}: {only_for_screens}");
        }
    }
}
