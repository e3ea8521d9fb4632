//! OffsetFetch: how far a group has come. What was never committed is offset -1, without an error.
//!
//! From v2 on null topics mean all that the group has committed; v7 can ask for stable offsets only; v8+ asks for
//! several groups at once; v10 names topics by id.

use creel_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::call::Call;
use crate::coordinators::{GroupAnswer, GroupRequest, ask, code_of};
use crate::groups::{FetchReply, FetchRequest, FetchedOffset};

/// Since when topics are named by id.
const IDS_FROM: i16 = 10;

/// Answers the request.
pub(crate) async fn answer(call: Call, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let require_stable = request.require_stable;
    if call.version < 8 {
        let group = OffsetFetchRequestGroup {
            group_id: request.group_id,
            topics: request.topics.map(|topics| topics.into_iter().map(as_new).collect()),
            ..Default::default()
        };
        return as_old(call.version, fetch(&call, group, require_stable).await);
    }
    let mut groups = Vec::with_capacity(request.groups.len());
    for group in request.groups {
        groups.push(fetch(&call, group, require_stable).await);
    }
    OffsetFetchResponse { groups, ..Default::default() }
}

async fn fetch(
    call: &Call,
    group: OffsetFetchRequestGroup,
    require_stable: bool,
) -> OffsetFetchResponseGroup {
    let mut topics = Vec::new();
    let mut wanted = Vec::new();
    let wants_all = group.topics.is_none();
    for topic in group.topics.into_iter().flatten() {
        match name_of(call, &topic) {
            Some(name) => wanted.push((name, topic.partition_indexes)),
            None => topics.push(unknown(topic)),
        }
    }
    let request = FetchRequest {
        group: group.group_id.as_str().to_owned(),
        topics: (!wants_all).then_some(wanted),
        require_stable,
    };
    let answer = ask(&call.core, &group.group_id, GroupRequest::Fetch(request)).await;
    let error_code = match answer {
        Ok(GroupAnswer::Fetched(reply)) => {
            topics.extend(show(call, reply));
            ErrorCode::None
        }
        Ok(_) => ErrorCode::UnknownServerError,
        Err(code) => code,
    };
    OffsetFetchResponseGroup { group_id: group.group_id, topics, error_code }
}

fn name_of(call: &Call, topic: &OffsetFetchRequestTopics) -> Option<String> {
    if call.version < IDS_FROM {
        return Some(topic.name.as_str().to_owned());
    }
    call.core.topics.by_id(&topic.topic_id).map(|local| local.topic.name.as_str().to_owned())
}

fn unknown(topic: OffsetFetchRequestTopics) -> OffsetFetchResponseTopics {
    let partition = |partition_index| OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: -1,
        metadata: Some(Str::default()),
        error_code: ErrorCode::UnknownTopicId,
        ..Default::default()
    };
    let partitions = topic.partition_indexes.into_iter().map(partition).collect();
    OffsetFetchResponseTopics { topic_id: topic.topic_id, name: topic.name, partitions }
}

/// Of a topic that is gone there is nothing to say by id.
fn show(call: &Call, reply: FetchReply) -> impl Iterator<Item = OffsetFetchResponseTopics> {
    let partition = |fetched: FetchedOffset| OffsetFetchResponsePartitions {
        partition_index: fetched.partition,
        committed_offset: fetched.offset,
        committed_leader_epoch: fetched.leader_epoch,
        metadata: Some(Str::from(fetched.metadata)),
        error_code: code_of(fetched.error),
    };
    reply.topics.into_iter().filter_map(move |(name, fetched)| {
        let topic_id = match call.version {
            IDS_FROM.. => call.core.topics.by_name(&name)?.topic.id,
            _ => Uuid::ZERO,
        };
        let partitions = fetched.into_iter().map(partition).collect();
        Some(OffsetFetchResponseTopics { name: Str::from(name), topic_id, partitions })
    })
}

fn as_new(topic: OffsetFetchRequestTopic) -> OffsetFetchRequestTopics {
    OffsetFetchRequestTopics {
        name: topic.name,
        partition_indexes: topic.partition_indexes,
        ..Default::default()
    }
}

/// The answer to one group in the form before v8. v1 has no room for the group's error but in its partitions.
fn as_old(version: i16, group: OffsetFetchResponseGroup) -> OffsetFetchResponse {
    let group_error = if version < 2 { group.error_code } else { ErrorCode::None };
    let partition = |partition: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: if group_error.is_none() { partition.error_code } else { group_error },
    };
    let topic = |topic: OffsetFetchResponseTopics| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(partition).collect(),
    };
    let topics = group.topics.into_iter().map(topic).collect();
    OffsetFetchResponse { topics, error_code: group.error_code, ..Default::default() }
}
