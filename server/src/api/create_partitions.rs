//! CreatePartitions: more partitions for topics, open on their cores before the answer.
//!
//! Every topic is answered, each with its own error. A name that comes twice is INVALID_REQUEST. One request may add
//! 10,000 partitions: a topic that would exceed this is POLICY_VIOLATION, the others get theirs. Assignments, if
//! given, must name this broker alone, once for each new partition.

use creel_io::pace;
use creel_wire::api::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use creel_wire::{ErrorCode, Str};

use crate::answers::KafkaError;
use crate::api::call::{Call, PrepareContext};
use crate::budget::dedup_merging;
use crate::core::ask_core;
use crate::limits::REQUEST_PARTITIONS_MAX;
use crate::peers::questions::AlterTopic;
use crate::topics::controller::intents::TopicChange;
use crate::topics::{CONTROLLER, TopicError};

/// A topic that is to have more partitions, and whether it came more than once.
pub(crate) struct TopicToGrow {
    topic: CreatePartitionsTopic,
    came_twice: bool,
}

/// What is asked of each topic, in the order of names.
pub(crate) struct PreparedCreatePartitions {
    topics: Vec<TopicToGrow>,
    validate_only: bool,
}

/// Each topic once.
pub(crate) fn prepare(_: PrepareContext, request: CreatePartitionsRequest) -> PreparedCreatePartitions {
    let asked = |topic| TopicToGrow { topic, came_twice: false };
    let mut topics: Vec<_> = request.topics.into_iter().map(asked).collect();
    topics.sort_by(|one, other| one.topic.name.cmp(&other.topic.name));
    dedup_merging(
        &mut topics,
        |one, other| one.topic.name.cmp(&other.topic.name),
        |first, _| first.came_twice = true,
    );
    PreparedCreatePartitions { topics, validate_only: request.validate_only }
}

/// Answers the request.
pub(crate) async fn answer(call: Call, request: PreparedCreatePartitions) -> CreatePartitionsResponse {
    let mut results = Vec::with_capacity(request.topics.len());
    let mut left = REQUEST_PARTITIONS_MAX;
    for TopicToGrow { topic, came_twice } in request.topics {
        pace(1).await;
        let outcome = match came_twice {
            false => grow(&call, &topic, &mut left, request.validate_only).await,
            true => Err(TopicError::InvalidRequest("Duplicate topic name.".to_owned())),
        };
        let (error_code, error_message) = match outcome {
            Ok(()) => (ErrorCode::None, None),
            Err(error) => (error.code(), Some(Str::from(error.to_string()))),
        };
        results.push(CreatePartitionsTopicResult { name: topic.name, error_code, error_message });
    }
    CreatePartitionsResponse { results, ..Default::default() }
}

/// `left`: how many partitions the request may still add.
async fn grow(
    call: &Call,
    topic: &CreatePartitionsTopic,
    left: &mut i64,
    only_asked: bool,
) -> Result<(), TopicError> {
    let local = call.core.topics.by_name(&topic.name).ok_or(TopicError::UnknownName)?;
    let new = i64::from(topic.count) - i64::from(local.topic.partitions);
    if new > *left {
        return Err(TopicError::TooManyPartitions);
    }
    *left -= new.max(0);
    let fits = assignments_fit(call, topic);
    let validate_only = only_asked || !fits;
    let change = TopicChange::Partitions(topic.count);
    let question = AlterTopic { name: topic.name.detached(), change, validate_only };
    ask_core(&call.core, CONTROLLER, question).await.unwrap_or(Err(TopicError::Stopping))?;
    let message = "Assignments must name this broker alone, once for each new partition.";
    match fits {
        true => Ok(()),
        false => Err(TopicError::InvalidAssignment(message)),
    }
}

fn assignments_fit(call: &Call, topic: &CreatePartitionsTopic) -> bool {
    let Some(assignments) = &topic.assignments else { return true };
    let now = call.core.topics.by_name(&topic.name).map_or(0, |local| local.topic.partitions);
    let new = i64::from(topic.count) - i64::from(now);
    let here = assignments.iter().all(|one| one.broker_ids == [call.node_id()]);
    here && i64::try_from(assignments.len()) == Ok(new)
}
