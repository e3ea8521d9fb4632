//! DeleteTopics: removes topics by name, or from v6 on by id, and answers once they are gone from every core.
//!
//! A topic that is named twice, by both name and id, or by neither, is INVALID_REQUEST and stays. Internal topics can
//! be deleted, as in Kafka. `delete.topic.enable=false` refuses all (TOPIC_DELETION_DISABLED, 73; versions before v3
//! do not know this code and get INVALID_REQUEST).

use std::collections::BTreeMap;

use creel_io::pace;
use creel_wire::api::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::answers::KafkaError;
use crate::api::call::{Call, PrepareContext};
use crate::budget::dedup_merging;
use crate::core::ask_core;
use crate::limits::TOPICS_DELETED_AT_ONCE;
use crate::peers::questions::DeleteTopics;
use crate::topics::{CONTROLLER, TopicError};

/// A topic, and how many times it is named.
pub(crate) type NamedTopic = (DeleteTopicState, u32);

/// What is named in the same words, once.
pub(crate) fn prepare(facts: PrepareContext, request: DeleteTopicsRequest) -> Vec<NamedTopic> {
    let by_name = |name| DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO };
    let asked: Vec<_> = match facts.version {
        0..=5 => request.topic_names.into_iter().map(by_name).collect(),
        _ => request.topics,
    };
    let mut named: Vec<NamedTopic> = asked.into_iter().map(|state| (state, 1)).collect();
    let words = |(one, _): &NamedTopic, (other, _): &NamedTopic| {
        (&one.name, one.topic_id).cmp(&(&other.name, other.topic_id))
    };
    dedup_merging(&mut named, words, |(_, times), _| *times += 1);
    named
}

/// Answers the request. Many topics are deleted together: each batch of them is written down once and waits for the
/// disk.
pub(crate) async fn answer(call: Call, request: Vec<NamedTopic>) -> DeleteTopicsResponse {
    let mut responses = Vec::with_capacity(request.len());
    let mut asked = counted(&call, request).await.into_iter();
    while asked.len() > 0 {
        let some: Vec<_> = asked.by_ref().take(TOPICS_DELETED_AT_ONCE).collect();
        pace(some.len()).await;
        responses.extend(delete(&call, some).await);
    }
    DeleteTopicsResponse { responses, ..Default::default() }
}

/// Counts each topic once, whether it is named by name or by id. A client that contradicts itself must not lose a
/// topic by it.
async fn counted(call: &Call, asked: Vec<NamedTopic>) -> Vec<NamedTopic> {
    let topics = &call.core.topics;
    let mut counted: Vec<NamedTopic> = Vec::with_capacity(asked.len());
    let mut places: BTreeMap<(Option<Str>, Uuid), usize> = BTreeMap::new();
    for (state, times) in asked {
        pace(1).await;
        let name = match &state.name {
            Some(name) => Some(name.clone()),
            None => topics.by_id(&state.topic_id).map(|local| local.topic.name.clone()),
        };
        let id = if name.is_some() { Uuid::ZERO } else { state.topic_id };
        let place = *places.entry((name, id)).or_insert(counted.len());
        match counted.get_mut(place) {
            Some((first, so_far)) => {
                first.topic_id = first.topic_id.max(state.topic_id);
                *so_far += times;
            }
            None => counted.push((state, times)),
        }
    }
    counted
}

fn topic_error(asked: DeleteTopicState, error_code: ErrorCode) -> DeletableTopicResult {
    let error_message = Some(Str::from_static(error_code.description()));
    DeletableTopicResult { name: asked.name, topic_id: asked.topic_id, error_code, error_message }
}

/// A topic that is asked for: what it is, or why it stays.
struct TopicToDelete {
    state: DeleteTopicState,
    found: Result<Uuid, ErrorCode>,
    /// The code that says that there is no such topic.
    missing: ErrorCode,
}

async fn delete(call: &Call, some: Vec<NamedTopic>) -> impl Iterator<Item = DeletableTopicResult> + use<> {
    let asked: Vec<_> = some.into_iter().map(|(state, times)| find(call, state, times)).collect();
    let ids: Vec<_> = asked.iter().filter_map(|one| one.found.ok()).collect();
    let outcomes = match ids.is_empty() {
        true => None,
        false => ask_core(&call.core, CONTROLLER, DeleteTopics(ids)).await,
    };
    let mut outcomes = outcomes.into_iter().flatten();
    asked.into_iter().map(move |TopicToDelete { state, found, missing }| {
        match found.map(|_| outcomes.next()) {
            Ok(Some(Ok(topic))) => DeletableTopicResult {
                name: Some(topic.name.clone()),
                topic_id: topic.id,
                ..Default::default()
            },
            Ok(Some(Err(TopicError::UnknownId))) => topic_error(state, missing),
            Ok(Some(Err(error))) => topic_error(state, error.code()),
            Ok(None) => topic_error(state, ErrorCode::NotController),
            Err(code) => topic_error(state, code),
        }
    })
}

fn find(call: &Call, state: DeleteTopicState, times: u32) -> TopicToDelete {
    let by_name = state.name.is_some();
    let missing = if by_name { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::UnknownTopicId };
    let local = match &state.name {
        Some(name) => call.core.topics.by_name(name),
        None => call.core.topics.by_id(&state.topic_id),
    };
    let found = if times > 1 {
        Err(ErrorCode::InvalidRequest)
    } else if !call.core.node.broker().delete_topic_enable {
        Err(if call.version < 3 { ErrorCode::InvalidRequest } else { ErrorCode::TopicDeletionDisabled })
    } else if by_name != state.topic_id.is_zero() {
        // By both, or by neither.
        Err(ErrorCode::InvalidRequest)
    } else {
        local.map(|local| local.topic.id).ok_or(missing)
    };
    TopicToDelete { state, found, missing }
}
