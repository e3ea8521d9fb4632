//! The frames that ask for most: as many different things as fit, each in as few bytes as possible. For each API two
//! bounds are tested. What is made of such a frame takes no more memory than was counted for it. And nobody on its
//! core waits longer than for one piece of the work.

use std::time::Duration;

use creel_io::{STEPS_A_TURN, sleep};
use creel_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use creel_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use creel_wire::api::delete_groups::DeleteGroupsRequest;
use creel_wire::api::delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};
use creel_wire::api::delete_topics::DeleteTopicsRequest;
use creel_wire::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use creel_wire::api::describe_groups::DescribeGroupsRequest;
use creel_wire::api::describe_log_dirs::{DescribableLogDirTopic, DescribeLogDirsRequest};
use creel_wire::api::describe_topic_partitions::{DescribeTopicPartitionsRequest, TopicRequest};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::leave_group::{LeaveGroupRequest, MemberIdentity};
use creel_wire::api::list_groups::ListGroupsRequest;
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use creel_wire::api::metadata::{MetadataRequest, MetadataRequestTopic};
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use creel_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use creel_wire::api::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use creel_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use creel_wire::api::{alter_configs as whole, incremental_alter_configs as single};
use creel_wire::{ErrorCode, Reader, Request, RequestHeader, Str};

use crate::budget::weight;

#[path = "../../tests/support/mod.rs"]
mod support;

use support::{World, encoded};

/// So many different things are named.
const NAMES: usize = 50_000;

/// What the broker has: so many topics of so many partitions each.
const TOPICS: usize = 20;
const PARTITIONS: i32 = 10;

/// Names of up to four letters, all different.
fn names() -> impl Iterator<Item = Str> {
    (0..NAMES).map(|at| Str::from(format!("{at:x}")))
}

fn indexes() -> impl Iterator<Item = i32> {
    0..NAMES as i32
}

/// Bytes in memory that are counted for a request's answer; what the broker has to tell comes on top.
fn counted<R: Request>(version: i16, request: &R) -> usize {
    let mut reader = Reader::new(encoded(version, request).slice(4..));
    RequestHeader::decode(&mut reader).unwrap();
    R::decode(&mut reader, version).unwrap();
    reader.lists_bytes() * (1 + weight(R::API_KEY))
}

/// Sends a request to a broker that has a few topics and a group's coordinator, and checks what is made of it. The answer,
/// unless the connection was closed.
fn sent<R>(version: i16, request: R) -> Option<R::Response>
where
    R: Request<Response: 'static> + 'static,
{
    let mut world = World::new(7, 1, &["offsets.topic.num.partitions=1", "auto.create.topics.enable=false"]);
    world.client(|broker| async move {
        let mut client = broker.connect().await;
        for at in 0..TOPICS {
            client.create_topic(format!("{at:x}").leak(), PARTITIONS).await;
        }
        let find = FindCoordinatorRequest { key: Str::from_static("0"), ..Default::default() };
        assert_eq!(client.call(2, &find).await.error_code, ErrorCode::None);
    });
    let (counted, frame) = (counted(version, &request), encoded(version, &request).len());
    world.sim.take_work(world.broker);
    let mut answer = None;
    let used = allocation_counter::measure(|| {
        answer =
            world.client(|broker| async move { broker.connect().await.try_call(version, &request).await });
    });
    // The frame on its way through the simulated network, and the answer on its way back and as its reader has it.
    let on_the_way =
        8 * frame + answer.as_ref().map_or(0, |answer| 8 * creel_wire::Encode::encoded_len(answer, version));
    let limit = (counted + on_the_way + (8 << 20)) as u64;
    let worked = world.sim.take_work(world.broker);
    let (used, api) = (used.bytes_max, R::API_KEY);
    println!("{api} v{version}: a frame of {frame} bytes takes {used} of {limit}, {worked:?}");
    assert!(used <= limit, "{api}: {used} bytes of memory, {limit} allowed");
    // What a turn has room for, and a piece.
    assert!(worked.longest <= 2 * STEPS_A_TURN, "{api}: {worked:?}");
    // What takes a tenth of a step is counted so; what only comes along in an answer to nothing, not at all.
    assert!(worked.total >= NAMES / 10, "{api}: {worked:?}");
    answer
}

#[test]
fn metadata() {
    let topics: Vec<_> =
        names().map(|name| MetadataRequestTopic { name: Some(name), ..Default::default() }).collect();
    let answer = sent(9, MetadataRequest { topics: Some(topics), ..Default::default() }).unwrap();
    assert_eq!(answer.topics.len(), NAMES);
    assert_eq!(answer.topics[0].partitions.len(), PARTITIONS as usize);
}

#[test]
fn described_topics() {
    let topics = names().map(|name| TopicRequest { name }).collect();
    let request =
        DescribeTopicPartitionsRequest { topics, response_partition_limit: i32::MAX, ..Default::default() };
    assert_eq!(sent(0, request).unwrap().topics.len(), NAMES);
}

#[test]
fn described_configs() {
    let resources = names().map(|resource_name| DescribeConfigsResource {
        resource_type: 2,
        resource_name,
        configuration_keys: None,
    });
    let request = DescribeConfigsRequest {
        resources: resources.collect(),
        include_synonyms: true,
        include_documentation: true,
    };
    let answer = sent(4, request).unwrap();
    assert_eq!(answer.results.len(), NAMES);
    assert!(answer.results[0].configs.len() > 20);
}

#[test]
fn one_thing_that_is_named_very_often() {
    let broker = DescribeConfigsResource {
        resource_type: 4,
        resource_name: Str::from_static("1"),
        configuration_keys: None,
    };
    let request = DescribeConfigsRequest { resources: vec![broker; 10 * NAMES], ..Default::default() };
    let mut world = World::new(7, 1, &[]);
    let used = allocation_counter::measure(|| {
        let answer = world.client(|broker| async move { broker.connect().await.call(1, &request).await });
        assert_eq!(answer.results.len(), 1);
    });
    assert!(used.bytes_max < 200 << 20, "{used:?}");
}

#[test]
fn measured_log_dirs() {
    let partitions: Vec<_> = indexes().collect();
    let topics = names().map(|topic| DescribableLogDirTopic { topic, partitions: vec![0] });
    let mut topics: Vec<_> = topics.collect();
    topics[0].partitions = partitions;
    let request = DescribeLogDirsRequest { topics: Some(topics) };
    let mut world = World::new(7, 1, &[]);
    let used = allocation_counter::measure(|| {
        let answer = world.client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("0", PARTITIONS).await;
            client.call(1, &request).await
        });
        assert_eq!(answer.results[0].topics[0].partitions.len(), PARTITIONS as usize);
    });
    assert!(used.bytes_max < 64 << 20, "{used:?}");
    assert!(world.sim.take_work(world.broker).longest <= 2 * STEPS_A_TURN);
}

#[test]
fn listed_offsets() {
    let partition =
        |partition_index| ListOffsetsPartition { partition_index, timestamp: -1, ..Default::default() };
    let partitions: Vec<_> = indexes().map(partition).collect();
    let topics = vec![ListOffsetsTopic { name: Str::from_static("0"), partitions }];
    let answer = sent(5, ListOffsetsRequest { topics, ..Default::default() }).unwrap();
    assert_eq!(answer.topics[0].partitions.len(), NAMES);

    let topics = names().map(|name| ListOffsetsTopic { name, partitions: vec![partition(0)] }).collect();
    assert_eq!(sent(5, ListOffsetsRequest { topics, ..Default::default() }).unwrap().topics.len(), NAMES);
}

#[test]
fn ends_of_epochs() {
    let partition = |partition| OffsetForLeaderPartition { partition, ..Default::default() };
    let topics = vec![OffsetForLeaderTopic {
        topic: Str::from_static("0"),
        partitions: indexes().map(partition).collect(),
    }];
    let answer = sent(3, OffsetForLeaderEpochRequest { topics, ..Default::default() }).unwrap();
    assert_eq!(answer.topics[0].partitions.len(), NAMES);
}

#[test]
fn deleted_records() {
    let partition = |partition_index| DeleteRecordsPartition { partition_index, offset: 0 };
    let topics = vec![DeleteRecordsTopic {
        name: Str::from_static("0"),
        partitions: indexes().map(partition).collect(),
    }];
    let answer = sent(1, DeleteRecordsRequest { topics, ..Default::default() }).unwrap();
    assert_eq!(answer.topics[0].partitions.len(), NAMES);
}

#[test]
fn described_groups() {
    let request = DescribeGroupsRequest { groups: names().collect(), ..Default::default() };
    assert_eq!(sent(4, request).unwrap().groups.len(), NAMES);
}

#[test]
fn deleted_groups() {
    let request = DeleteGroupsRequest { groups_names: names().collect() };
    assert_eq!(sent(1, request).unwrap().results.len(), NAMES);
}

#[test]
fn found_coordinators() {
    let request = FindCoordinatorRequest { coordinator_keys: names().collect(), ..Default::default() };
    assert_eq!(sent(4, request).unwrap().coordinators.len(), NAMES);
}

#[test]
fn members_that_leave() {
    let member =
        |name| MemberIdentity { member_id: Str::from(format!("member-{name}")), ..Default::default() };
    let members = names().map(member).collect();
    let request = LeaveGroupRequest { group_id: Str::from_static("g"), members, ..Default::default() };
    assert_eq!(sent(3, request).unwrap().members.len(), NAMES);
}

#[test]
fn committed_offsets() {
    let partition = |partition_index| OffsetCommitRequestPartition { partition_index, ..Default::default() };
    let topics = vec![OffsetCommitRequestTopic {
        name: Str::from_static("0"),
        partitions: indexes().map(partition).collect(),
        ..Default::default()
    }];
    let request = OffsetCommitRequest {
        group_id: Str::from_static("g"),
        generation_id_or_member_epoch: -1,
        topics,
        ..Default::default()
    };
    let answer = sent(5, request).unwrap();
    assert_eq!(answer.topics[0].partitions.len(), NAMES);
    assert_eq!(answer.topics[0].partitions[0].error_code, ErrorCode::None);
}

#[test]
fn offsets_that_are_asked_for() {
    let partition_indexes: Vec<_> = indexes().collect();
    let topic = OffsetFetchRequestTopic { name: Str::from_static("0"), partition_indexes };
    let request = OffsetFetchRequest {
        group_id: Str::from_static("g"),
        topics: Some(vec![topic]),
        ..Default::default()
    };
    assert_eq!(sent(5, request).unwrap().topics[0].partitions.len(), NAMES);

    let topic = |name| OffsetFetchRequestTopics { name, partition_indexes: vec![0], ..Default::default() };
    let group = |name| OffsetFetchRequestGroup {
        group_id: Str::from(format!("a-group-of-readers-{name}")),
        topics: Some(vec![topic(Str::from_static("0"))]),
        ..Default::default()
    };
    let request =
        OffsetFetchRequest { groups: names().take(20_000).map(group).collect(), ..Default::default() };
    assert_eq!(sent(8, request).unwrap().groups.len(), 20_000);
}

#[test]
fn deleted_offsets() {
    let partition = |partition_index| OffsetDeleteRequestPartition { partition_index };
    let topic = OffsetDeleteRequestTopic {
        name: Str::from_static("0"),
        partitions: indexes().map(partition).collect(),
    };
    let request = OffsetDeleteRequest { group_id: Str::from_static("g"), topics: vec![topic] };
    assert_eq!(sent(0, request).unwrap().error_code, ErrorCode::GroupIdNotFound);
}

#[test]
fn listed_groups() {
    let request = ListGroupsRequest { states_filter: names().collect(), ..Default::default() };
    let mut world = World::new(7, 1, &[]);
    let answer = world.client(|broker| async move { broker.connect().await.call(4, &request).await });
    assert!(answer.groups.is_empty());
}

#[test]
fn made_topics() {
    let topic =
        |name| CreatableTopic { name, num_partitions: 1, replication_factor: 1, ..Default::default() };
    let topics = names().map(topic).collect();
    let request = CreateTopicsRequest { topics, validate_only: true, ..Default::default() };
    let answer = sent(7, request).unwrap();
    assert_eq!(answer.topics.len(), NAMES);
    assert!(answer.topics.iter().all(|topic| topic.error_code == ErrorCode::PolicyViolation));
}

#[test]
fn grown_topics() {
    let topic = |name| CreatePartitionsTopic { name, count: i32::MAX, ..Default::default() };
    let request = CreatePartitionsRequest { topics: names().map(topic).collect(), ..Default::default() };
    assert_eq!(sent(3, request).unwrap().results.len(), NAMES);
}

#[test]
fn deleted_topics() {
    let topic_names = names().map(|name| Str::from(format!("not-{name}"))).collect();
    let request = DeleteTopicsRequest { topic_names, ..Default::default() };
    assert_eq!(sent(4, request).unwrap().responses.len(), NAMES);
}

#[test]
fn replaced_settings() {
    let resource =
        |resource_name| whole::AlterConfigsResource { resource_type: 4, resource_name, configs: Vec::new() };
    let resources = names().map(resource).collect();
    let request = whole::AlterConfigsRequest { resources, ..Default::default() };
    assert_eq!(sent(1, request).unwrap().responses.len(), NAMES);
}

#[test]
fn changed_settings() {
    let resource =
        |resource_name| single::AlterConfigsResource { resource_type: 4, resource_name, configs: Vec::new() };
    let resources = names().map(resource).collect();
    let request = single::IncrementalAlterConfigsRequest { resources, ..Default::default() };
    assert_eq!(sent(1, request).unwrap().responses.len(), NAMES);
}

#[test]
fn produced_to_partitions_without_records() {
    let partition = |index| PartitionProduceData { index, ..Default::default() };
    let topic = TopicProduceData {
        name: Str::from_static("0"),
        partition_data: indexes().map(partition).collect(),
        ..Default::default()
    };
    let request = ProduceRequest { acks: -1, topic_data: vec![topic], ..Default::default() };
    let answer = sent(7, request).unwrap();
    assert_eq!(answer.responses[0].partition_responses.len(), NAMES);
}

#[test]
fn what_would_take_more_than_a_core_may_hold_is_refused_as_a_whole() {
    let request = asks_for_offsets(2_000_000);
    let mut world = World::new(7, 1, &[]);
    world.client(|broker| async move {
        let mut other = broker.connect().await;
        other.create_topic("0", 1).await;
        assert!(broker.connect().await.try_call(5, &request).await.is_none());
        assert_eq!(other.topic("0", false).await.error_code, ErrorCode::None);
    });
}

/// Asks how far a group has come in so many partitions.
fn asks_for_offsets(partitions: i32) -> OffsetFetchRequest {
    let topic =
        OffsetFetchRequestTopic { name: Str::from_static("0"), partition_indexes: (0..partitions).collect() };
    OffsetFetchRequest { group_id: Str::from_static("g"), topics: Some(vec![topic]), ..Default::default() }
}

#[test]
fn a_client_that_does_not_read_keeps_room_only_while_nobody_waits_for_it() {
    World::new(7, 1, &["offsets.topic.num.partitions=1"]).client(|broker| async move {
        let find = FindCoordinatorRequest { key: Str::from_static("0"), ..Default::default() };
        assert_eq!(broker.connect().await.call(2, &find).await.error_code, ErrorCode::None);
        // Made, these take nearly all that a core may hold; on the wire, a tenth of that.
        let large = asks_for_offsets(1_200_000);
        let (mut silent, mut patient) = (broker.connect().await, broker.connect().await);
        silent.send(5, &large).await;
        sleep(Duration::from_secs(60)).await;
        assert!(silent.receive_frame().await.is_some(), "nobody has waited");

        silent.send(5, &large).await;
        sleep(Duration::from_secs(10)).await;
        assert_eq!(patient.call(5, &asks_for_offsets(1_300_000)).await.topics[0].partitions.len(), 1_300_000);
        assert!(silent.receive_frame().await.is_none(), "it had to make room");
    });
}
