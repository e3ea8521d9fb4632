//! `--crash`: what does not outlive a kill -9 is found, what does is confirmed, and a broker that stays away is told.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use support::{Loadgen, Ran, creel, wait_for, wait_for_while};

const LOAD: &str = "--duration 2s --warmup 0s --batch-bytes 4k --rate 5k --crash";

/// A creel behind a shell script; what stands in `again` is done from its second start on.
fn behind_a_script(arguments: &str, again: &str) -> Loadgen {
    let loadgen = Loadgen::own_broker(arguments);
    let (script, mark) = (loadgen.dir.path().join("broker.sh"), loadgen.dir.path().join("started"));
    let text = format!(
        "port=$1 data=$2\nif [ -e {mark} ]; then\n{again}\nfi\ntouch {mark}\n\
         exec {creel} --listen 127.0.0.1:$port --data-dir \"$data\" --cores 0\n",
        mark = mark.display(),
        creel = creel().display()
    );
    fs::write(&script, text).unwrap();
    let command = format!("sh {} {{port}} {{dir}}", script.display());
    loadgen.and("--broker-command", &command)
}

/// From its second start on it has forgotten the later half of each partition.
const FORGETS: &str =
    "for log in \"$data\"/loadgen-*/*.log; do truncate -s $(( $(stat -c %s \"$log\") / 2 )) \"$log\"; done";

fn count(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name}: {value}"))
}

/// Every record that was acked or in flight is there or is counted as lost.
fn assert_adds_up(ran: &Ran) {
    let (verification, crash) = (&ran.json()["verification"], &ran.json()["crash"]);
    let there = count(&verification["findings"], "records");
    let acked = count(verification, "acked_records");
    assert_eq!(there + count(crash, "lost"), acked + count(crash, "appeared"), "{verification} {crash}");
}

#[test]
fn what_was_acked_outlives_the_crashes_of_our_own_broker() {
    let loadgen = Loadgen::own_broker(&format!("{LOAD} 2 --acks all --verify full"));
    let out = loadgen.dir.path().join("out");
    let loadgen = loadgen.and("--out", &out.display().to_string());
    let ran = loadgen.ran().expect(0);
    assert_eq!(ran.json()["verification"]["passed"], true);
    let crash = &ran.json()["crash"];
    assert_eq!(["lost", "taken_back", "duplicates"].map(|name| count(crash, name)), [0, 0, 0]);
    let kills = crash["kills"].as_array().unwrap();
    assert!(kills.len() == 2 && kills[0]["killed_pid"] != kills[1]["killed_pid"], "{crash}");
    for kill in kills {
        assert!(kill["down_s"].as_f64().is_some_and(|down| down > 0.0), "{crash}");
        assert!(count(kill, "acked_before") > 0, "{crash}");
    }
    assert_adds_up(&ran);
    let figures = &ran.json()["figures"];
    let outage_us = kills.iter().map(|kill| kill["down_s"].as_f64().unwrap() * 1e6).fold(0.0, f64::max);
    let longest_us = figures["response"]["max_us"].as_f64().unwrap();
    assert!(longest_us > outage_us / 2.0, "records due in the outage waited: {longest_us} of {outage_us}");
    assert!(ran.told().contains("kill -9") && ran.told().contains("0 acked records lost"), "{}", ran.stdout);
    let picture = fs::read_to_string(out.join("throughput.svg")).unwrap();
    assert_eq!(picture.matches("class=\"crash\"").count(), 2, "both are marked");
    assert_eq!(fs::read_dir(loadgen.broker_dir()).unwrap().count(), 0, "the broker's directory is gone");
}

#[test]
fn a_broker_at_its_limit_is_crashed_too() {
    let load = "--duration 2s --warmup 0s --crash --acks 1 --keys 50 --connections 2 --in-flight 20";
    let ran = Loadgen::own_broker(load).ran().expect(0);
    assert_eq!(ran.json()["verification"]["passed"], true);
    assert_eq!(count(&ran.json()["crash"], "lost"), 0, "what was written to the kernel outlives a kill -9");
    assert_adds_up(&ran);
}

/// Without acks a broker has no other words: Apache Kafka does so until it leads its partitions again.
#[test]
fn without_acks_a_broker_that_is_not_all_there_again_may_close_connections() {
    let dir = tempfile::tempdir().unwrap();
    let (port, go) = (dir.path().join("port"), dir.path().join("go"));
    let again = format!(
        "echo $port > {0}.new; mv {0}.new {0}; while [ ! -e {1} ]; do sleep 0.02; done",
        port.display(),
        go.display()
    );
    let loadgen = behind_a_script(&format!("{LOAD} --acks 0"), &again);
    let mut started = loadgen.start();
    let port = wait_for_while(&mut started, || fs::read_to_string(&port).ok()?.trim().parse::<u16>().ok());
    let half_back = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut is_produce = false;
    while !is_produce {
        let mut head = [0; 6];
        let (mut client, _) = half_back.accept().unwrap();
        is_produce = client.read_exact(&mut head).is_ok() && head[4..] == [0, 0];
    }
    drop(half_back);
    fs::write(go, "").unwrap();
    let ran = loadgen.finish(started).expect(0);
    let crash = &ran.json()["crash"];
    assert!(crash["kills"][0]["down_s"].is_number(), "{crash}");
    assert!(ran.json()["interrupted"] == false && count(crash, "duplicates") == 0, "{crash}");
}

#[test]
fn a_broker_that_forgets_what_it_acked_is_found() {
    let ran = behind_a_script(&format!("{LOAD} --acks all"), FORGETS).ran().expect(1);
    let crash = &ran.json()["crash"];
    assert!(count(crash, "lost") > 0 && count(crash, "taken_back") > 0, "{crash}");
    assert_eq!(ran.json()["verification"]["findings"]["lost"], crash["lost"]);
    assert!(ran.json()["figures"].is_null(), "no headline: {}", ran.stdout);
    assert!(ran.told().contains("FAILED") && ran.told().contains("taken back"), "{}", ran.stdout);
    assert_adds_up(&ran);
}

#[test]
fn a_loss_without_acks_all_is_told_and_no_verdict() {
    let ran = behind_a_script(&format!("{LOAD} --acks 1"), FORGETS).ran().expect(0);
    let lost = count(&ran.json()["crash"], "lost");
    assert!(lost > 0 && ran.json()["figures"].is_object(), "{}", ran.json()["crash"]);
    assert!(
        ran.told().contains("were lost") && !ran.told().contains("acked records came back"),
        "{}",
        ran.stdout
    );
    assert_adds_up(&ran);
}

#[test]
fn a_broker_that_does_not_come_back_is_quoted_and_what_was_measured_is_kept() {
    let loadgen = behind_a_script(LOAD, "echo the disk is full >&2; exit 3");
    let ran = loadgen.ran().expect(2);
    assert!(ran.error().contains("did not come back"), "{}", ran.error());
    assert!(ran.error().contains("the disk is full"), "{}", ran.error());
    let json = ran.json();
    assert!(json["verification"]["passed"].is_null() && json["failure"].is_string(), "{json}");
    assert!(count(&json["verification"], "acked_records") > 0);
    assert!(json["figures"]["records_per_s"].as_f64().is_some_and(|rate| rate > 0.0));
    assert!(json["crash"]["kills"][0]["down_s"].is_null(), "{}", json["crash"]);
    assert_eq!(fs::read_dir(loadgen.broker_dir()).unwrap().count(), 0);
}

#[test]
fn an_interrupt_during_the_outage_ends_the_run_with_what_it_has() {
    let load = "--duration 6s --warmup 0s --batch-bytes 4k --rate 5k --crash";
    let loadgen = behind_a_script(load, "touch \"$data\"/../../down; sleep 1");
    let child = loadgen.start();
    wait_for(|| loadgen.broker_dir().join("down").exists().then_some(()));
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), Signal::INT).unwrap();
    let ran = loadgen.finish(child).expect(0);
    assert_eq!(
        (&ran.json()["interrupted"], &ran.json()["verification"]["passed"]),
        (&true.into(), &true.into())
    );
    assert_eq!(count(&ran.json()["crash"], "lost"), 0);
    assert_adds_up(&ran);
}

#[test]
fn brokers_of_others_are_not_killed() {
    let ran = Loadgen::run("--crash --bootstrap 127.0.0.1:1").ran().expect(2);
    assert!(ran.stderr.contains("--crash") && ran.stderr.contains("--bootstrap"), "{}", ran.stderr);
    let ran = Loadgen::run("--crash --verify off").ran().expect(2);
    assert!(ran.error().contains("--verify seq"), "{}", ran.error());
}
