//! DescribeTopicPartitions: topics in the order of their names, a page of partitions at a time.
//!
//! No topics means all. The cursor of one answer is where the next one begins; topics before it are left out. A
//! cursor at a partition below 0, or at a topic that the request does not name, is INVALID_REQUEST for all topics
//! named.

use creel_io::pace;
use creel_wire::api::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use creel_wire::{ErrorCode, Str};

use crate::answers::KafkaError;
use crate::api::authorized_operations;
use crate::api::call::{Call, Made, PrepareContext};
use crate::budget::{AnswerTooLarge, dedup};
use crate::topics::{Topic, check_name, is_internal};

/// Kafka's `max.request.partition.size.limit`.
const PAGE_MAX: i32 = 2000;

/// What a partition takes in memory, with its lists of replicas, and again in the frame.
const BYTES_OF_A_PARTITION: usize = 400;

/// Sorts the names; each comes once.
pub(crate) fn prepare(
    _: PrepareContext,
    mut request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsRequest {
    request.topics.sort_by(|one, other| one.name.cmp(&other.name));
    dedup(&mut request.topics, |one, other| one.name.cmp(&other.name));
    request
}

/// Answers the request.
pub(crate) async fn answer(
    call: Call,
    request: DescribeTopicPartitionsRequest,
    counted: usize,
) -> Result<Made<DescribeTopicPartitionsResponse>, AnswerTooLarge> {
    let most = request.response_partition_limit.clamp(1, PAGE_MAX) as usize;
    let held = call.hold(counted + most * BYTES_OF_A_PARTITION).await?;
    Ok(Made { response: described(&call, request).await, held })
}

async fn described(call: &Call, request: DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let wants_all = request.topics.is_empty();
    let first = request.cursor.as_ref().map_or("", |cursor| &*cursor.topic_name);
    let mut names: Vec<Str> = match wants_all {
        // Each has at least one partition. The last of these topics begins the next page.
        true => call.core.topics.names_from(first, PAGE_MAX as usize + 2),
        false => request.topics.into_iter().map(|topic| topic.name).collect(),
    };
    let beyond = if wants_all && names.len() == PAGE_MAX as usize + 2 { names.pop() } else { None };
    if let Some(cursor) = &request.cursor {
        let is_named = wants_all || names.binary_search(&cursor.topic_name).is_ok();
        if cursor.partition_index < 0 || !is_named {
            let mut topics = Vec::new();
            for name in names {
                pace(1).await;
                topics.push(topic_error(name, ErrorCode::InvalidRequest));
            }
            return page(topics, None);
        }
    }
    let begin = request.cursor.unwrap_or_default();
    let mut left = request.response_partition_limit.clamp(1, PAGE_MAX);
    let mut topics = Vec::new();
    for name in names.into_iter().filter(|name| *name >= begin.topic_name) {
        pace(1).await;
        if left == 0 {
            return page(topics, Some(Cursor { topic_name: name, partition_index: 0 }));
        }
        let Some(local) = call.core.topics.by_name(&name) else {
            if !wants_all {
                let code = check_name(&name)
                    .map_or_else(|error| error.code(), |()| ErrorCode::UnknownTopicOrPartition);
                let topic_authorized_operations = authorized_operations::ON_TOPIC;
                topics.push(DescribeTopicPartitionsResponseTopic {
                    topic_authorized_operations,
                    ..topic_error(name, code)
                });
            }
            continue;
        };
        let first = if name == begin.topic_name { begin.partition_index.max(0) } else { 0 };
        let end = local.topic.partitions.min(first.saturating_add(left));
        topics.push(found(call, &local.topic, first..end));
        left -= (end - first).max(0);
        if end < local.topic.partitions {
            return page(topics, Some(Cursor { topic_name: name, partition_index: end }));
        }
    }
    page(topics, beyond.map(|topic_name| Cursor { topic_name, partition_index: 0 }))
}

fn page(
    topics: Vec<DescribeTopicPartitionsResponseTopic>,
    next_cursor: Option<Cursor>,
) -> DescribeTopicPartitionsResponse {
    DescribeTopicPartitionsResponse { topics, next_cursor, ..Default::default() }
}

fn topic_error(name: Str, error_code: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic {
        error_code,
        is_internal: is_internal(&name),
        name: Some(name),
        ..Default::default()
    }
}

fn found(call: &Call, topic: &Topic, shown: std::ops::Range<i32>) -> DescribeTopicPartitionsResponseTopic {
    let leader = |partition_index| call.leader_of(&topic.id, partition_index);
    let led = |partition_index| DescribeTopicPartitionsResponsePartition {
        partition_index,
        leader_id: leader(partition_index),
        leader_epoch: topic.leader_epoch(partition_index),
        replica_nodes: vec![leader(partition_index)],
        isr_nodes: vec![leader(partition_index)],
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        ..Default::default()
    };
    let offline = |partition_index| DescribeTopicPartitionsResponsePartition {
        error_code: ErrorCode::LeaderNotAvailable,
        leader_id: -1,
        isr_nodes: Vec::new(),
        offline_replicas: vec![leader(partition_index)],
        ..led(partition_index)
    };
    let partition = |index| if topic.is_offline(index) { offline(index) } else { led(index) };
    DescribeTopicPartitionsResponseTopic {
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        is_internal: is_internal(&topic.name),
        partitions: shown.map(partition).collect(),
        topic_authorized_operations: authorized_operations::ON_TOPIC,
        ..Default::default()
    }
}
