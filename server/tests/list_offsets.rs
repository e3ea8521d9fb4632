//! Offsets by name and by time, and where epochs ended.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_engine::BatchBuilder;
use creel_wire::ErrorCode;
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use creel_wire::api::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use support::{Client, story};

const START: i64 = 1_767_225_600_000;

async fn ask(
    client: &mut Client,
    version: i16,
    partition_index: i32,
    timestamp: i64,
) -> (ErrorCode, i64, i64) {
    let partition = ListOffsetsPartition { partition_index, timestamp, ..Default::default() };
    let topic = ListOffsetsTopic { name: "orders".into(), partitions: vec![partition] };
    let request = ListOffsetsRequest { topics: vec![topic], ..Default::default() };
    let found = client.call(version, &request).await.topics.remove(0).partitions.remove(0);
    match version {
        0 => (found.error_code, found.old_style_offsets.first().copied().unwrap_or(-1), -1),
        _ => (found.error_code, found.offset, found.timestamp),
    }
}

#[test]
fn offsets_are_found_by_name_and_by_time() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        for partition in 0..3 {
            assert_eq!(ask(&mut client, 7, partition, 0).await, (ErrorCode::None, -1, -1), "an empty log");
            assert_eq!(ask(&mut client, 7, partition, -3).await, (ErrorCode::None, -1, -1), "an empty log");
            let batch = BatchBuilder::new(START)
                .record(START, None, Some(b"a"))
                .record(START + 20, None, Some(b"b"))
                .record(START + 10, None, Some(b"c"))
                .build();
            client.produce("orders", partition, &batch.unwrap()).await;
            let none = ErrorCode::None;
            for version in 0..=11 {
                assert_eq!(ask(&mut client, version, partition, -1).await.1, 3);
                assert_eq!(ask(&mut client, version, partition, -2).await.1, 0);
            }
            assert_eq!(ask(&mut client, 1, partition, START + 5).await, (none, 1, START + 20));
            assert_eq!(ask(&mut client, 1, partition, START + 21).await, (none, -1, -1));
            assert_eq!(ask(&mut client, 7, partition, -3).await, (none, 1, START + 20));
            assert_eq!(ask(&mut client, 6, partition, -3).await.0, ErrorCode::UnsupportedVersion);
            assert_eq!(ask(&mut client, 8, partition, -4).await.1, 0);
            assert_eq!(ask(&mut client, 9, partition, -5).await, (none, -1, -1));
            assert_eq!(ask(&mut client, 11, partition, -6).await, (none, -1, -1));
        }
        assert_eq!(ask(&mut client, 7, 3, -1).await.0, ErrorCode::UnknownTopicOrPartition);
    });
}

#[test]
fn an_epoch_ends_where_the_log_ends_and_an_unknown_one_nowhere() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        for partition in 0..2 {
            client.produce("orders", partition, &support::batch(&["a", "b"])).await;
            for (leader_epoch, expected) in [(0, (0, 2)), (7, (-1, -1))] {
                let asked = OffsetForLeaderPartition { partition, leader_epoch, ..Default::default() };
                let topic = OffsetForLeaderTopic { topic: "orders".into(), partitions: vec![asked] };
                let request = OffsetForLeaderEpochRequest { topics: vec![topic], ..Default::default() };
                let found = client.call(4, &request).await.topics.remove(0).partitions.remove(0);
                assert_eq!(
                    (found.error_code, (found.leader_epoch, found.end_offset)),
                    (ErrorCode::None, expected)
                );
            }
        }
    });
}
