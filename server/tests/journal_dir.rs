//! `creel.journal.dir`: what only the journals hold is found wherever they lie, and a start that can't find it is refused.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use creel_io::sim::{Config, DiskHandle};
use creel_io::{fs, sleep};
use serde_json::Value;
use support::http::{ADMIN, get};
use support::{Client, Connector, World, batch, values};

const A: &str = "/journals-a";
const B: &str = "/journals-b";
const IN_A: &str = "creel.journal.dir=/journals-a";
const IN_B: &str = "creel.journal.dir=/journals-b";
const INSIDE: &str = "creel.journal.dir=";
const OWNER: &str = "creel-journals.properties";
const PARTITIONS: i32 = 3;
const RECORDS: i64 = 4;

async fn is_on(broker: Connector) {
    while !statuses(broker).await.iter().all(|status| status == "on") {
        sleep(Duration::from_millis(10)).await;
    }
}

async fn statuses(broker: Connector) -> Vec<String> {
    let (_, body) = get(broker, "/durability").await;
    let told: Value = serde_json::from_str(&body).unwrap();
    let cores = told["cores"].as_array().unwrap();
    cores.iter().map(|core| core["journal"]["status"].as_str().unwrap().to_owned()).collect()
}

/// Every partition has all its records.
async fn check(client: &mut Client) {
    for partition in 0..PARTITIONS {
        let found = values(&client.fetch("orders", partition, 0).await);
        let offsets: Vec<i64> = found.iter().map(|(offset, _)| *offset).collect();
        assert_eq!(offsets, (0..RECORDS).collect::<Vec<_>>(), "partition {partition}");
    }
}

fn disk(world: &World) -> DiskHandle {
    world.sim.handle().disk(world.broker)
}

/// A broker that is down and has not served yet, and two directories for journals, each a device.
fn world(seed: u64, cores: u16, setting: &str) -> World {
    let settings = ["creel.journal=true", "creel.journal.bytes=1048576", ADMIN, setting];
    let mut world = World::down(seed, Config::calm(), cores, &settings);
    let disk = disk(&world);
    for directory in [A, B] {
        disk.place(Path::new(directory).join("of-the-device"), b"").unwrap();
        let _ = disk.device(directory);
    }
    world.start();
    world
}

/// The same with acknowledged records of which the segments have nothing on the medium, after a power cut.
fn cut_off(seed: u64, cores: u16, setting: &str) -> World {
    let mut world = world(seed, cores, setting);
    let held = disk(&world);
    world.client(move |connector| async move {
        is_on(connector).await;
        let mut client = connector.connect().await;
        client.create_topic("orders", PARTITIONS).await;
        for path in held.files().iter().filter(|path| path.to_string_lossy().ends_with(".journal")) {
            let _ = held.device(path);
        }
        // From here on a sync of a segment never ends.
        held.hold_syncs(true);
        for _ in 0..RECORDS {
            for partition in 0..PARTITIONS {
                assert!(client.produce("orders", partition, &batch(&["a"])).await.error_code.is_none());
            }
        }
    });
    crash(&world);
    disk(&world).hold_syncs(false);
    world
}

fn crash(world: &World) {
    world.sim.handle().crash(world.broker);
}

fn stop(world: &mut World) {
    let broker = world.broker;
    world.sim.handle().ask_to_stop(broker);
    world.sim.run_until_ended(broker).unwrap();
}

/// A start that has its journals, and all records.
fn start_and_check(world: &mut World) {
    world.start();
    world.client(|connector| async move {
        is_on(connector).await;
        check(&mut connector.connect().await).await;
    });
}

/// A start that is refused. Returns why.
fn refusal(world: &mut World) -> String {
    let setup = world.start();
    let broker = world.broker;
    world.sim.run_until_ended(broker).unwrap();
    setup.failure().unwrap().to_string()
}

/// The files of journals in a directory.
fn journals(world: &World, directory: &str) -> Vec<PathBuf> {
    let files = disk(world).files().into_iter().filter(|path| path.parent() == Some(Path::new(directory)));
    files.filter(|path| path.to_string_lossy().ends_with("0.journal")).collect()
}

fn properties(world: &World) -> String {
    String::from_utf8(disk(world).read_durable("/data/meta.properties").unwrap()).unwrap()
}

/// Renames something while the broker is down.
fn rename(world: &mut World, from: &'static str, to: &'static str) {
    let broker = world.broker;
    let renamed = async move {
        fs::rename(Path::new(from), Path::new(to)).unwrap();
        fs::sync_dir(Path::new("/")).await.unwrap();
    };
    world.sim.block_on(broker, renamed).unwrap();
}

#[test]
fn journals_on_a_device_of_their_own_bring_back_what_the_segments_lack() {
    for (seed, cores) in [(1, 1), (2, 3)] {
        let mut world = cut_off(seed, cores, IN_A);
        assert_eq!(journals(&world, A).len(), usize::from(cores));
        assert_eq!(journals(&world, "/data"), Vec::<PathBuf>::new());
        let told = properties(&world);
        assert!(told.contains("\nversion=creel-journals-elsewhere-1\n"), "{told}");
        assert!(told.contains("\ncreel.journal.dir=/journals-a\n"), "{told}");
        for _ in 0..2 {
            start_and_check(&mut world);
            crash(&world);
        }
        start_and_check(&mut world);
        stop(&mut world);
        let told = properties(&world);
        assert!(told.contains("\nversion=1\n") && !told.contains("creel"), "{told}");
    }
}

#[test]
fn after_a_crash_a_start_with_another_place_reads_the_old_one_first() {
    for (seed, from, to) in [(3, IN_A, IN_B), (4, INSIDE, IN_A), (5, IN_A, INSIDE), (6, IN_B, IN_A)] {
        let mut world = cut_off(seed, 2, from);
        world.set(to);
        start_and_check(&mut world);
        let place = |setting| match setting {
            IN_A => A,
            IN_B => B,
            _ => "/data",
        };
        assert_eq!(journals(&world, place(from)), Vec::<PathBuf>::new(), "{from} to {to}");
        assert_eq!(journals(&world, place(to)).len(), 2, "{from} to {to}");
        if from != INSIDE {
            let owner = Path::new(place(from)).join(OWNER);
            assert!(!disk(&world).files().contains(&owner), "another broker may use the old place now");
        }
        crash(&world);
        start_and_check(&mut world);
    }
}

#[test]
fn after_a_clean_stop_the_old_place_may_be_gone() {
    let mut world = cut_off(7, 2, IN_A);
    start_and_check(&mut world);
    stop(&mut world);
    rename(&mut world, A, "/gone");
    world.set(IN_B);
    start_and_check(&mut world);
    crash(&world);
    start_and_check(&mut world);
}

#[test]
fn a_place_that_is_missing_or_not_mounted_is_refused_and_loses_nothing() {
    let mut world = cut_off(8, 2, IN_A);
    let before = properties(&world);
    rename(&mut world, A, "/unplugged");
    let told = refusal(&mut world);
    assert!(told.starts_with("journal directory /journals-a: ") && told.contains("does not exist"), "{told}");
    assert!(told.contains("/data"), "{told}");
    // The mount point without its device.
    disk(&world).place(Path::new(A).join("empty"), b"").unwrap();
    let told = refusal(&mut world);
    assert!(told.contains("mount its device"), "{told}");
    for setting in [IN_B, INSIDE, "creel.journal=false"] {
        world.set(setting);
        assert!(refusal(&mut world).starts_with("journal directory /journals-a: "), "{setting}");
    }
    assert_eq!(properties(&world), before);
    assert_eq!(journals(&world, A), Vec::<PathBuf>::new());
    rename(&mut world, A, "/mount-point");
    rename(&mut world, "/unplugged", A);
    world.set("creel.journal=true");
    start_and_check(&mut world);
}

#[test]
fn a_device_that_is_mounted_elsewhere_is_found_by_what_it_says() {
    let mut world = cut_off(9, 2, IN_A);
    rename(&mut world, A, "/journals-c");
    world.set("creel.journal.dir=/journals-c");
    start_and_check(&mut world);
    assert!(properties(&world).contains("\ncreel.journal.dir=/journals-c\n"));
    crash(&world);
    start_and_check(&mut world);
}

#[test]
fn a_directory_of_someone_else_is_never_taken() {
    let someone = "version=1\ndirectory.id=THEIRS\njournal.id=J\ndata.dir=/other\n";
    let cases: [(&str, &str, &str); 5] = [
        (OWNER, someone, "holds the journals of another data directory: /other"),
        (OWNER, "version=0\n", "has version 0: start the version of Creel that wrote it"),
        (OWNER, "", "is not what Creel writes"),
        ("creel-0-0.journal", "", "does not say whose"),
        ("meta.properties", "", "it is a data directory"),
    ];
    for (seed, (name, content, why)) in (10..).zip(cases) {
        let mut world = cut_off(seed, 1, INSIDE);
        let (before, path) = (properties(&world), Path::new(A).join(name));
        disk(&world).place(&path, content.as_bytes()).unwrap();
        world.set(IN_A);
        let told = refusal(&mut world);
        assert!(told.starts_with("journal directory /journals-a: ") && told.contains(why), "{told}");
        assert_eq!(disk(&world).read(&path).unwrap(), content.as_bytes());
        assert_eq!(properties(&world), before, "{why}");
        world.set(IN_B);
        start_and_check(&mut world);
    }
}

#[test]
fn a_place_that_takes_no_writes_is_refused_at_first_and_done_without_later() {
    let mut world = cut_off(20, 2, INSIDE);
    let device = disk(&world).device(A);
    device.fail_next_writes(1000);
    world.set(IN_A);
    let told = refusal(&mut world);
    assert!(told.starts_with("journal directory /journals-a: creel-journals.properties: "), "{told}");
    device.fail_next_writes(0);
    start_and_check(&mut world);
    crash(&world);
    // Its records can be read, and it can't be emptied.
    device.fail_next_writes(1000);
    world.start();
    world.client(|connector| async move {
        check(&mut connector.connect().await).await;
        assert_eq!(statuses(connector).await, ["off", "off"]);
    });
    crash(&world);
    device.fail_next_writes(0);
    start_and_check(&mut world);
}

#[test]
fn a_full_device_takes_no_journal_and_nothing_is_lost() {
    let mut world = cut_off(21, 1, INSIDE);
    let device = disk(&world).device(A);
    world.set(IN_A);
    // Room for a small file, and for no journal.
    disk(&world).set_capacity(Some(disk(&world).used() + (200 << 10)));
    world.start();
    world.client(|connector| async move {
        check(&mut connector.connect().await).await;
        assert_eq!(statuses(connector).await, ["off"]);
    });
    disk(&world).set_capacity(None);
    drop(device);
    crash(&world);
    start_and_check(&mut world);
}

#[test]
fn a_device_that_died_keeps_no_clean_stop_back() {
    let mut world = cut_off(22, 1, IN_A);
    start_and_check(&mut world);
    let dead = disk(&world);
    world.client(move |connector| async move {
        dead.break_path(A);
        dead.device(A).fail_next_writes(1000);
        let mut client = connector.connect().await;
        for partition in 0..PARTITIONS {
            assert!(client.produce("orders", partition, &batch(&["later"])).await.error_code.is_none());
        }
    });
    stop(&mut world);
    assert!(properties(&world).contains("\nversion=1\n"));
    world.set(IN_B);
    world.start();
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        for partition in 0..PARTITIONS {
            assert_eq!(values(&client.fetch("orders", partition, 0).await).len() as i64, RECORDS + 1);
        }
    });
}

#[test]
fn two_data_directories_do_not_share_a_place() {
    let mut world = cut_off(23, 1, IN_A);
    rename(&mut world, "/data", "/first");
    // A new data directory with the same setting.
    let told = refusal(&mut world);
    assert!(told.contains("holds the journals of another data directory: /data"), "{told}");
    rename(&mut world, "/data", "/second");
    rename(&mut world, "/first", "/data");
    start_and_check(&mut world);
}

/// How many operations of the disk a start with another place takes, until its journals are on.
fn operations_of_a_move(seed: u64, from: &str, to: &str) -> u64 {
    let mut world = cut_off(seed, 1, from);
    let before = world.sim.handle().io_count(world.broker);
    world.set(to);
    start_and_check(&mut world);
    world.sim.handle().io_count(world.broker) - before
}

#[test]
fn a_power_cut_anywhere_in_a_move_loses_nothing() {
    for (seed, from, to) in [(30, IN_A, IN_B), (31, INSIDE, IN_A), (32, IN_A, INSIDE)] {
        let all = operations_of_a_move(seed, from, to);
        assert!(all > 40, "{all} operations");
        let thorough = std::env::var("CREEL_SEEDS").is_ok();
        // Each early one, where the places change hands; of those that write the new files some.
        let cuts = (0..all).filter(|cut| thorough || *cut < 60 || cut % 13 == 0);
        for (at, cut) in cuts.enumerate() {
            let mut world = cut_off(seed, 1, from);
            let broker = world.broker;
            world.set(to);
            world.sim.handle().crash_after_io(broker, cut);
            world.start();
            // Long enough to come so far; a start without a cut would go on serving.
            let _ = world.sim.run_for(Duration::from_secs(20));
            crash(&world);
            world.set([from, to, IN_B][at % 3]);
            start_and_check(&mut world);
            crash(&world);
            start_and_check(&mut world);
        }
    }
}
