//! Who has the answer to an acks=1 produce and asks about the end of the log finds the record counted in.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use creel_engine::BatchBuilder;
use creel_io::now;
use creel_io::sim::Config;
use creel_wire::ErrorCode;
use creel_wire::api::delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};
use creel_wire::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};
use creel_wire::api::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use support::{Client, World, batch, fetch_request, one, produce_request, story, values};

const START: i64 = 1_767_225_600_000;

/// Produces a record of a time with acks=1; the offset behind it.
async fn produce(client: &mut Client, partition: i32, timestamp: i64) -> i64 {
    let batch = BatchBuilder::new(timestamp).record(timestamp, None, Some(b"x")).build().unwrap();
    let request = produce_request("orders", partition, batch.bytes().clone(), 1);
    let answer = client.call(9, &request).await.responses.remove(0).partition_responses.remove(0);
    assert_eq!(answer.error_code, ErrorCode::None);
    answer.base_offset + 1
}

fn list_offsets(partitions: &[i32], timestamp: i64, isolation_level: i8) -> ListOffsetsRequest {
    let asked =
        |index: &i32| ListOffsetsPartition { partition_index: *index, timestamp, ..Default::default() };
    let partitions = partitions.iter().map(asked).collect();
    let topics = vec![ListOffsetsTopic { name: "orders".into(), partitions }];
    ListOffsetsRequest { topics, isolation_level, ..Default::default() }
}

async fn ask(client: &mut Client, partition: i32, timestamp: i64) -> ListOffsetsPartitionResponse {
    client.call(7, &list_offsets(&[partition], timestamp, 0)).await.topics.remove(0).partitions.remove(0)
}

async fn delete(client: &mut Client, partition_index: i32, offset: i64) -> (ErrorCode, i64) {
    let partition = DeleteRecordsPartition { partition_index, offset };
    let topics = vec![DeleteRecordsTopic { name: "orders".into(), partitions: vec![partition] }];
    let request = DeleteRecordsRequest { topics, timeout_ms: 30_000 };
    let result = client.call(2, &request).await.topics.remove(0).partitions.remove(0);
    (result.error_code, result.low_watermark)
}

async fn end_of_epoch(client: &mut Client, partition: i32) -> i64 {
    let asked = OffsetForLeaderPartition { partition, leader_epoch: 0, ..Default::default() };
    let topics = vec![OffsetForLeaderTopic { topic: "orders".into(), partitions: vec![asked] }];
    let request = OffsetForLeaderEpochRequest { topics, ..Default::default() };
    client.call(4, &request).await.topics.remove(0).partitions.remove(0).end_offset
}

#[test]
fn every_question_about_the_end_counts_it_in() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        let mut other = broker.connect().await;
        for round in 0..4 {
            for partition in 0..3 {
                let mut time = START + round * 1000;
                let mut written = async || {
                    time += 10;
                    (produce(&mut client, partition, time).await, time)
                };
                let (end, _) = written().await;
                assert_eq!(ask(&mut other, partition, -1).await.offset, end, "latest");
                let (end, _) = written().await;
                let stable = other.call(7, &list_offsets(&[partition], -1, 1)).await;
                assert_eq!(stable.topics[0].partitions[0].offset, end, "latest, read_committed");
                let (end, time) = written().await;
                assert_eq!(ask(&mut other, partition, time).await.offset, end - 1, "by time");
                let (end, time) = written().await;
                let found = ask(&mut other, partition, -3).await;
                assert_eq!((found.offset, found.timestamp), (end - 1, time), "of the largest timestamp");
                let (end, _) = written().await;
                assert_eq!(end_of_epoch(&mut other, partition).await, end);
                let (end, _) = written().await;
                let found = one(other.call(12, &fetch_request("orders", partition, end, 0)).await);
                assert_eq!(found.error_code, ErrorCode::None, "from the end");
                let found = one(other.call(12, &fetch_request("orders", partition, end + 1, 0)).await);
                assert_eq!(found.error_code, ErrorCode::OffsetOutOfRange, "from beyond it");
                let (end, _) = written().await;
                assert_eq!(delete(&mut other, partition, end).await, (ErrorCode::None, end));
                let (end, _) = written().await;
                assert_eq!(delete(&mut other, partition, -1).await, (ErrorCode::None, end));
                assert_eq!(delete(&mut other, partition, end + 1).await.0, ErrorCode::OffsetOutOfRange);
                assert_eq!(delete(&mut other, partition, -2).await.0, ErrorCode::OffsetOutOfRange);
            }
        }
    });
}

#[test]
fn what_nobody_is_answered_for_counts_on_its_own_connection() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        for partition in 0..3 {
            for end in [2, 4, 6] {
                let request = produce_request("orders", partition, batch(&["a", "b"]).bytes().clone(), 0);
                client.send(9, &request).await;
                assert_eq!(ask(&mut client, partition, -1).await.offset, end);
            }
        }
    });
}

#[test]
fn what_is_told_outlives_a_power_cut() {
    for seed in 0..12 {
        let mut world = World::new(seed, 1 + seed as u16 % 3, &[]);
        let told = world.client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", 3).await;
            let mut told = Vec::new();
            for partition in 0..3 {
                for at in 0..=seed as i64 % 4 {
                    produce(&mut client, partition, START + at).await;
                }
                told.push(ask(&mut client, partition, -1).await.offset);
                produce(&mut client, partition, START).await;
            }
            told
        });
        world.sim.handle().crash(world.broker);
        world.start();
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            for (partition, told) in (0..).zip(told) {
                let end = ask(&mut client, partition, -1).await.offset;
                assert!(end >= told, "{told} was told, and {end} is left");
                let found = one(client.call(12, &fetch_request("orders", partition, 0, 0)).await);
                assert_eq!(values(&found).len() as i64, end);
            }
        });
    }
}

#[test]
fn many_partitions_are_one_wait() {
    for cores in [1, 3] {
        let mut manners = Config::calm();
        manners.disk.sync_latency = Duration::from_millis(20)..=Duration::from_millis(20);
        World::with(1, manners, cores, &[]).client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", 40).await;
            let partitions: Vec<i32> = (0..40).collect();
            for partition in &partitions {
                produce(&mut client, *partition, START).await;
            }
            let began = now();
            let found = client.call(7, &list_offsets(&partitions, -1, 0)).await.topics.remove(0).partitions;
            assert!(found.iter().all(|found| found.offset == 1), "{found:?}");
            // A log's first sync is three: data, epochs, directory.
            assert!(began.elapsed() < Duration::from_millis(200), "it took {:?}", began.elapsed());
        });
    }
}

#[test]
fn where_the_sync_fails_it_is_said() {
    for cores in [1, 3] {
        let mut world = World::new(1, cores, &[]);
        let (handle, node) = (world.sim.handle(), world.broker);
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", 1).await;
            produce(&mut client, 0, START).await;
            handle.disk(node).fail_next_syncs(1);
            assert_eq!(ask(&mut client, 0, -1).await.error_code, ErrorCode::KafkaStorageError);
            assert_eq!(ask(&mut client, 0, START).await.error_code, ErrorCode::KafkaStorageError);
            assert_eq!(delete(&mut client, 0, -1).await.0, ErrorCode::KafkaStorageError);
            assert_eq!(ask(&mut client, 0, -2).await.error_code, ErrorCode::None, "not about the end");
        });
    }
}
