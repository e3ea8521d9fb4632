//! Records of one's own: a topic of a running broker, sent again as it is and when it was; templates and random values.

#![allow(clippy::unwrap_used)] // helper functions of tests may, as tests do

mod support;

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use support::proxy::{Lie, LyingBroker};
use support::{Loadgen, creel, wait_for_while};

const SHORT: &str = "--duration 300ms --warmup 0s --linger-ms 1";

#[test]
fn a_topic_is_sent_again_with_its_keys_and_partitions_at_its_times() {
    let data = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), data.path(), Lie::Nothing);
    let bootstrap = format!("--bootstrap {0} {SHORT}", broker.address);
    let keyed = "--topic first --partitions 3 --keys 40 --rate 2k --codec zstd --schedule poisson";
    Loadgen::run(&format!("{bootstrap} {keyed}")).ran().expect(0);

    let again = format!("--payload-topic {}/first --verify full", broker.address);
    let ran = Loadgen::run(&format!("{bootstrap} {again} --replay 2x --codec lz4")).ran().expect(0);
    let settings = &ran.json()["settings"];
    assert_eq!(ran.json()["verification"]["passed"], true);
    assert_eq!((&settings["partitions"], &settings["keys"]), (&3.into(), &40.into()), "{settings}");
    assert_eq!((&settings["schedule"], &settings["load"]), (&"replay:2x".into(), &"open".into()));
    let rate = settings["target_rate"].as_f64().unwrap();
    assert!((3_000.0..5_000.0).contains(&rate), "twice the 2,000 that were recorded: {rate}");

    let some = format!("{again} --payload-records 100 --partitions 5 --rate 1k");
    let ran = Loadgen::run(&format!("{bootstrap} {some}")).ran().expect(0);
    let payload = ran.json()["settings"]["payload"].as_str().unwrap();
    assert_eq!(ran.json()["verification"]["passed"], true);
    assert!(payload.starts_with("100 records of first at ") && payload.contains("left out"), "{payload}");

    let lab = format!("--payload-topic {}/first --codecs lz4 --batch-bytes 8k --passes 1", broker.address);
    let ran = Loadgen::command("lab", &format!("{lab} --cell-time 1ms --sample 64k")).ran().expect(0);
    assert!(ran.json()["payload"].as_str().unwrap().contains("(3 partitions)"), "{}", ran.json());

    let none = Loadgen::run(&format!("--payload-topic {}/missing", broker.address)).ran().expect(2);
    assert!(none.error().contains("there is no topic missing at"), "{}", none.error());
}

#[test]
fn an_interrupt_while_a_topic_is_read_ends_there_and_without_a_result() {
    let data = tempfile::tempdir().unwrap();
    let broker = LyingBroker::start(&creel(), data.path(), Lie::Hold);
    let bootstrap = format!("--bootstrap {0} {SHORT}", broker.address);
    // More than one answer can hold of a partition.
    let large = "--topic first --partitions 1 --record-size 100k --rate 400";
    Loadgen::run(&format!("{bootstrap} {large}")).ran().expect(0);

    let topic = format!("--payload-topic {}/first", broker.address);
    for loadgen in [Loadgen::run(&format!("{bootstrap} {topic}")), Loadgen::command("lab", &topic)] {
        broker.gate.close();
        let before = broker.gate.held();
        let mut reading = loadgen.start();
        wait_for_while(&mut reading, || (broker.gate.held() > before).then_some(()));
        kill_process(Pid::from_raw(reading.id() as i32).unwrap(), Signal::INT).unwrap();
        broker.gate.open();
        let ran = loadgen.finish(reading).expect(2);
        assert!(ran.error().ends_with("interrupted"), "{}", ran.error());
        assert!(ran.json.is_none() && ran.stdout.is_empty(), "{}", ran.stdout);
    }
}

#[test]
fn a_template_makes_values_of_the_ratio_asked_for() {
    let template = tempfile::NamedTempFile::new().unwrap();
    fs::write(&template, r#"{"id":"{{uuid}}","n":{{int 1 1000}},"text":"{{word}} {{text 60}}"}"#).unwrap();
    let path = template.path().display();
    let more = format!("--template {path} --target-ratio 4 --codec zstd:1 --verify full --rate 5k");
    let ran = Loadgen::own_broker(&format!("{SHORT} {more}")).ran().expect(0);
    let payload = ran.json()["settings"]["payload"].as_str().unwrap();
    assert_eq!(ran.json()["verification"]["passed"], true);
    assert!(payload.contains("zstd:1 makes batches of 65536 B 4.0"), "{payload}");
    let lab = "--record-size 100 --entropy 1 --codecs zstd:1 --batch-bytes 8k --passes 1 --sample 64k";
    let ran = Loadgen::command("lab", &format!("{lab} --cell-time 1ms")).ran().expect(0);
    let ratio = ran.json()["cells"][0]["ratio"].as_f64().unwrap();
    assert!((1.0..1.1).contains(&ratio), "all but lengths and deltas is random: {ratio}");
}

#[test]
fn what_cannot_be_made_is_told_in_one_line() {
    let template = tempfile::NamedTempFile::new().unwrap();
    fs::write(&template, "{\n  \"a\": {{intt 1 2}}}").unwrap();
    let path = template.path().display();
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap();
    for (arguments, words) in [
        (format!("--template {path}"), "line 2, column 8: no such placeholder 'intt'"),
        ("--template /nowhere/t".into(), "/nowhere/t"),
        ("--entropy 0.5".into(), "--entropy needs a --template or a --record-size"),
        ("--record-size 100 --target-ratio 4".into(), "--target-ratio 4@zstd:3"),
        ("--record-size 100 --target-ratio 5000@lz4".into(), "lz4 makes values of 100 random bytes"),
        (format!("--payload-topic {free}/orders"), "no broker at"),
    ] {
        let ran = Loadgen::run(&arguments).ran().expect(2);
        assert!(ran.error().contains(words), "{arguments}: {}", ran.error());
    }
    for (arguments, words) in [
        ("--replay 2x", "--payload-topic"),
        ("--payload-topic orders", "localhost:9092/orders"),
        ("--payload-topic h:1/t --keys 5", "cannot be used with"),
        ("--payload-topic h:1/t --replay 2x --rate 5", "cannot be used with"),
        ("--payload-topic h:1/t --replay 0x", "1x, 2x or 0.5x"),
        ("--record-size 9 --entropy 2", "from 0 (everything repeats) to 1"),
        ("--dictionary words", "--template"),
    ] {
        let ran = Loadgen::run(arguments).ran().expect(2);
        assert!(ran.stderr.contains(words), "{arguments}: {}", ran.stderr);
    }
}
