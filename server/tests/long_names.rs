//! The longest names that a topic may have: its partitions' directories have no room left for a suffix, and the topic lives,
//! dies and lives again all the same.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use creel_io::sim::{Handle, NodeId};
use creel_io::sleep;
use creel_wire::ErrorCode;
use creel_wire::api::delete_topics::DeleteTopicsRequest;
use support::{Client, World, batch, values};

const PARTITIONS: i32 = 3;

/// As long as a name may be, and long enough to have no room for a suffix.
const LENGTHS: [usize; 2] = [249, 214];

fn name(length: usize) -> &'static str {
    "n".repeat(length).leak()
}

async fn write(client: &mut Client, name: &'static str, value: &str) {
    client.create_topic(name, PARTITIONS).await;
    for partition in 0..PARTITIONS {
        let produced = client.produce(name, partition, &batch(&[value])).await;
        assert_eq!((produced.error_code, produced.base_offset), (ErrorCode::None, 0));
    }
}

fn deletion(name: &'static str) -> DeleteTopicsRequest {
    DeleteTopicsRequest { topic_names: vec![name.into()], ..Default::default() }
}

/// Whatever of the broker's disk has to do with such a topic.
fn files(handle: &Handle, broker: NodeId) -> usize {
    let files = handle.disk(broker).files();
    files.iter().filter(|path| path.to_string_lossy().contains("/nnn")).count()
}

#[test]
fn the_longest_names_live_die_and_live_again() {
    for (seed, length) in (0..).zip(LENGTHS) {
        for cores in [1, 3] {
            let name = name(length);
            let mut world = World::new(seed, cores, &[]);
            let (handle, broker) = (world.sim.handle(), world.broker);
            let inside = handle.clone();
            world.client(move |connector| async move {
                let mut client = connector.connect().await;
                for _ in 0..3 {
                    write(&mut client, name, "old").await;
                    let deleted = client.call(5, &deletion(name)).await.responses.remove(0);
                    assert_eq!(deleted.error_code, ErrorCode::None);
                    assert_eq!(files(&inside, broker), 0, "nothing stays on the disk");
                }
            });
            world.restart();
            world.client(move |connector| async move {
                let mut client = connector.connect().await;
                let gone = client.topic(name, false).await.error_code;
                assert_eq!(gone, ErrorCode::UnknownTopicOrPartition);
                write(&mut client, name, "new").await;
            });
            handle.crash(broker);
            world.start();
            world.client(move |connector| async move {
                let found = connector.connect().await.fetch(name, 0, 0).await;
                assert_eq!(values(&found), [(0, "new".to_owned())]);
            });
        }
    }
}

#[test]
fn what_could_not_be_removed_is_tried_again() {
    let name = name(249);
    let mut world = World::new(1, 2, &["log.retention.check.interval.ms=1000"]);
    let (handle, broker) = (world.sim.handle(), world.broker);
    let inside = handle.clone();
    world.client(move |connector| async move {
        let mut client = connector.connect().await;
        write(&mut client, name, "old").await;
        inside.disk(broker).break_path(format!("/data/{name}-1"));
        let deleted = client.call(5, &deletion(name)).await.responses.remove(0);
        assert_eq!(deleted.error_code, ErrorCode::None);
        assert_eq!(client.topic(name, false).await.error_code, ErrorCode::UnknownTopicOrPartition);
        assert!(files(&inside, broker) > 0, "one of its partitions cannot be removed");
        sleep(Duration::from_secs(2)).await;
        inside.disk(broker).mend_path();
        sleep(Duration::from_secs(3)).await;
        assert_eq!(files(&inside, broker), 0, "nothing stays on the disk");
        write(&mut client, name, "new").await;
    });
}

#[test]
fn a_deletion_that_the_power_cuts_short_leaves_the_name_free() {
    let name = name(249);
    let mut cut = 0;
    for operations in 1..200 {
        let mut world = World::new(operations, 2, &[]);
        let (handle, broker) = (world.sim.handle(), world.broker);
        let inside = handle.clone();
        let answered = world.client(move |connector| async move {
            let mut client = connector.connect().await;
            write(&mut client, name, "old").await;
            inside.crash_after_io(broker, operations);
            client.try_call(5, &deletion(name)).await.is_some()
        });
        handle.cancel_crash(broker);
        handle.crash(broker);
        world.start();
        world.client(move |connector| async move {
            let mut client = connector.connect().await;
            if client.topic(name, false).await.error_code.is_none() {
                assert!(!answered, "what was answered stays deleted");
                assert_eq!(values(&client.fetch(name, 0, 0).await), [(0, "old".to_owned())]);
                client.call(5, &deletion(name)).await;
            }
            write(&mut client, name, "new").await;
            assert_eq!(values(&client.fetch(name, 0, 0).await), [(0, "new".to_owned())]);
        });
        if answered {
            break;
        }
        cut += 1;
    }
    assert!(cut > 10, "{cut}");
}
