//! Whole runs against the real broker: what is measured, what is printed, what is cleaned up.

#![allow(clippy::unwrap_used)] // helper functions of tests may, as tests do

mod support;

use std::fs;

use loadgen_result::latency::Latency;
use serde_json::Value;

use support::proxy::{Lie, LyingBroker};
use support::{Loadgen, creel};

const SHORT: &str = "--duration 700ms --warmup 200ms --batch-bytes 4k";
/// For what does not depend on how much was sent.
const QUICK: &str = "--duration 200ms --warmup 0s --batch-bytes 4k --closed-loop";

#[test]
fn a_run_is_measured_verified_and_leaves_nothing() {
    let loadgen = Loadgen::own_broker(&format!("{SHORT} --rate 5k"));
    let ran = loadgen.ran().expect(0);
    let json = ran.json();
    assert_eq!(json["verification"]["passed"], true);
    let acked = json["verification"]["acked_records"].as_u64().unwrap();
    assert!((1..=4_600).contains(&acked), "0.9 s of 5,000 records/s, fewer on a busy machine: {acked}");
    let figures = &json["figures"];
    for path in ["records_per_s", "mb_per_s", "consumed_records_per_s", "disk_bytes_per_record", "achieved"] {
        assert!(figures[path].as_f64().is_some_and(|value| value > 0.0), "{path}: {figures}");
    }
    for latency in ["response", "end_to_end"] {
        let at = |name: &str| figures[latency][name].as_f64().unwrap();
        assert!(
            0.0 < at("p50_us") && at("p50_us") <= at("p99_us") && at("p99_us") <= at("p999_us"),
            "{figures}"
        );
        assert!(at("p999_us") <= at("p9999_us") && at("p9999_us") <= at("max_us"), "{figures}");
    }
    assert_eq!(
        figures["response"]["count"].as_u64(),
        Some(3_500),
        "every record intended in the window counts"
    );
    assert!(ran.told().contains("verified") && ran.told().contains("records/s"), "{}", ran.stdout);
    assert_eq!(fs::read_dir(loadgen.broker_dir()).unwrap().count(), 0, "the broker's directory is gone");
}

#[test]
fn the_course_of_a_run_adds_up_to_the_run() {
    let ran = Loadgen::own_broker(&format!("{SHORT} --rate 5k")).ran().expect(0);
    let figures = &ran.json()["figures"];
    let pieces = figures["series"].as_array().unwrap();
    let at = |piece: &Value| piece["at_s"].as_f64().unwrap();
    assert!(at(&pieces[0]) == -0.2 && pieces.iter().any(|piece| at(piece) == 0.0), "{pieces:?}");
    let sum = |name: &str| -> f64 {
        pieces.iter().filter(|piece| at(piece) >= 0.0).map(|piece| piece[name].as_f64().unwrap()).sum()
    };
    assert!((sum("seconds") - 0.7).abs() < 1e-6);
    let acked = figures["records_per_s"].as_f64().unwrap() * ran.json()["measured_s"].as_f64().unwrap();
    assert!((sum("acked_records") - acked).abs() < 0.5, "{acked}: {pieces:?}");
    for piece in pieces {
        let counted = piece["response"]["count"].as_u64().unwrap_or(0);
        assert_eq!(counted, piece["acked_records"].as_u64().unwrap(), "every acked record has its latency");
    }
}

#[test]
fn where_the_time_of_a_record_went_and_where_the_run_took_place_are_told() {
    let ran = Loadgen::own_broker(&format!("{SHORT} --rate 5k --linger-ms 20")).ran().expect(0);
    let (json, figures) = (ran.json(), &ran.json()["figures"]);
    let distribution = |of: &str| {
        let latency = Latency::from_portable(figures["distributions"][of].as_str().unwrap()).unwrap();
        assert_eq!(figures[of]["count"], latency.count(), "{of} whole and in figures are the same");
        latency.percentiles().unwrap()
    };
    let parts = ["response", "queue", "service", "end_to_end"].map(distribution);
    // Sums, not means: a record that a busy machine has never sent waited, and had no service.
    let [response, queue, service, _] = parts.map(|part| part.mean_us * part.count as f64);
    assert!((queue + service - response).abs() < 0.02 * response, "{queue} + {service} = {response}");
    assert!(parts[1].mean_us > 5_000.0, "a linger of 20 ms is the client's own wait: {:?}", parts[1]);
    assert!(json["machine"]["kernel"].as_str().is_some_and(|kernel| !kernel.is_empty()), "{json}");
    assert!(json["machine"]["disk"].as_str().is_some_and(|disk| disk.contains(" on ")), "{json}");
    assert!(figures["noise"]["hiccup"]["count"].as_u64().unwrap() > 0, "{figures}");
    assert!(figures["broker_peak_memory_bytes"].as_u64().unwrap() > 1 << 20, "{figures}");
}

#[test]
fn every_codec_and_level_comes_back_unchanged() {
    let lines: Vec<String> =
        (0..500).map(|i| format!("line {i}: {}", "lorem ipsum ".repeat(i % 9))).collect();
    for codec in ["gzip", "gzip:1", "snappy", "lz4", "zstd", "zstd:7"] {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), lines.join("\n")).unwrap();
        let path = file.path().display();
        let ran = Loadgen::own_broker(&format!("{QUICK} --codec {codec} --payload {path} --verify full"))
            .ran()
            .expect(0);
        assert_eq!(ran.json()["verification"]["passed"], true);
        assert!(ran.json()["figures"]["compression_ratio"].as_f64().unwrap() > 1.5, "{codec}");
    }
}

#[test]
fn length_prefixed_values_hold_any_bytes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let values = (0..300u32).flat_map(|i| {
        let value = [&i.to_be_bytes()[..], b"\n\0\r", &vec![b'x'; i as usize]].concat();
        [&(value.len() as u32).to_be_bytes()[..], &value].concat()
    });
    fs::write(file.path(), values.collect::<Vec<u8>>()).unwrap();
    let payload = format!("--payload {} --payload-format length-prefixed", file.path().display());
    let ran = Loadgen::own_broker(&format!("{QUICK} {payload} --verify full")).ran().expect(0);
    assert_eq!(ran.json()["verification"]["passed"], true);
    assert!(ran.json()["settings"]["payload"].as_str().unwrap().starts_with("300 values of"));
}

#[test]
fn keys_acks_and_partitions_are_as_asked() {
    for more in ["--keys 100 --acks 1", "--keys 7 --acks all --record-size 10", "--acks 0 --record-size 1k"] {
        let ran =
            Loadgen::own_broker(&format!("{QUICK} {more} --partitions 7 --verify full")).ran().expect(0);
        assert_eq!(ran.json()["verification"]["passed"], true, "{more}");
        assert_eq!(ran.json()["settings"]["partitions"], 7);
    }
}

#[test]
fn a_record_larger_than_a_batch_goes_alone() {
    let ran = Loadgen::own_broker(&format!("{QUICK} --record-size 100k --verify full")).ran().expect(0);
    let figures = &ran.json()["figures"];
    assert_eq!(ran.json()["verification"]["passed"], true);
    assert_eq!(figures["requests_per_s"], figures["records_per_s"]);
}

#[test]
fn an_overload_is_shown_and_not_omitted() {
    let ran =
        Loadgen::own_broker(&format!("{SHORT} --rate 100M --connections 1 --in-flight 1")).ran().expect(0);
    let figures = &ran.json()["figures"];
    let intended = figures["response"]["count"].as_f64().unwrap();
    assert!((69_000_000.0..71_000_000.0).contains(&intended), "never-sent records count: {intended}");
    assert!(figures["achieved"].as_f64().unwrap() < 0.9);
    assert!(ran.told().contains("of the rate was reached"), "{}", ran.stdout);
}

#[test]
fn who_is_behind_sends_full_batches() {
    let overload =
        "--duration 700ms --warmup 0s --rate 100M --linger-ms 0 --record-size 10 --batch-bytes 64k";
    let ran = Loadgen::own_broker(&format!("{overload} --connections 1 --in-flight 1")).ran().expect(0);
    let figures = &ran.json()["figures"];
    let at = |name: &str| figures[name].as_f64().unwrap();
    let records_per_request = at("records_per_s") / at("requests_per_s");
    assert!(records_per_request > 1_000.0, "some 1,400 fit: {records_per_request}");
}

#[test]
fn a_payload_that_repeats_within_a_batch_is_said_to() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "only one line\n").unwrap();
    let ran = Loadgen::own_broker(&format!("{QUICK} --codec zstd --payload {}", file.path().display()))
        .ran()
        .expect(0);
    assert!(ran.told().contains("repeats within a batch"), "{}", ran.stdout);
}

#[test]
fn producing_alone_is_possible_and_says_that_nothing_was_verified() {
    let ran = Loadgen::own_broker(&format!("{QUICK} --consumers 0 --verify off")).ran().expect(0);
    assert!(ran.json()["verification"]["passed"].is_null());
    assert!(ran.json()["figures"]["generator_busy"].as_f64().unwrap() > 0.0);
    assert!(ran.told().contains("Nothing was verified"), "{}", ran.stdout);
}

#[test]
fn a_run_may_last_longer_than_the_broker_keeps_an_idle_connection() {
    let idle = "--broker-set connections.max.idle.ms=300";
    let ran =
        Loadgen::own_broker(&format!("--duration 1500ms --warmup 200ms --rate 5k {idle}")).ran().expect(0);
    assert_eq!(ran.json()["verification"]["passed"], true);
}

/// As while a topic is made, or a follower is missing: what may be tried again is, and comes once.
#[test]
fn what_a_broker_refuses_for_a_while_is_asked_of_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), dir.path(), Lie::NotYet);
    let load =
        "--duration 1s --warmup 0s --rate 5k --linger-ms 1 --partitions 1 --connections 1 --verify full";
    let ran = Loadgen::run(&format!("{load} --bootstrap {}", broker.address)).ran().expect(0);
    let (verification, figures) = (&ran.json()["verification"], &ran.json()["figures"]);
    assert_eq!((&verification["passed"], &verification["findings"]["lost"]), (&true.into(), &0.into()));
    let refusals = &figures["refusals"];
    assert!(refusals["produce_requests"].as_u64().is_some_and(|count| count >= 4), "{refusals}");
    assert!(refusals["fetches"].as_u64().is_some_and(|count| count >= 4), "{refusals}");
    assert!(ran.told().contains("refused") && ran.told().contains("for a while"), "{}", ran.stdout);
    assert_eq!(figures["response"]["count"], 5_000, "every record that was due counts, once: {figures}");
    let longest_us = figures["response"]["max_us"].as_f64().unwrap();
    assert!(longest_us > 100_000.0, "the wait before it is sent again counts: {longest_us}");
}

#[test]
fn what_happened_inside_a_broker_on_all_cores_is_told() {
    let cores: Vec<String> =
        loadgen_host::cores::at_hand().unwrap().iter().map(ToString::to_string).collect();
    let load = "--duration 200ms --warmup 0s --batch-bytes 4k --rate 2k";
    let ran = Loadgen::own_broker(&format!("{load} --broker-cores {}", cores.join(","))).ran().expect(0);
    let stages = ran.json()["figures"]["stages"].as_array().unwrap();
    assert!(stages.iter().any(|stage| stage["stage"] == "queue"), "{stages:?}");
    assert!(ran.told().contains("inside broker"), "{}", ran.stdout);
    assert_eq!(ran.stdout.contains("between cores"), cores.len() > 1, "{}", ran.stdout);
}
