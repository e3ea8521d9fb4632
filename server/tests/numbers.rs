//! The largest and smallest numbers that a request can carry, wherever it carries one: each is answered, and the broker
//! serves on. (Overflows panic in tests.)
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use bytes::Bytes;
use creel_io::sleep;
use creel_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use creel_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use creel_wire::api::delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};
use creel_wire::api::describe_topic_partitions::{Cursor, DescribeTopicPartitionsRequest};
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::heartbeat::HeartbeatRequest;
use creel_wire::api::init_producer_id::InitProducerIdRequest;
use creel_wire::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use creel_wire::api::leave_group::LeaveGroupRequest;
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use creel_wire::api::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use creel_wire::api::sync_group::SyncGroupRequest;
use creel_wire::{ErrorCode, Str, Uuid};
use support::{Client, batch, produce_request, story};

const TOPIC: &str = "orders";
const NUMBERS: [i64; 9] = [
    i64::MIN,
    i64::MIN + 1,
    i32::MIN as i64,
    -2,
    0,
    i32::MAX as i64,
    i32::MAX as i64 + 1,
    i64::MAX - 1,
    i64::MAX,
];
const SMALL: [i32; 7] = [i32::MIN, i32::MIN + 1, -2, -1, 0, i32::MAX - 1, i32::MAX];

fn join(group: Str, session_timeout_ms: i32, rebalance_timeout_ms: i32) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: Bytes::new() };
    JoinGroupRequest {
        group_id: group,
        session_timeout_ms,
        rebalance_timeout_ms,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    }
}

/// Groups have a coordinator once somebody has asked for one.
async fn coordinate(client: &mut Client) {
    let request = FindCoordinatorRequest { key: "readers".into(), ..Default::default() };
    assert!(client.call(1, &request).await.error_code.is_none());
}

/// The first rebalance of a group waits for more members, but never longer than those who have come.
#[test]
fn a_group_with_an_extreme_rebalance_timeout_forms() {
    story(&["group.initial.rebalance.delay.ms=200"], |broker| async move {
        let mut client = broker.connect().await;
        coordinate(&mut client).await;
        for (at, rebalance_timeout_ms) in SMALL.into_iter().enumerate() {
            let group = Str::from(format!("group-{at}"));
            // v3: no second round for the member's id.
            let joined = client.call(3, &join(group.clone(), 10_000, rebalance_timeout_ms)).await;
            assert_eq!(
                (joined.error_code, joined.generation_id),
                (ErrorCode::None, 1),
                "{rebalance_timeout_ms}"
            );
            let mut other = broker.connect().await;
            let sent = other.send(3, &join(group.clone(), 10_000, rebalance_timeout_ms)).await;
            sleep(std::time::Duration::from_millis(1)).await;
            // The other is answered once the one that has not come again is gone.
            let leave =
                LeaveGroupRequest { group_id: group, member_id: joined.member_id, ..Default::default() };
            client.call(0, &leave).await;
            assert_eq!(other.receive::<JoinGroupRequest>(3).await.0, sent);
        }
        for session_timeout_ms in SMALL {
            let refused = client.call(3, &join("other".into(), session_timeout_ms, 1000)).await;
            assert_eq!(refused.error_code, ErrorCode::InvalidSessionTimeout, "{session_timeout_ms}");
        }
    });
}

#[test]
fn groups_take_every_number() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic(TOPIC, 2).await;
        coordinate(&mut client).await;
        let group: Str = "readers".into();
        for number in SMALL {
            let heartbeat =
                HeartbeatRequest { group_id: group.clone(), generation_id: number, ..Default::default() };
            client.call(4, &heartbeat).await;
            let sync =
                SyncGroupRequest { group_id: group.clone(), generation_id: number, ..Default::default() };
            client.call(5, &sync).await;
            commit(&mut client, number, 0, number, -1).await;
            commit(&mut client, -1, i64::from(number), number, -1).await;
            let partition_indexes = vec![number];
            let topics = Some(vec![OffsetFetchRequestTopic { name: TOPIC.into(), partition_indexes }]);
            let fetch = OffsetFetchRequest { group_id: group.clone(), topics, ..Default::default() };
            client.call(7, &fetch).await;
            let partitions = vec![OffsetDeleteRequestPartition { partition_index: number }];
            let topics = vec![OffsetDeleteRequestTopic { name: TOPIC.into(), partitions }];
            client.call(0, &OffsetDeleteRequest { group_id: group.clone(), topics }).await;
        }
        for number in NUMBERS {
            // Kept as it is, and for as long as the client says.
            assert_eq!(commit(&mut client, -1, number, 0, -1).await, ErrorCode::None);
            assert_eq!(committed(&mut client).await, number);
            commit(&mut client, -1, 7, 0, number).await;
        }
        commit(&mut client, -1, 7, 0, -1).await;
        assert_eq!(committed(&mut client).await, 7);
    });
}

async fn commit(
    client: &mut Client,
    generation: i32,
    committed_offset: i64,
    committed_leader_epoch: i32,
    retention_time_ms: i64,
) -> ErrorCode {
    let partition =
        OffsetCommitRequestPartition { committed_offset, committed_leader_epoch, ..Default::default() };
    let topic =
        OffsetCommitRequestTopic { name: TOPIC.into(), partitions: vec![partition], ..Default::default() };
    let request = OffsetCommitRequest {
        group_id: "readers".into(),
        generation_id_or_member_epoch: generation,
        retention_time_ms,
        topics: vec![topic],
        ..Default::default()
    };
    // v4 says how long to keep offsets, v6 which epoch they are of.
    let version = if retention_time_ms == -1 { 6 } else { 4 };
    client.call(version, &request).await.topics.remove(0).partitions.remove(0).error_code
}

async fn committed(client: &mut Client) -> i64 {
    let topics = Some(vec![OffsetFetchRequestTopic { name: TOPIC.into(), partition_indexes: vec![0] }]);
    let request = OffsetFetchRequest { group_id: "readers".into(), topics, ..Default::default() };
    client.call(7, &request).await.topics.remove(0).partitions.remove(0).committed_offset
}

#[test]
fn logs_take_every_number() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic(TOPIC, 2).await;
        for partition in 0..2 {
            client.produce(TOPIC, partition, &batch(&["a", "b"])).await;
        }
        for number in NUMBERS {
            let partitions: Vec<_> = (0..2)
                .map(|partition_index| ListOffsetsPartition {
                    partition_index,
                    timestamp: number,
                    ..Default::default()
                })
                .collect();
            let topics = vec![ListOffsetsTopic { name: TOPIC.into(), partitions }];
            client.call(7, &ListOffsetsRequest { topics, ..Default::default() }).await;
            for partition in 0..2 {
                let found = client.fetch(TOPIC, partition, number).await;
                let expected = if number == 0 { ErrorCode::None } else { ErrorCode::OffsetOutOfRange };
                assert_eq!(found.error_code, expected, "{number}");
            }
            let partitions =
                (0..2).map(|partition_index| DeleteRecordsPartition { partition_index, offset: number });
            let topics = vec![DeleteRecordsTopic { name: TOPIC.into(), partitions: partitions.collect() }];
            let deleted = client.call(2, &DeleteRecordsRequest { topics, timeout_ms: 0 }).await;
            let expected = if number == 0 { ErrorCode::None } else { ErrorCode::OffsetOutOfRange };
            assert_eq!(deleted.topics[0].partitions[1].error_code, expected, "{number}");
            // Of the batch itself: the broker replaces a base offset, and refuses what is none.
            let mut bytes = batch(&["c"]).bytes().to_vec();
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            let produced = client.call(9, &produce_request(TOPIC, 0, bytes.into(), -1)).await;
            let expected = if number < 0 { ErrorCode::InvalidRecord } else { ErrorCode::None };
            assert_eq!(produced.responses[0].partition_responses[0].error_code, expected, "{number}");
        }
        for number in SMALL {
            fetch(&mut client, number).await;
            let partition = OffsetForLeaderPartition {
                current_leader_epoch: -1,
                leader_epoch: number,
                ..Default::default()
            };
            let topics = vec![OffsetForLeaderTopic { topic: TOPIC.into(), partitions: vec![partition] }];
            client.call(4, &OffsetForLeaderEpochRequest { topics, ..Default::default() }).await;
            let mut produce = produce_request(TOPIC, number, batch(&["c"]).bytes().clone(), -1);
            produce.timeout_ms = number;
            client.call(9, &produce).await;
        }
        let data = client.fetch(TOPIC, 1, 0).await;
        assert_eq!(data.high_watermark, 2);
    });
}

/// Every number of a Fetch that is not an offset.
async fn fetch(client: &mut Client, number: i32) {
    let base = || {
        let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
        let topic = FetchTopic { topic: TOPIC.into(), partitions: vec![partition], ..Default::default() };
        FetchRequest { max_bytes: 1 << 20, topics: vec![topic], ..Default::default() }
    };
    let forgotten_topics_data =
        vec![ForgottenTopic { topic: TOPIC.into(), topic_id: Uuid::ZERO, partitions: vec![number] }];
    let requests = [
        FetchRequest { max_wait_ms: number, ..base() },
        FetchRequest { min_bytes: number, ..base() },
        FetchRequest { max_bytes: number, ..base() },
        FetchRequest { session_id: number, session_epoch: number, ..base() },
        FetchRequest { session_epoch: number, forgotten_topics_data, ..base() },
        FetchRequest { isolation_level: number as i8, ..base() },
    ];
    for mut request in requests {
        client.call(12, &request).await;
        request.topics[0].partitions[0].partition_max_bytes = number;
        request.topics[0].partitions[0].current_leader_epoch = number;
        client.call(12, &request).await;
        request.topics[0].partitions[0].partition = number;
        client.call(12, &request).await;
    }
}

#[test]
fn topics_take_every_number() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic(TOPIC, 2).await;
        for number in SMALL.into_iter().filter(|number| *number != -1) {
            let topic = |num_partitions, replication_factor| CreatableTopic {
                name: "new".into(),
                num_partitions,
                replication_factor,
                ..Default::default()
            };
            for topic in [topic(number, 1), topic(1, number as i16 ^ i16::MIN)] {
                let request = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
                let refused = client.call(7, &request).await.topics.remove(0).error_code;
                assert!(!refused.is_none(), "{number}");
            }
            let topic = CreatePartitionsTopic { name: TOPIC.into(), count: number, assignments: None };
            let request = CreatePartitionsRequest { topics: vec![topic], ..Default::default() };
            let refused = client.call(3, &request).await.results.remove(0).error_code;
            let is_excessive = number > 10_000;
            let expected =
                if is_excessive { ErrorCode::PolicyViolation } else { ErrorCode::InvalidPartitions };
            assert_eq!(refused, expected, "{number}");
            for cursor in [None, Some(Cursor { topic_name: TOPIC.into(), partition_index: number })] {
                let request = DescribeTopicPartitionsRequest {
                    response_partition_limit: number,
                    cursor,
                    ..Default::default()
                };
                client.call(0, &request).await;
            }
            let request = InitProducerIdRequest {
                transaction_timeout_ms: number,
                producer_id: i64::from(number),
                producer_epoch: number as i16,
                ..Default::default()
            };
            client.call(4, &request).await;
        }
        assert_eq!(client.topic(TOPIC, false).await.partitions.len(), 2);
    });
}
