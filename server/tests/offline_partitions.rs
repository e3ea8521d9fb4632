//! A partition that cannot be opened is refused, clearly, and everything else is served. What it holds is there again once
//! it can be opened; nothing is served in its place until then.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod real;
mod support;

use std::fs;
use std::path::Path;

use creel_wire::ErrorCode;
use creel_wire::api::delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};
use creel_wire::api::delete_topics::DeleteTopicsRequest;
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use real::{Broker, free_address, on_core};
use support::{Client, Connector, World, batch, values};

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 3;
const LOST: i32 = 1;
const GROUP: &str = "billing";

/// Three records in each partition, the first of them deleted.
async fn fill(client: &mut Client) {
    client.create_topic(TOPIC, PARTITIONS).await;
    for partition in 0..PARTITIONS {
        for value in ["a", "b", "c"] {
            assert!(client.produce(TOPIC, partition, &batch(&[value])).await.error_code.is_none());
        }
    }
    let partitions =
        (0..PARTITIONS).map(|partition_index| DeleteRecordsPartition { partition_index, offset: 1 });
    let topic = DeleteRecordsTopic { name: TOPIC.into(), partitions: partitions.collect() };
    let request = DeleteRecordsRequest { topics: vec![topic], ..Default::default() };
    let deleted = client.call(2, &request).await.topics.remove(0);
    assert!(deleted.partitions.iter().all(|partition| partition.error_code.is_none()));
}

async fn holds(client: &mut Client, partition: i32) {
    let data = client.fetch(TOPIC, partition, 1).await;
    assert_eq!((data.error_code, data.log_start_offset), (ErrorCode::None, 1), "partition {partition}");
    assert_eq!(values(&data), [(1, "b".to_owned()), (2, "c".to_owned())], "partition {partition}");
}

async fn is_refused(client: &mut Client, partition: i32) {
    let refused = ErrorCode::KafkaStorageError;
    assert_eq!(client.produce(TOPIC, partition, &batch(&["d"])).await.error_code, refused);
    assert_eq!(client.fetch(TOPIC, partition, 0).await.error_code, refused);
}

/// All but one partition are served, and who asks is told which one is not.
async fn all_but_one(client: &mut Client) {
    for partition in (0..PARTITIONS).filter(|partition| *partition != LOST) {
        holds(client, partition).await;
    }
    is_refused(client, LOST).await;
    let shown = client.topic(TOPIC, false).await;
    for partition in shown.partitions {
        let expected = match partition.partition_index == LOST {
            true => (ErrorCode::LeaderNotAvailable, -1, 1),
            false => (ErrorCode::None, partition.replica_nodes[0], 0),
        };
        let offline = partition.offline_replicas.len();
        assert_eq!((partition.error_code, partition.leader_id, offline), expected);
    }
}

async fn all(client: &mut Client) {
    for partition in 0..PARTITIONS {
        holds(client, partition).await;
    }
}

#[test]
fn one_partition_that_cannot_be_read_leaves_the_others_served() {
    for (seed, cores) in [(0, 1), (1, 3), (2, 3), (3, 2)] {
        let mut world = World::new(seed, cores, &[]);
        let (handle, broker) = (world.sim.handle(), world.broker);
        world.client(|connector| async move { fill(&mut connector.connect().await).await });
        handle.disk(broker).break_path(format!("/data/{TOPIC}-{LOST}"));
        // Also a clean stop in between forgets nothing of it.
        for _ in 0..2 {
            world.restart();
            world.client(|connector| async move { all_but_one(&mut connector.connect().await).await });
        }
        handle.disk(broker).mend_path();
        world.restart();
        world.client(|connector| async move { all(&mut connector.connect().await).await });
    }
}

#[test]
fn a_topic_with_a_partition_that_cannot_be_read_can_be_deleted_and_made_again() {
    let mut world = World::new(7, 2, &[]);
    let (handle, broker) = (world.sim.handle(), world.broker);
    world.client(|connector| async move { fill(&mut connector.connect().await).await });
    handle.disk(broker).break_path(format!("/data/{TOPIC}-{LOST}"));
    world.restart();
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        let delete = DeleteTopicsRequest { topic_names: vec![TOPIC.into()], ..Default::default() };
        assert!(client.call(5, &delete).await.responses[0].error_code.is_none());
        assert_eq!(client.topic(TOPIC, false).await.error_code, ErrorCode::UnknownTopicOrPartition);
    });
    handle.disk(broker).mend_path();
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        client.create_topic(TOPIC, PARTITIONS).await;
        for partition in 0..PARTITIONS {
            assert_eq!(client.produce(TOPIC, partition, &batch(&["new"])).await.base_offset, 0);
        }
    });
    world.restart();
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        for partition in 0..PARTITIONS {
            assert_eq!(values(&client.fetch(TOPIC, partition, 0).await), [(0, "new".to_owned())]);
        }
    });
}

async fn commit(client: &mut Client) {
    let request = FindCoordinatorRequest { key: GROUP.into(), ..Default::default() };
    assert!(client.call(1, &request).await.error_code.is_none());
    let partition = OffsetCommitRequestPartition { committed_offset: 2, ..Default::default() };
    let topic =
        OffsetCommitRequestTopic { name: TOPIC.into(), partitions: vec![partition], ..Default::default() };
    let request = OffsetCommitRequest {
        group_id: GROUP.into(),
        topics: vec![topic],
        generation_id_or_member_epoch: -1,
        ..Default::default()
    };
    let mut response = client.call(7, &request).await;
    assert!(response.topics.remove(0).partitions.remove(0).error_code.is_none());
}

/// Error of the group, and the offset it has committed.
async fn committed(client: &mut Client) -> (ErrorCode, Option<i64>) {
    let topic = OffsetFetchRequestTopic { name: TOPIC.into(), partition_indexes: vec![0] };
    let request =
        OffsetFetchRequest { group_id: GROUP.into(), topics: Some(vec![topic]), ..Default::default() };
    let response = client.call(7, &request).await;
    let found = response.topics.first().and_then(|topic| topic.partitions.first());
    (response.error_code, found.filter(|_| response.error_code.is_none()).map(|found| found.committed_offset))
}

#[test]
fn groups_whose_offsets_cannot_be_read_are_not_told_that_they_have_none() {
    for (seed, cores) in [(0, 1), (1, 3)] {
        let mut world = World::new(seed, cores, &["offsets.topic.num.partitions=1"]);
        let (handle, broker) = (world.sim.handle(), world.broker);
        world.client(|connector| async move {
            let mut client = connector.connect().await;
            fill(&mut client).await;
            commit(&mut client).await;
        });
        handle.disk(broker).break_path("/data/__consumer_offsets-0");
        world.restart();
        world.client(|connector| async move {
            let mut client = connector.connect().await;
            let request = FindCoordinatorRequest { key: GROUP.into(), ..Default::default() };
            assert_eq!(client.call(1, &request).await.error_code, ErrorCode::CoordinatorNotAvailable);
            assert_eq!(committed(&mut client).await, (ErrorCode::NotCoordinator, None));
            all(&mut client).await;
        });
        handle.disk(broker).mend_path();
        world.restart();
        world.client(|connector| async move {
            assert_eq!(committed(&mut connector.connect().await).await, (ErrorCode::None, Some(2)));
        });
    }
}

#[test]
fn a_file_in_the_place_of_a_directory_is_one_partition_that_is_not_served() {
    on_core(|| async { on_the_kernel(|directory| fs::write(directory, "no directory").unwrap()).await });
}

#[test]
fn a_directory_that_is_gone_is_not_taken_for_an_empty_log() {
    on_core(|| async { on_the_kernel(|_| {}).await });
}

#[test]
fn a_segment_that_cannot_be_opened_is_one_partition_that_is_not_served() {
    let spoil = |directory: &Path| fs::create_dir_all(directory.join("00000000000000000000.log")).unwrap();
    on_core(move || async move { on_the_kernel(spoil).await });
}

/// Puts something in the place of a partition's directory, which is brought back later.
async fn on_the_kernel(put: impl Fn(&Path)) {
    let root = tempfile::tempdir().unwrap();
    let (data_dir, kept) = (root.path().join("data"), root.path().join("kept"));
    let directory = data_dir.join(format!("{TOPIC}-{LOST}"));
    let start = || {
        let address = free_address();
        let mut broker = Broker::start(address, &data_dir, &[]);
        assert!(broker.comes_up());
        (broker, Connector::to(address))
    };
    let (broker, connector) = start();
    fill(&mut connector.connect().await).await;
    broker.kill();

    fs::rename(&directory, &kept).unwrap();
    put(&directory);
    for _ in 0..2 {
        let (broker, connector) = start();
        all_but_one(&mut connector.connect().await).await;
        broker.kill();
    }
    let _ = fs::remove_file(&directory);
    let _ = fs::remove_dir_all(&directory);
    fs::rename(&kept, &directory).unwrap();
    let (broker, connector) = start();
    all(&mut connector.connect().await).await;
    broker.kill();
}
