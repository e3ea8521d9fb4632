//! A group from its first member to its offsets after a restart, over the wire.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use creel_io::{sleep, timeout};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::heartbeat::HeartbeatRequest;
use creel_wire::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use creel_wire::api::leave_group::{LeaveGroupRequest, MemberIdentity};
use creel_wire::api::list_groups::ListGroupsRequest;
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};
use creel_wire::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use creel_wire::{ErrorCode, Str};
use support::{Client, Connector, World};

const GROUP: Str = Str::from_static("readers");

async fn join(client: &mut Client) -> (Str, i32) {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: Bytes::from_static(b"orders") };
    let mut request = JoinGroupRequest {
        group_id: GROUP,
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 30_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    let first = client.call(9, &request).await;
    assert_eq!(first.error_code, ErrorCode::MemberIdRequired);
    request.member_id = first.member_id;
    let joined = client.call(9, &request).await;
    assert_eq!((joined.error_code, &joined.leader), (ErrorCode::None, &joined.member_id));
    assert_eq!(joined.members.len(), 1);
    (joined.member_id, joined.generation_id)
}

async fn commit(client: &mut Client, member_id: &Str, generation: i32) -> Vec<ErrorCode> {
    let partition = OffsetCommitRequestPartition {
        partition_index: 0,
        committed_offset: 42,
        committed_metadata: Some("note".into()),
        ..Default::default()
    };
    let topic = |name: &'static str| OffsetCommitRequestTopic {
        name: name.into(),
        partitions: vec![partition.clone()],
        ..Default::default()
    };
    let request = OffsetCommitRequest {
        group_id: GROUP,
        generation_id_or_member_epoch: generation,
        member_id: member_id.clone(),
        topics: vec![topic("nowhere"), topic("orders")],
        ..Default::default()
    };
    let response = client.call(9, &request).await;
    response.topics.iter().map(|topic| topic.partitions[0].error_code).collect()
}

async fn committed(client: &mut Client) -> Vec<(Str, i64, Option<Str>)> {
    let group = OffsetFetchRequestGroup { group_id: GROUP, topics: None, ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
    let group = client.call(9, &request).await.groups.remove(0);
    assert_eq!(group.error_code, ErrorCode::None);
    let of_topic = group.topics.into_iter().flat_map(|topic| {
        let name = topic.name;
        topic.partitions.into_iter().map(move |one| (name.clone(), one.committed_offset, one.metadata))
    });
    of_topic.collect()
}

async fn a_life(client: &mut Client) {
    let request = FindCoordinatorRequest { coordinator_keys: vec![GROUP], ..Default::default() };
    let found = client.call(4, &request).await.coordinators.remove(0);
    assert_eq!((found.error_code, found.node_id), (ErrorCode::None, 1));
    let (member_id, generation_id) = join(client).await;

    let assignment =
        SyncGroupRequestAssignment { member_id: member_id.clone(), assignment: Bytes::from_static(b"all") };
    let request = SyncGroupRequest {
        group_id: GROUP,
        generation_id,
        member_id: member_id.clone(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: vec![assignment],
        ..Default::default()
    };
    // From v5 on a member says which protocol it means.
    let silent = SyncGroupRequest { protocol_name: None, ..request.clone() };
    assert_eq!(client.call(5, &silent).await.error_code, ErrorCode::InconsistentGroupProtocol);
    let synced = client.call(5, &request).await;
    assert_eq!((synced.error_code, &synced.assignment[..]), (ErrorCode::None, &b"all"[..]));

    let heartbeat = |generation_id| HeartbeatRequest {
        group_id: GROUP,
        generation_id,
        member_id: member_id.clone(),
        ..Default::default()
    };
    assert_eq!(client.call(4, &heartbeat(generation_id)).await.error_code, ErrorCode::None);
    let stale = client.call(4, &heartbeat(generation_id + 1)).await;
    assert_eq!(stale.error_code, ErrorCode::IllegalGeneration);

    let codes = commit(client, &member_id, generation_id).await;
    assert_eq!(codes, [ErrorCode::UnknownTopicOrPartition, ErrorCode::None]);
    let codes = commit(client, &"stranger".into(), generation_id).await;
    assert_eq!(codes, [ErrorCode::UnknownTopicOrPartition, ErrorCode::UnknownMemberId]);

    let listed = client.call(5, &ListGroupsRequest::default()).await.groups.remove(0);
    assert_eq!((listed.group_id, &*listed.group_state), (GROUP, "Stable"));
    let member = MemberIdentity { member_id, ..Default::default() };
    let request = LeaveGroupRequest { group_id: GROUP, members: vec![member], ..Default::default() };
    assert_eq!(client.call(5, &request).await.members[0].error_code, ErrorCode::None);
}

#[test]
fn a_group_joins_syncs_commits_and_is_remembered() {
    for seed in support::SEEDS {
        for cores in [1, 3] {
            let mut world = World::new(seed, cores, &["offsets.topic.num.partitions=5"]);
            let expected = vec![("orders".into(), 42, Some("note".into()))];
            let known = expected.clone();
            world.client(|broker| async move {
                let mut client = broker.connect().await;
                client.create_topic("orders", 1).await;
                a_life(&mut client).await;
                assert_eq!(committed(&mut client).await, known);
            });
            let known = expected.clone();
            world.restart();
            world.client(
                |broker| async move { assert_eq!(committed(&mut broker.connect().await).await, known) },
            );
            // A commit is answered when it is durable: a power cut does not take it back.
            world.sim.handle().crash(world.broker);
            world.start();
            world.client(|broker| async move {
                assert_eq!(committed(&mut broker.connect().await).await, expected)
            });
        }
    }
}

/// A member of a group of its own that tells much about itself, on the way to be let in. `None`: as it would be if let in.
async fn large_member(client: &mut Client, group: &str, bytes: usize) -> Option<ErrorCode> {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: vec![0; bytes].into() };
    let request = JoinGroupRequest {
        group_id: Str::from(group.to_owned()),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 30_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    client.send(3, &request).await;
    let answer = timeout(Duration::from_secs(1), client.receive::<JoinGroupRequest>(3)).await;
    answer.ok().map(|(_, answer)| answer.error_code)
}

#[test]
fn what_members_tell_of_themselves_is_bounded_together() {
    let settings = ["offsets.topic.num.partitions=3", "group.initial.rebalance.delay.ms=3000"];
    World::new(7, 1, &settings).client(|broker| async move {
        let find = FindCoordinatorRequest { key: GROUP, ..Default::default() };
        assert_eq!(broker.connect().await.call(2, &find).await.error_code, ErrorCode::None);
        let mut members = Vec::new();
        let mut codes = Vec::new();
        for at in 0..8 {
            let mut client = broker.connect().await;
            codes.push(large_member(&mut client, &format!("large-{at}"), 10 << 20).await);
            members.push(client);
        }
        assert_eq!(codes[..6], [None; 6]);
        assert_eq!(codes[6..], [Some(ErrorCode::GroupMaxSizeReached); 2]);
        // Small ones still find room.
        assert_eq!(large_member(&mut broker.connect().await, "small", 100).await, None);
        // Who is silent is gone in time, and so is what it has told.
        drop(members);
        sleep(Duration::from_secs(400)).await;
        assert_eq!(large_member(&mut broker.connect().await, "later", 10 << 20).await, None);
    });
}

const LET_IN: [Option<ErrorCode>; 2] = [None, Some(ErrorCode::None)];
const TURNED_AWAY: Option<ErrorCode> = Some(ErrorCode::GroupMaxSizeReached);

/// A broker that has a coordinator.
fn with_coordinator<F: Future<Output = ()> + 'static>(story: impl FnOnce(Connector) -> F + 'static) {
    World::new(7, 1, &["offsets.topic.num.partitions=3"]).client(|broker| async move {
        let find = FindCoordinatorRequest { key: GROUP, ..Default::default() };
        assert_eq!(broker.connect().await.call(2, &find).await.error_code, ErrorCode::None);
        story(broker).await;
    });
}

#[test]
fn one_connection_takes_a_part_of_the_room_in_however_many_groups() {
    with_coordinator(|broker| async move {
        let mut greedy = broker.connect().await;
        for at in 0..3 {
            assert!(LET_IN.contains(&large_member(&mut greedy, &format!("greedy-{at}"), 5 << 20).await));
        }
        assert_eq!(large_member(&mut greedy, "greedy", 5 << 20).await, TURNED_AWAY);
        assert!(LET_IN.contains(&large_member(&mut greedy, "small", 1000).await));
        assert!(LET_IN.contains(&large_member(&mut broker.connect().await, "other", 10 << 20).await));
        // What its members have told goes with them, not with the connection.
        drop(greedy);
        sleep(Duration::from_secs(400)).await;
        for at in 0..6 {
            let mut other = broker.connect().await;
            assert!(LET_IN.contains(&large_member(&mut other, &format!("other-{at}"), 10 << 20).await));
        }
    });
}

#[test]
fn one_group_takes_a_part_of_the_room_by_however_many_connections() {
    with_coordinator(|broker| async move {
        let mut members = Vec::new();
        for _ in 0..3 {
            let mut member = broker.connect().await;
            assert!(LET_IN.contains(&large_member(&mut member, "greedy", 5 << 20).await));
            members.push(member);
        }
        let mut late = broker.connect().await;
        assert_eq!(large_member(&mut late, "greedy", 5 << 20).await, TURNED_AWAY);
        assert!(LET_IN.contains(&large_member(&mut late, "other", 5 << 20).await));
    });
}

/// Forms a group of one member, and hands in an assignment of so many bytes.
async fn assigned(client: &mut Client, group: &str, bytes: usize) -> ErrorCode {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: Bytes::new() };
    let join = JoinGroupRequest {
        group_id: Str::from(group.to_owned()),
        session_timeout_ms: 100_000,
        rebalance_timeout_ms: 30_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    let joined = client.call(3, &join).await;
    assert_eq!(joined.error_code, ErrorCode::None);
    let assignment =
        SyncGroupRequestAssignment { member_id: joined.member_id.clone(), assignment: vec![0; bytes].into() };
    let sync = SyncGroupRequest {
        group_id: join.group_id,
        generation_id: joined.generation_id,
        member_id: joined.member_id,
        assignments: vec![assignment],
        ..Default::default()
    };
    client.call(2, &sync).await.error_code
}

#[test]
fn assignments_are_counted_as_what_members_tell_is() {
    with_coordinator(|broker| async move {
        let mut greedy = broker.connect().await;
        let mut codes = Vec::new();
        for at in 0..10 {
            codes.push(assigned(&mut greedy, &format!("greedy-{at}"), 900 << 10).await);
        }
        assert_eq!(codes[..9], [ErrorCode::None; 9]);
        assert_eq!(codes[9], ErrorCode::CoordinatorNotAvailable);
        let mut other = broker.connect().await;
        assert_eq!(assigned(&mut other, "other", 900 << 10).await, ErrorCode::None);
        // More than the log takes as one record: that will not become better.
        assert_eq!(assigned(&mut other, "too large", 2 << 20).await, ErrorCode::UnknownServerError);
    });
}
