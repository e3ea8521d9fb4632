//! Groups that commit ever larger offsets, one commit at a time, and look whether they stay.

use creel_wire::ErrorCode;
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};

use super::{KEPT, Load, PARTITIONS};
use crate::support::Client;

/// Commits until the load drains; what was begun is brought to its end.
pub async fn commit(load: Load, group: &'static str) {
    let mut sent = 0;
    let mut is_owed = false;
    while is_owed || !load.is_draining() {
        load.gate().await;
        if let Some(mut client) = find(&load, group).await {
            while is_owed || !load.is_draining() {
                if !is_owed {
                    sent += 1 + (creel_io::random_u64() % 3) as i64;
                }
                is_owed = true;
                if one_more(&load, &mut client, group, sent).await.is_none() {
                    break;
                }
                is_owed = false;
                load.pause().await;
            }
        }
        load.rest().await;
    }
}

/// A connection to the group's coordinator.
async fn find(load: &Load, group: &'static str) -> Option<Client> {
    let mut client = load.connect().await?;
    let request = FindCoordinatorRequest { key: group.into(), ..Default::default() };
    let response = load.ask(&mut client, 3, &request).await?;
    if response.error_code != ErrorCode::None {
        load.refused("coordinator", response.error_code);
        return None;
    }
    Some(client)
}

async fn one_more(load: &Load, client: &mut Client, group: &'static str, offset: i64) -> Option<()> {
    (0..PARTITIONS).for_each(|index| load.judge.borrow_mut().committing(group, index, offset));
    let outcome = send(load, client, group, offset).await;
    for index in 0..PARTITIONS {
        let mut judge = load.judge.borrow_mut();
        match outcome {
            Some(()) => judge.committed(group, index, offset),
            None => judge.commit_is_loose(group, index, offset),
        }
    }
    outcome?;
    if creel_io::random_u64().is_multiple_of(8) {
        fetch(load, client, group).await?;
    }
    Some(())
}

async fn send(load: &Load, client: &mut Client, group: &'static str, offset: i64) -> Option<()> {
    let partition = |partition_index| OffsetCommitRequestPartition {
        partition_index,
        committed_offset: offset,
        committed_metadata: Some("".into()),
        ..Default::default()
    };
    let topic = OffsetCommitRequestTopic {
        name: KEPT.into(),
        partitions: (0..PARTITIONS).map(partition).collect(),
        ..Default::default()
    };
    let request = OffsetCommitRequest { group_id: group.into(), topics: vec![topic], ..Default::default() };
    let response = load.ask(client, 8, &request).await?;
    let codes =
        response.topics.iter().flat_map(|topic| &topic.partitions).map(|partition| partition.error_code);
    let refused = codes.filter(|code| *code != ErrorCode::None).inspect(|code| load.refused("commit", *code));
    (refused.count() == 0).then_some(())
}

/// Has the judge look at what a group has committed.
pub async fn look(load: &Load, group: &'static str) -> Option<()> {
    let mut client = find(load, group).await?;
    fetch(load, &mut client, group).await
}

async fn fetch(load: &Load, client: &mut Client, group: &'static str) -> Option<()> {
    let topic = OffsetFetchRequestTopic { name: KEPT.into(), partition_indexes: (0..PARTITIONS).collect() };
    let request =
        OffsetFetchRequest { group_id: group.into(), topics: Some(vec![topic]), ..Default::default() };
    let response = load.ask(client, 7, &request).await?;
    let partitions: Vec<_> = response.topics.into_iter().flat_map(|topic| topic.partitions).collect();
    let sound = response.error_code == ErrorCode::None
        && partitions.iter().all(|partition| partition.error_code == ErrorCode::None);
    if !sound {
        return None;
    }
    for partition in partitions {
        let offset = partition.committed_offset.max(0);
        load.judge.borrow_mut().committed(group, partition.partition_index, offset);
    }
    Some(())
}
