//! Many topics, and groups of many offsets, are deleted.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use creel_wire::api::delete_groups::DeleteGroupsRequest;
use creel_wire::api::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::metadata::MetadataRequest;
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};
use creel_wire::{ErrorCode, Str};
use support::{Client, SEEDS, World, story};

fn name(at: usize) -> Str {
    Str::from(format!("topic-{at:03}"))
}

async fn create(client: &mut Client, count: usize) {
    let topic = |at| CreatableTopic {
        name: name(at),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let topics = (0..count).map(topic).collect();
    let made = client.call(7, &CreateTopicsRequest { topics, ..Default::default() }).await;
    assert!(made.topics.iter().all(|topic| topic.error_code.is_none()));
}

fn by_name(name: Str) -> DeleteTopicState {
    DeleteTopicState { name: Some(name), ..Default::default() }
}

/// What a topic takes when many are deleted, in operations of the disk.
fn operations_of_a_topic(seed: u64, cores: u16, count: usize) -> u64 {
    let mut world = World::new(seed, cores, &[]);
    world.client(move |broker| async move { create(&mut broker.connect().await, count).await });
    let (sim, node) = (world.sim.handle(), world.broker);
    let before = sim.io_count(node);
    world.client(move |broker| async move {
        let mut client = broker.connect().await;
        let mut topics: Vec<_> = (0..count).map(|at| by_name(name(at))).collect();
        topics.insert(1, by_name(Str::from_static("nowhere")));
        let deleted = client.call(6, &DeleteTopicsRequest { topics, ..Default::default() }).await.responses;
        let told: Vec<_> = deleted.iter().map(|one| (one.name.clone().unwrap(), one.error_code)).collect();
        let mut expected: Vec<_> = (0..count).map(|at| (name(at), ErrorCode::None)).collect();
        expected.insert(1, (Str::from_static("nowhere"), ErrorCode::UnknownTopicOrPartition));
        assert_eq!(told, expected, "in the order in which they are named");
        let all = client.call(9, &MetadataRequest::default()).await;
        assert_eq!(all.topics.len(), 0);
    });
    (sim.io_count(node) - before) / count as u64
}

#[test]
fn topics_that_are_deleted_together_are_written_down_together() {
    for seed in SEEDS {
        for cores in [1, 3] {
            let (alone, of_many) =
                (operations_of_a_topic(seed, cores, 1), operations_of_a_topic(seed, cores, 200));
            assert!(3 * of_many < alone, "{of_many} operations for each of many topics, {alone} for one");
        }
    }
}

const PARTITIONS: i32 = 300;
const GROUP: Str = Str::from_static("shop");

async fn commit(client: &mut Client) {
    client.create_topic("orders", PARTITIONS).await;
    let find = FindCoordinatorRequest { key: GROUP, ..Default::default() };
    assert_eq!(client.call(2, &find).await.error_code, ErrorCode::None);
    let partition = |partition_index| OffsetCommitRequestPartition {
        partition_index,
        committed_offset: 7,
        ..Default::default()
    };
    let partitions = (0..PARTITIONS).map(partition).collect();
    let topics = vec![OffsetCommitRequestTopic { name: "orders".into(), partitions, ..Default::default() }];
    let request = OffsetCommitRequest {
        group_id: GROUP,
        generation_id_or_member_epoch: -1,
        topics,
        ..Default::default()
    };
    let committed = client.call(8, &request).await;
    let codes = committed.topics[0].partitions.iter().map(|one| one.error_code);
    assert!(codes.len() == PARTITIONS as usize && codes.clone().all(ErrorCode::is_none));
}

async fn committed(client: &mut Client) -> usize {
    let group = OffsetFetchRequestGroup { group_id: GROUP, topics: None, ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
    client.call(8, &request).await.groups[0].topics.iter().map(|topic| topic.partitions.len()).sum()
}

/// All of them together would make a batch that is larger.
const SMALL_BATCHES: [&str; 2] = ["message.max.bytes=2000", "offsets.topic.num.partitions=3"];

#[test]
fn a_group_of_more_offsets_than_fit_in_a_batch_commits_and_is_deleted() {
    story(&SMALL_BATCHES, |broker| async move {
        let mut client = broker.connect().await;
        commit(&mut client).await;
        assert_eq!(committed(&mut client).await, PARTITIONS as usize);
        let request = DeleteGroupsRequest { groups_names: vec![GROUP] };
        for expected in [ErrorCode::None, ErrorCode::GroupIdNotFound] {
            assert_eq!(client.call(2, &request).await.results[0].error_code, expected);
            assert_eq!(committed(&mut client).await, 0);
        }
    });
}

#[test]
fn more_offsets_than_fit_in_a_batch_are_taken_back() {
    story(&SMALL_BATCHES, |broker| async move {
        let mut client = broker.connect().await;
        commit(&mut client).await;
        let partition = |partition_index| OffsetDeleteRequestPartition { partition_index };
        let partitions = (1..PARTITIONS).map(partition).collect();
        let topics = vec![OffsetDeleteRequestTopic { name: "orders".into(), partitions }];
        let request = OffsetDeleteRequest { group_id: GROUP, topics };
        let deleted = client.call(0, &request).await;
        assert!(deleted.topics[0].partitions.iter().all(|one| one.error_code.is_none()));
        assert_eq!(committed(&mut client).await, 1);
    });
}

#[test]
fn a_deleted_topics_many_offsets_are_gone_from_a_group() {
    for seed in SEEDS {
        let mut world = World::new(seed, 2, &SMALL_BATCHES);
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            commit(&mut client).await;
            let topics = vec![by_name("orders".into())];
            let deleted = client.call(6, &DeleteTopicsRequest { topics, ..Default::default() }).await;
            assert_eq!(deleted.responses[0].error_code, ErrorCode::None);
        });
        world.restart();
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", PARTITIONS).await;
            assert_eq!(committed(&mut client).await, 0);
        });
    }
}
