//! DescribeTopicPartitions: topics in the order of their names, a page of partitions at a time.
//!
//! No topics means all. The cursor of one answer is where the next begins; topics before it are left out.

use std::collections::BTreeSet;

use creel_wire::api::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
    DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use creel_wire::{ErrorCode, Str};

use crate::call::Call;
use crate::topics::{Topic, is_internal};

/// Kafka's `max.request.partition.size.limit`.
const PAGE_MAX: i32 = 2000;

/// Answers the request.
pub(crate) fn answer(
    call: &Call,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let wants_all = request.topics.is_empty();
    let names: BTreeSet<Str> = match wants_all {
        true => call.core.topics.all().iter().map(|topic| topic.name.clone()).collect(),
        false => request.topics.into_iter().map(|topic| topic.name).collect(),
    };
    let begin = request.cursor.unwrap_or_default();
    let mut left = request.response_partition_limit.clamp(1, PAGE_MAX);
    let mut topics = Vec::new();
    for name in names.into_iter().filter(|name| *name >= begin.topic_name) {
        if left == 0 {
            return page(topics, Some(Cursor { topic_name: name, partition_index: 0 }));
        }
        let Some(local) = call.core.topics.by_name(&name) else {
            if !wants_all {
                topics.push(missing(name));
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
    page(topics, None)
}

fn page(
    topics: Vec<DescribeTopicPartitionsResponseTopic>,
    next_cursor: Option<Cursor>,
) -> DescribeTopicPartitionsResponse {
    DescribeTopicPartitionsResponse { topics, next_cursor, ..Default::default() }
}

fn missing(name: Str) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic {
        error_code: ErrorCode::UnknownTopicOrPartition,
        is_internal: is_internal(&name),
        name: Some(name),
        ..Default::default()
    }
}

fn found(call: &Call, topic: &Topic, shown: std::ops::Range<i32>) -> DescribeTopicPartitionsResponseTopic {
    let leader = call.node_id();
    let partition = |partition_index| DescribeTopicPartitionsResponsePartition {
        partition_index,
        leader_id: leader,
        leader_epoch: topic.leader_epoch(partition_index),
        replica_nodes: vec![leader],
        isr_nodes: vec![leader],
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        ..Default::default()
    };
    DescribeTopicPartitionsResponseTopic {
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        is_internal: is_internal(&topic.name),
        partitions: shown.map(partition).collect(),
        ..Default::default()
    }
}
