//! CreatePartitions: more partitions for topics, open on their cores before the answer.
//!
//! Every topic is answered for, each with its own error; a name that comes twice is INVALID_REQUEST. Assignments, where
//! given, must name this broker alone, once for each new partition.

use std::collections::BTreeMap;

use creel_wire::api::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use creel_wire::{ErrorCode, Str};

use crate::call::Call;
use crate::messages::AlterTopic;
use crate::route;
use crate::topics::{AUTHORITY, TopicChange, TopicRefusal};

/// Answers the request.
pub(crate) async fn answer(call: Call, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let mut named: BTreeMap<Str, Vec<CreatePartitionsTopic>> = BTreeMap::new();
    for topic in request.topics {
        named.entry(topic.name.clone()).or_default().push(topic);
    }
    let mut results = Vec::with_capacity(named.len());
    for (name, asked) in named {
        let outcome = match asked.as_slice() {
            [topic] => grow(&call, topic, request.validate_only).await,
            _ => Err(TopicRefusal::new(ErrorCode::InvalidRequest, "Duplicate topic name.")),
        };
        let (error_code, error_message) = match outcome {
            Ok(()) => (ErrorCode::None, None),
            Err(refusal) => (refusal.code, Some(Str::from(refusal.message))),
        };
        results.push(CreatePartitionsTopicResult { name, error_code, error_message });
    }
    CreatePartitionsResponse { results, ..Default::default() }
}

async fn grow(call: &Call, topic: &CreatePartitionsTopic, only_asked: bool) -> Result<(), TopicRefusal> {
    let fits = assignments_fit(call, topic);
    let validate_only = only_asked || !fits;
    let change = TopicChange::Partitions(topic.count);
    let question = AlterTopic { name: topic.name.detached(), change, validate_only };
    let gone = || Err(TopicRefusal::new(ErrorCode::NotController, "the broker is stopping"));
    route::call(&call.core, AUTHORITY, question).await.unwrap_or_else(gone)?;
    let message = "Assignments must name this broker alone, once for each new partition.";
    match fits {
        true => Ok(()),
        false => Err(TopicRefusal::new(ErrorCode::InvalidReplicaAssignment, message)),
    }
}

fn assignments_fit(call: &Call, topic: &CreatePartitionsTopic) -> bool {
    let Some(assignments) = &topic.assignments else { return true };
    let now = call.core.topics.by_name(&topic.name).map_or(0, |local| local.topic.partitions);
    let new = i64::from(topic.count) - i64::from(now);
    let here = assignments.iter().all(|one| one.broker_ids == [call.node_id()]);
    here && i64::try_from(assignments.len()) == Ok(new)
}
