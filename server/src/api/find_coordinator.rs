//! FindCoordinator: which broker coordinates a group. There is one broker, so it does.
//!
//! The first request makes `__consumer_offsets`, and is answered once its coordinators are ready. v1 adds the kind of
//! key, v4 asks for several keys at once. Transactions (kind 1) are not served: their clients get an error at which
//! they stop asking (`transactions`). Share groups (kind 2) are not served either.

use creel_io::pace;
use creel_wire::api::find_coordinator::{Coordinator, FindCoordinatorRequest, FindCoordinatorResponse};
use creel_wire::{ErrorCode, Str};

use crate::api::call::{Call, PrepareContext};
use crate::api::transactions;
use crate::budget::dedup;
use crate::config::{SEGMENT_BYTES_MIN, TopicSettings};
use crate::core::ask_core;
use crate::core::shown_brokers::BrokerIndex;
use crate::offsets;
use crate::peers::questions::CreateTopics;
use crate::topics::CONTROLLER;
use crate::topics::controller::intents::NewTopic;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

/// Each key once; before v4 there is just one.
pub(crate) fn prepare(facts: PrepareContext, mut request: FindCoordinatorRequest) -> FindCoordinatorRequest {
    if facts.version < 4 {
        request.coordinator_keys = vec![std::mem::take(&mut request.key)];
    }
    dedup(&mut request.coordinator_keys, Str::cmp);
    request
}

/// Answers the request.
pub(crate) async fn answer(call: Call, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let mut coordinators = Vec::with_capacity(request.coordinator_keys.len());
    for key in request.coordinator_keys {
        pace(1).await;
        let found = find(&call, request.key_type, &key).await;
        coordinators.push(show(&call, key, found));
    }
    if call.version >= 4 {
        return FindCoordinatorResponse { coordinators, ..Default::default() };
    }
    let Coordinator { node_id, host, port, error_code, error_message, .. } =
        coordinators.pop().unwrap_or_default();
    // Kafka's name for no error, which these versions spell out.
    let error_message = if error_code.is_none() { Some(Str::from_static("NONE")) } else { error_message };
    FindCoordinatorResponse { error_code, error_message, node_id, host, port, ..Default::default() }
}

async fn find(call: &Call, kind: i8, key: &str) -> Result<(), ErrorCode> {
    match kind {
        GROUP => {}
        TRANSACTION => return Err(transactions::refuse(call, key)),
        _ => return Err(ErrorCode::InvalidRequest),
    }
    let Some(local) = call.core.topics.by_name(offsets::TOPIC) else {
        return create_offsets_topic(call).await;
    };
    let topic = &local.topic;
    match topic.is_offline(offsets::partition_for(key, topic.partitions)) {
        true => Err(ErrorCode::CoordinatorNotAvailable),
        false => Ok(()),
    }
}

async fn create_offsets_topic(call: &Call) -> Result<(), ErrorCode> {
    let broker = call.core.node.broker();
    let size_key = match broker.offsets_topic_segment_bytes {
        ..SEGMENT_BYTES_MIN => "internal.segment.bytes",
        _ => "segment.bytes",
    };
    let segment_bytes = broker.offsets_topic_segment_bytes.to_string();
    let given = [("cleanup.policy", "compact"), ("compression.type", "producer"), (size_key, &segment_bytes)];
    let new = NewTopic {
        name: Str::from_static(offsets::TOPIC),
        partitions: broker.offsets_topic_num_partitions,
        replication_factor: -1,
        settings: TopicSettings::checked(given).map_err(|_| ErrorCode::InvalidConfig)?,
    };
    let question = CreateTopics { topics: vec![new], validate_only: false };
    // Someone else may have been faster.
    let _ = ask_core(&call.core, CONTROLLER, question).await;
    call.core.topics.by_name(offsets::TOPIC).map(|_| ()).ok_or(ErrorCode::CoordinatorNotAvailable)
}

/// The broker whose cores own the partition that coordinates the group.
fn broker_of(call: &Call, group: &str) -> BrokerIndex {
    let Some(local) = call.core.topics.by_name(offsets::TOPIC) else { return BrokerIndex::default() };
    let partition = offsets::partition_for(group, local.topic.partitions);
    call.broker_of(&local.topic.id, partition)
}

fn show(call: &Call, key: Str, found: Result<(), ErrorCode>) -> Coordinator {
    match found {
        Ok(()) => {
            let (node_id, host, port) = call.shown(broker_of(call, &key));
            let error_message = Some(Str::default());
            Coordinator { key, node_id, host, port, error_message, ..Default::default() }
        }
        Err(error_code) => Coordinator {
            key,
            node_id: -1,
            port: -1,
            error_code,
            error_message: Some(Str::from_static(match error_code {
                transactions::REFUSED => transactions::WORDS,
                other => other.description(),
            })),
            ..Default::default()
        },
    }
}
