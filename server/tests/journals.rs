//! The cores' journals (`creel.journal`): what they alone hold survives a power cut, also while a partition can't be
//! opened, and also where the next start is to have no journal.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use creel_io::sim::{Config, ErrorRates};
use creel_io::sleep;
use serde_json::Value;
use support::http::{ADMIN, get};
use support::{Client, Connector, World, batch, values};

const PARTITIONS: i32 = 4;
const RECORDS: i64 = 5;

fn world(seed: u64, cores: u16) -> World {
    let calm = Config::calm();
    World::with(seed, calm, cores, &["creel.journal=true", "creel.journal.bytes=1048576", ADMIN])
}

async fn statuses(broker: Connector) -> Vec<String> {
    let (_, body) = get(broker, "/durability").await;
    let told: Value = serde_json::from_str(&body).unwrap();
    let cores = told["cores"].as_array().unwrap();
    cores.iter().map(|core| core["journal"]["status"].as_str().unwrap().to_owned()).collect()
}

/// Waits until every core has its journal.
async fn is_on(broker: Connector) {
    while !statuses(broker).await.iter().all(|status| status == "on") {
        sleep(Duration::from_millis(10)).await;
    }
}

/// Every partition has all its records.
async fn check(client: &mut Client) {
    for partition in 0..PARTITIONS {
        let found = values(&client.fetch("orders", partition, 0).await);
        let offsets: Vec<i64> = found.iter().map(|(offset, _)| *offset).collect();
        assert_eq!(offsets, (0..RECORDS).collect::<Vec<_>>(), "partition {partition}");
    }
}

/// A broker whose segments were never synced with what it has acknowledged, after a power cut.
fn cut_off(seed: u64, cores: u16) -> World {
    let mut world = world(seed, cores);
    let (handle, broker) = (world.sim.handle(), world.broker);
    world.client(move |connector| async move {
        is_on(connector).await;
        let mut client = connector.connect().await;
        client.create_topic("orders", PARTITIONS).await;
        let disk = handle.disk(broker);
        for path in disk.files().iter().filter(|path| path.to_string_lossy().ends_with(".journal")) {
            let _ = disk.device(path);
        }
        // From here on a sync of a segment never ends.
        disk.hold_syncs(true);
        for _ in 0..RECORDS {
            for partition in 0..PARTITIONS {
                assert!(client.produce("orders", partition, &batch(&["a"])).await.error_code.is_none());
            }
        }
    });
    let handle = world.sim.handle();
    handle.crash(broker);
    handle.disk(broker).hold_syncs(false);
    world
}

#[test]
fn what_only_the_journals_hold_is_there_after_a_power_cut() {
    for (seed, cores) in [(1, 1), (2, 3), (3, 2)] {
        let mut world = cut_off(seed, cores);
        for _ in 0..2 {
            world.start();
            world.client(|connector| async move {
                is_on(connector).await;
                check(&mut connector.connect().await).await;
            });
            let broker = world.broker;
            world.sim.handle().crash(broker);
        }
    }
}

#[test]
fn the_journals_are_kept_while_a_partition_is_offline() {
    let mut world = cut_off(4, 2);
    let (handle, broker) = (world.sim.handle(), world.broker);
    handle.disk(broker).break_path("/data/orders-1");
    world.start();
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        assert!(!client.fetch("orders", 1, 0).await.error_code.is_none());
        assert_eq!(values(&client.fetch("orders", 0, 0).await).len() as i64, RECORDS);
        assert_eq!(statuses(connector).await, ["off", "off"]);
        assert!(client.produce("orders", 0, &batch(&["later"])).await.error_code.is_none());
    });
    handle.crash(broker);
    handle.disk(broker).mend_path();
    world.start();
    world.client(|connector| async move {
        is_on(connector).await;
        let mut client = connector.connect().await;
        assert_eq!(values(&client.fetch("orders", 1, 0).await).len() as i64, RECORDS);
        assert_eq!(values(&client.fetch("orders", 0, 0).await).len() as i64, RECORDS + 1);
    });
}

#[test]
fn a_journal_that_cannot_be_read_is_kept_as_it_is() {
    let mut world = cut_off(6, 1);
    let (handle, broker) = (world.sim.handle(), world.broker);
    let disk = handle.disk(broker);
    let holds = |path: &PathBuf| {
        let first = disk.read(path).unwrap();
        path.to_string_lossy().ends_with("-0.journal") && first[..4096].iter().any(|byte| *byte != 0)
    };
    let holding: Vec<_> = disk.files().into_iter().filter(holds).collect();
    let [journal] = &holding[..] else { panic!("{holding:?}") };
    let records = disk.read(journal).unwrap();
    disk.device(journal).set_error_rates(ErrorRates { read: 1.0, ..ErrorRates::default() });
    world.start();
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        assert!(client.produce("orders", 0, &batch(&["later"])).await.error_code.is_none());
    });
    let is_kept = |path: &PathBuf| path.to_string_lossy().contains(".journal.kept-");
    let kept: Vec<_> = disk.files().into_iter().filter(is_kept).collect();
    let [kept] = &kept[..] else { panic!("{kept:?} of {:?}", disk.files()) };
    assert!(disk.read(kept).unwrap() == records, "not a byte of it has changed");
}

#[test]
fn a_start_without_journals_appends_what_they_held_and_removes_them() {
    let mut world = cut_off(5, 2);
    let (handle, broker) = (world.sim.handle(), world.broker);
    let journals = move || {
        let files = handle.disk(broker).files();
        files.iter().filter(|path| path.to_string_lossy().ends_with("-0.journal")).count()
    };
    assert_eq!(journals(), 2);
    world.set("creel.journal=false");
    world.start();
    world.client(|connector| async move {
        check(&mut connector.connect().await).await;
        assert_eq!(statuses(connector).await, ["off", "off"]);
    });
    assert_eq!(journals(), 0);
}

#[test]
fn the_directory_says_so_while_journals_may_hold_records() {
    let mut world = cut_off(6, 2);
    let (handle, broker) = (world.sim.handle(), world.broker);
    let text = move || {
        String::from_utf8(handle.disk(broker).read_durable("/data/meta.properties").unwrap()).unwrap()
    };
    assert!(text().contains("\nversion=creel-journals-1\n"), "{}", text());
    world.start();
    world.client(|connector| async move { is_on(connector).await });
    assert!(text().contains("\nversion=creel-journals-1\n"), "{}", text());
    let handle = world.sim.handle();
    handle.ask_to_stop(broker);
    world.sim.run_until_ended(broker).unwrap();
    assert!(text().contains("\nversion=1\n"), "{}", text());
    world.set("creel.journal=false");
    world.start();
    world.client(|connector| async move { check(&mut connector.connect().await).await });
    assert!(text().contains("\nversion=1\n"), "{}", text());
}
