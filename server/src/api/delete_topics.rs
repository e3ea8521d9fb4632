//! DeleteTopics: removes topics by name, or from v6 on by id, and answers once they are gone from every core.
//!
//! A topic that is named twice, by name and by id or by neither is INVALID_REQUEST and stays. Internal topics can be deleted, as in Kafka. `delete.topic.enable=false` refuses all (TOPIC_DELETION_DISABLED, 73;
//! before v3, which does not know it, INVALID_REQUEST).

use std::collections::BTreeMap;

use creel_io::pace;
use creel_wire::api::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::budget::gather;
use crate::call::Call;
use crate::dispatch::Facts;
use crate::messages::DeleteTopics;
use crate::route;
use crate::topics::AUTHORITY;

/// A topic, and how many times it is named.
pub(crate) type Named = (DeleteTopicState, u32);

/// What is named in the same words, once.
pub(crate) fn prepare(facts: Facts, request: DeleteTopicsRequest) -> Vec<Named> {
    let by_name = |name| DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO };
    let asked: Vec<_> = match facts.version {
        0..=5 => request.topic_names.into_iter().map(by_name).collect(),
        _ => request.topics,
    };
    let mut named: Vec<Named> = asked.into_iter().map(|state| (state, 1)).collect();
    let words =
        |(one, _): &Named, (other, _): &Named| (&one.name, one.topic_id).cmp(&(&other.name, other.topic_id));
    gather(&mut named, words, |(_, times), _| *times += 1);
    named
}

/// Answers the request.
pub(crate) async fn answer(call: Call, request: Vec<Named>) -> DeleteTopicsResponse {
    let mut responses = Vec::with_capacity(request.len());
    for (state, times) in counted(&call, request).await {
        pace(1).await;
        responses.push(match times {
            1 => delete_one(&call, state).await,
            _ => refuse(state, ErrorCode::InvalidRequest),
        });
    }
    DeleteTopicsResponse { responses, ..Default::default() }
}

/// Each topic once, be it by name or by id: who contradicts himself must not lose a topic by it.
async fn counted(call: &Call, asked: Vec<Named>) -> Vec<Named> {
    let topics = &call.core.topics;
    let mut counted: Vec<Named> = Vec::with_capacity(asked.len());
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

fn refuse(asked: DeleteTopicState, error_code: ErrorCode) -> DeletableTopicResult {
    let error_message = Some(Str::from_static(error_code.description()));
    DeletableTopicResult { name: asked.name, topic_id: asked.topic_id, error_code, error_message }
}

async fn delete_one(call: &Call, asked: DeleteTopicState) -> DeletableTopicResult {
    if !call.core.node.broker().delete_topic_enable {
        let code =
            if call.version < 3 { ErrorCode::InvalidRequest } else { ErrorCode::TopicDeletionDisabled };
        return refuse(asked, code);
    }
    let (local, missing) = match &asked.name {
        Some(_) if !asked.topic_id.is_zero() => return refuse(asked, ErrorCode::InvalidRequest),
        Some(name) => (call.core.topics.by_name(name), ErrorCode::UnknownTopicOrPartition),
        None if asked.topic_id.is_zero() => return refuse(asked, ErrorCode::InvalidRequest),
        None => (call.core.topics.by_id(&asked.topic_id), ErrorCode::UnknownTopicId),
    };
    let Some(local) = local else { return refuse(asked, missing) };
    let question = DeleteTopics(vec![local.topic.id]);
    let outcome = route::call(&call.core, AUTHORITY, question).await.and_then(|mut all| all.pop());
    match outcome {
        Some(Ok(topic)) => {
            DeletableTopicResult { name: Some(topic.name.clone()), topic_id: topic.id, ..Default::default() }
        }
        Some(Err(_)) => refuse(asked, missing),
        None => refuse(asked, ErrorCode::NotController),
    }
}
