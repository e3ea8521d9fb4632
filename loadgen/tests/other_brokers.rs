//! Brokers that are not our own, started by loadgen: Apache Kafka itself, and any command.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::fs;
use std::path::Path;
use support::{LONG, Loadgen, creel, wait_for};

const SHORT: &str = "--duration 500ms --warmup 0s --batch-bytes 4k --rate 2k";

/// Arguments one by one: a command has spaces in it.
fn with_command(loadgen: Loadgen, command: &str) -> Loadgen {
    loadgen.and("--broker-command", command)
}

#[test]
fn a_command_is_started_with_its_places_filled_in_kept_on_its_cores_and_stopped() {
    let loadgen = Loadgen::own_broker(&format!("{SHORT} --broker-cores 0"));
    let log = loadgen.dir.path().join("affinity");
    let wrapper = loadgen.dir.path().join("wrapper");
    // What the broker is allowed is what it inherits.
    let script = format!(
        "#!/bin/sh\ngrep Cpus_allowed_list /proc/$$/status > {}\nexec {} \"$@\"\n",
        log.display(),
        creel().display()
    );
    fs::write(&wrapper, script).unwrap();
    let command =
        format!("sh {} --listen 127.0.0.1:{{port}} --data-dir {{dir}} --cores {{cores}}", wrapper.display());
    let ran = with_command(loadgen, &command);
    let ended = ran.ran().expect(0);
    let broker = &ended.json()["broker"];
    assert_eq!((&broker["kind"], &broker["cores"]), (&"command".into(), &"0".into()));
    assert!(
        ended.json()["figures"]["broker_peak_memory_bytes"].as_u64().is_some_and(|bytes| bytes > 1 << 20)
    );
    assert!(ended.json()["figures"]["disk_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    assert_eq!(fs::read_to_string(log).unwrap().split_whitespace().last(), Some("0"));
    assert_eq!(fs::read_dir(ran.broker_dir()).unwrap().count(), 0);
}

#[test]
fn a_command_that_is_no_broker_is_quoted() {
    let ran = with_command(Loadgen::own_broker(""), "echo no broker on {port} >&2; exit 3").ran().expect(2);
    assert!(ran.error().contains("no broker on"), "{}", ran.error());
    let ran = with_command(Loadgen::run(""), "prog").ran().expect(2);
    assert!(ran.error().contains("{port}"), "{}", ran.error());
}

#[test]
fn kafka_itself_is_measured_and_ends_with_loadgen() {
    let jars = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/.tools/kafka");
    if !jars.is_dir() || std::process::Command::new("java").arg("-version").output().is_err() {
        eprintln!("SKIP: no Java, or no Kafka (cargo xtask kafka --install-only)");
        return;
    }
    let loadgen = Loadgen::own_broker(&format!("{SHORT} --broker kafka --broker-set flush.messages=1"));
    let ran = loadgen.ran().expect(0);
    let broker = &ran.json()["broker"];
    assert_eq!((&broker["kind"], &broker["settings"][0]), (&"kafka".into(), &"flush.messages=1".into()));
    assert!(broker["version"].as_str().is_some_and(|version| version.starts_with("4.")), "{broker}");
    assert!(broker["command"].as_array().unwrap().contains(&"-XX:+UseG1GC".into()), "{broker}");
    assert!(ran.json()["figures"]["broker_cpu_s_per_million"].as_f64().is_some_and(|cost| cost > 0.0));
    assert_eq!(fs::read_dir(loadgen.broker_dir()).unwrap().count(), 0, "its directory is gone");
    assert!(!is_alive(&loadgen.broker_dir()), "the JVM has ended");

    let killed = Loadgen::own_broker(&format!("{LONG} --broker kafka"));
    let mut child = killed.start();
    wait_for(|| is_alive(&killed.broker_dir()).then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for(|| (!is_alive(&killed.broker_dir())).then_some(()));
}

/// Whether a process was started with a file below `dir` among its arguments, loadgen itself aside.
fn is_alive(dir: &Path) -> bool {
    let dir = format!("{}/", dir.display());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let arguments = processes.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok());
    arguments.into_iter().any(|arguments| arguments.contains(&dir))
}
