//! DeleteTopics: removes topics by name, or from v6 on by id, and answers once they are gone from every core.
//!
//! Internal topics can be deleted, as in Kafka. `delete.topic.enable=false` refuses all (TOPIC_DELETION_DISABLED, 73;
//! before v3, which does not know it, INVALID_REQUEST).

use creel_wire::api::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::call::Call;
use crate::messages::DeleteTopics;
use crate::route;
use crate::topics::AUTHORITY;

/// Answers the request.
pub(crate) async fn answer(call: Call, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let by_name = |name| DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO };
    let asked: Vec<_> = match call.version {
        0..=5 => request.topic_names.into_iter().map(by_name).collect(),
        _ => request.topics,
    };
    let mut responses = Vec::new();
    for state in asked {
        responses.push(delete_one(&call, state).await);
    }
    DeleteTopicsResponse { responses, ..Default::default() }
}

async fn delete_one(call: &Call, asked: DeleteTopicState) -> DeletableTopicResult {
    let refuse = |asked: DeleteTopicState, code: ErrorCode| DeletableTopicResult {
        name: asked.name,
        topic_id: asked.topic_id,
        error_code: code,
        error_message: Some(Str::from_static(code.description())),
    };
    if !call.core.node.broker().delete_topic_enable {
        let code =
            if call.version < 3 { ErrorCode::InvalidRequest } else { ErrorCode::TopicDeletionDisabled };
        return refuse(asked, code);
    }
    let (local, missing) = match &asked.name {
        Some(_) if !asked.topic_id.is_zero() => return refuse(asked, ErrorCode::InvalidRequest),
        Some(name) => (call.core.topics.by_name(name), ErrorCode::UnknownTopicOrPartition),
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
