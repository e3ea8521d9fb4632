//! `creel check`: what it says of a data directory, that it changes nothing, and that `--replay` leaves in the segments what
//! only the journals held.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod real;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use creel_io::sim::Config as SimConfig;
use creel_io::sleep;
use creel_server::check::{Report, Verdict, look, prepare_replay, told_of_replay};
use creel_server::config::Config;
use creel_server::{Setup, run_core};
use real::{Broker, command, free_address, on_core};
use serde_json::Value;
use support::http::{ADMIN, get};
use support::{Connector, World, batch, produce_request, values};

const PARTITIONS: i32 = 3;
const JOURNAL: [&str; 2] = ["creel.journal=true", "creel.journal.bytes=1048576"];

fn check(folder: &Path, args: &[&str]) -> Output {
    let mut check = command();
    check.env_clear().env("CREEL_LOG_DIRS", folder.join("data")).arg("check").args(args);
    check.output().unwrap()
}

/// The exit code, and what it says as JSON.
fn checked(folder: &Path, args: &[&str]) -> (i32, Value) {
    let data = folder.join("data");
    let output = check(folder, &[args, &["--format", "json", data.to_str().unwrap()]].concat());
    let told = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), serde_json::from_str(&told).unwrap_or(Value::String(error)))
}

/// Every file below a directory, and what is in it.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.is_dir() {
            true => found.extend(tree(&entry)),
            false => drop(found.insert(entry.clone(), fs::read(&entry).unwrap())),
        }
    }
    found
}

/// A broker that has acknowledged so many records in each partition, of one batch each, and was killed at once.
fn killed(folder: &Path, settings: &[&str], records: usize) {
    let address = free_address();
    let mut broker = Broker::start(address, &folder.join("data"), settings);
    assert!(broker.comes_up());
    on_core(move || async move { fill(address, records).await });
    broker.kill();
}

/// Produces until so many records of each partition are acknowledged.
async fn fill(address: SocketAddr, records: usize) {
    let mut client = Connector::to(address).connect().await;
    client.create_topic("orders", PARTITIONS).await;
    // Journals are made meanwhile, if there are to be any.
    sleep(Duration::from_millis(700)).await;
    for record in 0..records {
        for partition in 0..PARTITIONS {
            let sent = batch(&[&format!("value {record}")]);
            assert!(client.produce("orders", partition, &sent).await.error_code.is_none());
        }
    }
    // Nobody waits for these.
    let unwaited = produce_request("orders", 0, batch(&["unwaited"]).bytes().clone(), 0);
    client.send(9, &unwaited).await;
}

/// Starts a broker, and returns the values of each partition.
fn served(folder: &Path, settings: &[&str]) -> Vec<Vec<String>> {
    let address = free_address();
    let mut broker = Broker::start(address, &folder.join("data"), settings);
    assert!(broker.comes_up());
    let (tell, told) = std::sync::mpsc::channel();
    on_core(move || {
        let tell = tell.clone();
        async move {
            let mut client = Connector::to(address).connect().await;
            for partition in 0..PARTITIONS {
                let found = values(&client.fetch("orders", partition, 0).await);
                tell.send(found.into_iter().map(|(_, value)| value).collect::<Vec<_>>()).unwrap();
            }
        }
    });
    broker.signal("TERM");
    assert_eq!(broker.end(), Some(0));
    told.iter().collect()
}

#[test]
fn after_a_clean_stop_everything_is_sound_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path(), &[], 20);
    let found = served(folder.path(), &[]);
    assert_eq!(found.iter().map(|values| values.len().min(20)).collect::<Vec<_>>(), [20; 3]);
    let before = tree(folder.path());
    let (code, told) = checked(folder.path(), &[]);
    assert_eq!((code, &told["verdict"]), (0, &Value::from("sound")), "{told}");
    assert_eq!(told["stopped_cleanly"], true);
    assert_eq!(told["findings"], Value::Array(Vec::new()), "{told}");
    assert!(told["totals"]["records"].as_u64().unwrap() >= 60, "{told}");
    assert_eq!(told["partitions"].as_array().unwrap().len(), PARTITIONS as usize);
    let text = check(folder.path(), &[]);
    let said = String::from_utf8(text.stdout).unwrap();
    assert!(said.contains(": sound\n") && said.contains("  journals    hold nothing\n"), "{said}");
    // Nothing to replay, and nothing done.
    let (code, told) = checked(folder.path(), &["--replay"]);
    assert_eq!((code, &told["replayed"]), (0, &Value::Array(Vec::new())), "{told}");
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn after_kill_nine_a_replay_leaves_a_directory_as_a_clean_stop_does() {
    for elsewhere in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let journals = folder.path().join("journals");
        fs::create_dir(&journals).unwrap();
        let place = format!("creel.journal.dir={}", journals.display());
        let settings = if elsewhere { [&JOURNAL[..], &[&place]].concat() } else { JOURNAL.to_vec() };
        killed(folder.path(), &settings, 30);
        let before = tree(folder.path());
        let (code, told) = checked(folder.path(), &[]);
        assert_eq!(code, 0, "a crash is no damage: {told}");
        assert_eq!(told["journals"]["are_marked"], true);
        assert!(told["journals"]["records"].as_u64().unwrap() > 0, "{told}");
        assert_eq!(tree(folder.path()), before, "a check changes nothing");

        let (code, told) = checked(folder.path(), &["--replay"]);
        assert_eq!(code, 0, "{told}");
        let replayed = told["replayed"].as_array().unwrap();
        assert!(!replayed.is_empty() && replayed.iter().all(|one| one["left_out"] == 0), "{told}");
        let properties = fs::read_to_string(folder.path().join("data/meta.properties")).unwrap();
        assert!(properties.contains("version=1\n") && !properties.contains("creel"), "{properties}");
        assert!(folder.path().join("data/.kafka_cleanshutdown").exists());
        let left =
            tree(folder.path()).into_keys().filter(|path| path.to_string_lossy().ends_with("0.journal"));
        assert_eq!(left.collect::<Vec<_>>(), Vec::<PathBuf>::new());
        let (code, told) = checked(folder.path(), &[]);
        assert_eq!(
            (code, &told["journals"]["records"], &told["stopped_cleanly"]),
            (0, &Value::from(0), &Value::from(true))
        );
        for values in served(folder.path(), &[]) {
            let expected: Vec<_> = (0..30).map(|record| format!("value {record}")).collect();
            assert_eq!(values[..30], expected);
        }
    }
}

#[test]
fn damage_is_found_and_told() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path(), &[], 20);
    served(folder.path(), &[]);
    let log = folder.path().join("data/orders-1/00000000000000000000.log");
    let mut bytes = fs::read(&log).unwrap();
    bytes[100] ^= 1;
    fs::write(&log, &bytes).unwrap();
    fs::write(folder.path().join("data/log-start-offset-checkpoint"), "garbage").unwrap();
    let before = tree(folder.path());
    let (code, told) = checked(folder.path(), &[]);
    assert_eq!((code, &told["verdict"]), (1, &Value::from("damaged")));
    let findings = told["findings"].as_array().unwrap();
    let of = |what: &str| findings.iter().find(|one| one["file"].as_str().unwrap().ends_with(what)).unwrap();
    assert_eq!(of("orders-1/00000000000000000000.log")["severity"], "damage");
    assert_eq!(of("log-start-offset-checkpoint")["severity"], "damage");
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn a_directory_in_use_or_of_nobody_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (code, told) = checked(folder.path(), &[]);
    assert!(code == 2 && told.as_str().unwrap().contains("does not exist"), "{told}");
    fs::create_dir(folder.path().join("data")).unwrap();
    for args in [&[][..], &["--replay"]] {
        let (code, told) = checked(folder.path(), args);
        assert!(code == 2 && told.as_str().unwrap().contains("is no data directory"), "{told}");
    }
    assert_eq!(tree(folder.path()).len(), 0);
    let mut broker = Broker::start(free_address(), &folder.path().join("data"), &[]);
    assert!(broker.comes_up());
    for args in [&[][..], &["--replay"]] {
        let (code, told) = checked(folder.path(), args);
        assert!(code == 2 && told.as_str().unwrap().contains("in use by a broker"), "{told}");
    }
    assert!(broker.is_running());
}

#[test]
fn journals_that_are_not_there_are_damage_and_nothing_is_replayed_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let journals = folder.path().join("journals");
    fs::create_dir(&journals).unwrap();
    let place = format!("creel.journal.dir={}", journals.display());
    killed(folder.path(), &[&JOURNAL[..], &[&place]].concat(), 5);
    let away = folder.path().join("away");
    fs::rename(&journals, &away).unwrap();
    let before = tree(folder.path());
    let (code, told) = checked(folder.path(), &[]);
    assert!(code == 1 && told.to_string().contains("does not exist"), "{told}");
    let (code, told) = checked(folder.path(), &["--replay"]);
    assert!(code == 2 && told.as_str().unwrap().contains("journal directory"), "{told}");
    assert_eq!(tree(folder.path()), before);
    // Wherever they are now, they are found.
    let set = format!("creel.journal.dir={}", away.display());
    let data = folder.path().join("data");
    let replay = check(folder.path(), &["--replay", data.to_str().unwrap()]);
    assert_eq!(replay.status.code(), Some(2));
    let mut found = command();
    found.env_clear().args(["--set", &set, "check", "--replay"]).arg(&data);
    assert_eq!(found.output().unwrap().status.code(), Some(0));
}

/// A simulated broker that has acknowledged what only its journals hold, after a power cut.
fn cut_off(seed: u64, place: &str) -> World {
    let settings = [&JOURNAL[..], &[ADMIN, place]].concat();
    let mut world = World::down(seed, SimConfig::calm(), 2, &settings);
    let disk = world.sim.handle().disk(world.broker);
    disk.place("/journals/of-the-device", b"").unwrap();
    let _ = disk.device("/journals");
    world.start();
    let held = world.sim.handle().disk(world.broker);
    world.client(move |connector| async move {
        while get(connector, "/durability").await.1.contains("\"off\"") {
            sleep(Duration::from_millis(10)).await;
        }
        let mut client = connector.connect().await;
        client.create_topic("orders", PARTITIONS).await;
        for path in held.files().iter().filter(|path| path.to_string_lossy().ends_with(".journal")) {
            let _ = held.device(path);
        }
        held.hold_syncs(true);
        for _ in 0..5 {
            for partition in 0..PARTITIONS {
                assert!(client.produce("orders", partition, &batch(&["a", "b"])).await.error_code.is_none());
            }
        }
    });
    world.sim.handle().crash(world.broker);
    disk.hold_syncs(false);
    for partition in 0..PARTITIONS {
        // Nothing was synced, so a power cut may leave nothing.
        disk.place(format!("/data/orders-{partition}/00000000000000000000.log"), b"").unwrap();
    }
    world
}

fn config(place: &str) -> Config {
    Config::with(&["log.dirs=/data", place]).unwrap()
}

fn looked(world: &mut World, place: &str) -> Report {
    let (broker, config) = (world.broker, config(place));
    world.sim.block_on(broker, async move { look(&config, |_, _| {}).await }).unwrap().unwrap()
}

/// Replays, and cuts the power after so many operations, if ever. `None`: the power was cut.
fn replayed(world: &mut World, place: &str, operations: Option<u64>) -> Option<Report> {
    let (broker, asked, unprepared) = (world.broker, config(place), config(place));
    let prepared = world.sim.block_on(broker, async move { prepare_replay(asked).await }).unwrap().unwrap();
    let Some(config) = prepared else {
        return Some(told_of_replay(&unprepared, None, None).unwrap());
    };
    if let Some(operations) = operations {
        world.sim.handle().crash_after_io(broker, operations);
    }
    let setup = Setup::replaying(config.clone());
    let of_core = setup.clone();
    world.sim.start(broker, move |core| run_core(core, of_core.clone()));
    let ended = world.sim.run_until_ended(broker);
    world.sim.handle().cancel_crash(broker);
    ended.ok()?;
    told_of_replay(&config, setup.replayed(), setup.failure().as_ref()).ok()
}

fn check_served(world: &mut World) {
    world.set("creel.journal=false");
    world.start();
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        for partition in 0..PARTITIONS {
            assert_eq!(
                values(&client.fetch("orders", partition, 0).await).len(),
                10,
                "partition {partition}"
            );
        }
    });
}

const PLACES: [&str; 2] = ["creel.journal.dir=", "creel.journal.dir=/journals"];

#[test]
fn a_replay_appends_what_only_the_journals_hold() {
    for (seed, place) in (1..).zip(PLACES) {
        let mut world = cut_off(seed, place);
        let told = looked(&mut world, place);
        assert_eq!((told.verdict, told.journals.only_there), (Verdict::Sound, 30), "{told}");
        assert!(told.to_string().contains("30 records"), "{told}");
        let told = replayed(&mut world, place, None).unwrap();
        let appended: Vec<_> = told.replayed.as_ref().unwrap().iter().map(|one| one.appended).collect();
        assert_eq!((told.verdict, appended), (Verdict::Sound, vec![10, 10, 10]), "{told}");
        let told = looked(&mut world, place);
        assert_eq!(
            (told.journals.records, told.journals.are_marked, told.totals.records),
            (0, false, 30),
            "{told}"
        );
        // A second one has nothing to do.
        assert_eq!(replayed(&mut world, place, None).unwrap().replayed.unwrap(), []);
        check_served(&mut world);
    }
}

#[test]
fn a_power_cut_anywhere_in_a_replay_loses_nothing() {
    for (seed, place) in (3..).zip(PLACES) {
        let mut cuts = 0;
        for cut in 0.. {
            let mut world = cut_off(seed, place);
            let told = replayed(&mut world, place, Some(cut));
            let is_whole = told.is_some();
            assert_eq!(replayed(&mut world, place, None).unwrap().verdict, Verdict::Sound, "cut {cut}");
            check_served(&mut world);
            cuts += 1;
            if is_whole {
                break;
            }
        }
        assert!(cuts > 20, "{cuts} cuts");
    }
}

#[test]
fn what_fits_no_log_is_told_and_kept() {
    let mut world = cut_off(9, PLACES[0]);
    let disk = world.sim.handle().disk(world.broker);
    // Somebody else has removed a record from the journal: the log lacks what lies before the next one.
    let journal =
        disk.files().into_iter().find(|path| path.to_string_lossy().ends_with("0-0.journal")).unwrap();
    disk.corrupt(&journal, 4096 + 60, 0).unwrap();
    let told = looked(&mut world, PLACES[0]);
    assert_eq!(told.verdict, Verdict::Damaged, "{told}");
    let told = replayed(&mut world, PLACES[0], None).unwrap();
    assert_eq!(told.verdict, Verdict::Damaged, "{told}");
    let kept: Vec<_> = told.findings.iter().filter(|one| one.file.contains(".kept-")).collect();
    assert!(!kept.is_empty() && told.to_string().contains("NOT appended"), "{told}");
}
