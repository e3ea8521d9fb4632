//! Runs that can't be made or finished: one clear line, exit code 2, nothing left behind.

#![allow(clippy::unwrap_used)] // helper functions of tests may, as tests do

mod support;

use loadgen_engine::client::cluster::Cluster;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use support::proxy::{Lie, LyingBroker};
use support::{LONG, Loadgen, Ran, broker_of, creel, name_of, wait_for, wait_for_bytes, wait_for_records};

fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}

#[test]
fn what_cannot_be_is_told_in_one_line() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap();
    for (arguments, words) in [
        (format!("--bootstrap {free}"), "no broker at"),
        ("--payload /nowhere/at/all".into(), "/nowhere/at/all"),
        ("--broker-bin /nowhere/creel".into(), "no broker at /nowhere/creel"),
        ("--consumers 0".into(), "--verify off"),
        ("--flame".into(), "add --out DIR"),
        ("--duration 0s".into(), "--duration"),
        ("--broker-cores x".into(), "list of cores"),
        ("--kafka-dir /nowhere".into(), "--broker kafka"),
        ("--broker kafka --broker-bin x".into(), "--kafka-dir"),
        ("--broker kafka --kafka-dir /nowhere".into(), "no Apache Kafka in /nowhere"),
    ] {
        let ran = Loadgen::run(&arguments).ran().expect(2);
        assert!(ran.error().contains(words), "{arguments}: {}", ran.error());
    }
    let ran = Loadgen::run("--codec brotli").ran().expect(2);
    assert!(ran.stderr.contains("unknown codec 'brotli'"), "{}", ran.stderr);
}

#[test]
fn another_number_of_partitions_than_the_topic_has_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), dir.path(), Lie::Nothing);
    let run = |partitions: &str| {
        let options = "--topic there --duration 200ms --warmup 0s --rate 1k";
        let options = format!("--bootstrap {} {options} {partitions}", broker.address);
        Loadgen::run(&options).ran()
    };
    run("--partitions 3").expect(0);
    let ran = run("--partitions 5 --into-existing").expect(2);
    assert!(ran.error().contains("topic there has 3 partitions, not the 5 asked for"), "{}", ran.error());
    assert_eq!(run("--into-existing").expect(0).json()["settings"]["partitions"], 3);
}

#[test]
fn nothing_is_written_into_a_topic_that_is_there_unless_asked() {
    let dir = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), dir.path(), Lie::Nothing);
    let bootstrap = format!("--bootstrap {}", broker.address);
    let run = |more: &str| {
        let options = "--topic orders --duration 200ms --warmup 0s --rate 1k";
        Loadgen::run(&format!("{bootstrap} {options} {more}")).ran()
    };
    let held = || {
        let mut cluster = Cluster::connect(&broker.address.to_string()).unwrap();
        let topic = cluster.existing_topic("orders").unwrap().unwrap();
        cluster.end_offsets(&topic).unwrap().iter().sum::<i64>()
    };
    run("").expect(0);
    let before = held();
    assert!(before > 0, "the run that made it wrote into it");
    let ran = run("").expect(2);
    let words = format!("topic orders exists, with 4 partitions and {before} records");
    assert!(ran.error().contains(&words) && ran.error().contains("--into-existing"), "{}", ran.error());
    assert_eq!(held(), before);
    let ran = run("--into-existing").expect(0);
    assert_eq!(ran.json()["verification"]["passed"], true);
    assert!(held() > before);
    let ran = Loadgen::run(&format!("{bootstrap} --into-existing")).ran().expect(2);
    assert!(ran.stderr.contains("--topic"), "{}", ran.stderr);
}

#[test]
fn what_is_said_of_a_running_broker_is_looked_at_before_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), dir.path(), Lie::Nothing);
    let bootstrap = format!("--bootstrap {} --duration 200ms --warmup 0s --rate 1k", broker.address);
    let mut other = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap();
    for (arguments, words) in [
        ("--broker-pid 0".into(), "--broker-pid 0: there is no such process here"),
        ("--broker-pid 4194305".into(), "--broker-pid 4194305: there is no such process here"),
        (format!("--broker-pid {}", other.id()), "(sleep): it listens on no port"),
        (format!("--broker-admin {free}"), "--broker-admin"),
        (format!("--broker-admin {}", broker.address), "--broker-admin"),
        ("--broker-data-dir /nowhere/data".into(), "--broker-data-dir /nowhere/data"),
        ("--broker-data-dir /tmp".into(), "--broker-data-dir /tmp: it holds no partition of topic"),
    ] {
        let ran = Loadgen::run(&format!("{bootstrap} {arguments}")).ran().expect(2);
        assert!(ran.error().contains(words), "{arguments}: {}", ran.error());
        assert!(ran.json.is_none() && ran.stdout.is_empty(), "{}", ran.stdout);
    }
    other.kill().unwrap();
    other.wait().unwrap();
    let right = format!("--broker-pid {} --broker-data-dir {}", broker.pid(), dir.path().display());
    let ran = Loadgen::run(&format!("{bootstrap} {right}")).ran().expect(0);
    let figures = &ran.json()["figures"];
    for told in ["broker_cpu_s_per_million", "disk_bytes_per_record"] {
        assert!(figures[told].as_f64().is_some_and(|value| value > 0.0), "{told}: {figures}");
    }
    let left = fs::read_dir(dir.path()).unwrap().flatten();
    let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with("loadgen-"));
    assert_eq!(left.count(), 0, "no topic of a run outlives it");
}

#[test]
fn a_broker_that_refuses_to_start_is_quoted() {
    let loadgen = Loadgen::own_broker("--broker-set no.such.setting=1");
    let ran = loadgen.ran().expect(2);
    assert!(ran.error().contains("no.such.setting"), "{}", ran.error());
    assert_eq!(fs::read_dir(loadgen.broker_dir()).unwrap().count(), 0);
}

/// The figures of what was measured until then, and no verdict.
fn assert_is_cut_short(ran: &Ran, why: &str) {
    let json = ran.json();
    assert!(json["failure"].as_str().is_some_and(|failure| failure.contains(why)), "{json}");
    assert!(json["verification"]["passed"].is_null() && json["interrupted"] == false, "{json}");
    let figures = &json["figures"];
    assert!(figures["records_per_s"].as_f64().is_some_and(|rate| rate > 0.0), "{figures}");
    assert!(json["measured_s"].as_f64().is_some_and(|seconds| 0.0 < seconds && seconds < 180.0), "{json}");
    let [response, queue] = ["response", "queue"].map(|of| figures[of]["count"].as_u64().unwrap());
    assert!(response == queue && response > 0, "the same records in each: {response}, {queue}");
    assert!(ran.told().contains("(cut short)") && ran.told().contains("Cut short: "), "{}", ran.stdout);
}

#[test]
fn a_broker_that_dies_in_the_middle_ends_the_run_with_what_was_measured() {
    let loadgen = Loadgen::own_broker(LONG);
    let mut child = loadgen.start();
    let broker = broker_of(&mut child);
    wait_for_bytes(&loadgen.broker_dir(), 100_000);
    send(broker, Signal::KILL);
    let ran = loadgen.finish(child).expect(2);
    assert!(ran.error().contains("the broker ended"), "{}", ran.error());
    assert_is_cut_short(&ran, "the broker ended");
    assert!(ran.json()["figures"]["broker_cpu_s_per_million"].as_f64().is_some_and(|cpu| cpu > 0.0));
    assert_eq!(fs::read_dir(loadgen.broker_dir()).unwrap().count(), 0);
}

#[test]
fn a_running_broker_that_stops_in_order_ends_the_run_with_what_was_measured() {
    let dir = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), dir.path(), Lie::Nothing);
    let loadgen = Loadgen::run(&format!("--bootstrap {} {LONG} --rate 20k", broker.address));
    let child = loadgen.start();
    wait_for_bytes(dir.path(), 100_000);
    send(broker.pid(), Signal::TERM);
    let ran = loadgen.finish(child).expect(2);
    assert!(ran.error().contains("closed the connection"), "{}", ran.error());
    assert_is_cut_short(&ran, "closed the connection");
    let figures = &ran.json()["figures"];
    let counted = figures["response"]["count"].as_f64().unwrap();
    let due = 20_000.0 * ran.json()["measured_s"].as_f64().unwrap();
    assert!((counted - due).abs() <= 8.0, "every record that was due counts: {counted} of {due}");
}

#[test]
fn a_broker_that_dies_in_the_warm_up_leaves_nothing_to_tell() {
    let loadgen = Loadgen::own_broker("--warmup 3m --duration 1s --batch-bytes 4k --rate 5k");
    let mut child = loadgen.start();
    let broker = broker_of(&mut child);
    wait_for_records(&loadgen.broker_dir());
    send(broker, Signal::KILL);
    let ran = loadgen.finish(child).expect(2);
    assert!(ran.error().contains("the broker ended"), "{}", ran.error());
    assert!(ran.json.is_none() && ran.stdout.is_empty(), "no result: {}", ran.stdout);
}

#[test]
fn no_broker_outlives_a_killed_loadgen() {
    let loadgen = Loadgen::own_broker(LONG);
    let mut child = loadgen.start();
    let broker = broker_of(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for(|| name_of(broker).is_none().then_some(()));
}

#[test]
fn an_interrupt_in_the_warm_up_is_no_fault_of_the_broker() {
    let loadgen = Loadgen::own_broker("--warmup 3m --duration 1s --batch-bytes 4k --rate 5k");
    let mut child = loadgen.start();
    broker_of(&mut child);
    wait_for_records(&loadgen.broker_dir());
    send(child.id(), Signal::INT);
    let ran = loadgen.finish(child).expect(2);
    let told = "interrupted before anything was measured: the warm-up lasts 180 s";
    assert!(ran.error().ends_with(told), "{}", ran.error());
    assert!(ran.json.is_none() && ran.stdout.is_empty(), "no result: {}", ran.stdout);
    assert_eq!(fs::read_dir(loadgen.broker_dir()).unwrap().count(), 0);
}

#[test]
fn an_interrupt_ends_the_run_early_with_what_it_has() {
    let loadgen = Loadgen::own_broker(&format!("{LONG} --rate 5k"));
    let mut child = loadgen.start();
    broker_of(&mut child);
    wait_for_records(&loadgen.broker_dir());
    send(child.id(), Signal::INT);
    let ran = loadgen.finish(child).expect(0);
    assert_eq!(ran.json()["interrupted"], true);
    assert_eq!(ran.json()["verification"]["passed"], true);
    assert!(ran.told().contains("Interrupted"), "{}", ran.stdout);
}
