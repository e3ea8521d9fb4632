//! OffsetDelete: takes back committed offsets of a group that no longer reads the topics.
//!
//! A partition that does not exist is UNKNOWN_TOPIC_OR_PARTITION. One of a topic that the group reads is
//! GROUP_SUBSCRIBED_TO_TOPIC. If the group as a whole has an error, the answer has no topics. The request is answered
//! once the tombstones are durable.

use std::collections::BTreeMap;

use creel_io::{pace, pace_tenth};
use creel_wire::ErrorCode;
use creel_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic, OffsetDeleteResponse,
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

use crate::answers::{KafkaError, code_of};
use crate::api::call::{Call, PrepareContext};
use crate::budget::{Pieces, dedup, dedup_merging, names_in};
use crate::groups::runtime::ask_for_reply;
use crate::groups::{DeleteOffsetsReply, Event, GroupError, GroupReply, TopicErrors};

/// Each topic once, and each of its partitions.
pub(crate) fn prepare(_: PrepareContext, mut request: OffsetDeleteRequest) -> OffsetDeleteRequest {
    let also = |first: &mut OffsetDeleteRequestTopic, again: OffsetDeleteRequestTopic| {
        first.partitions.extend(again.partitions);
    };
    dedup_merging(&mut request.topics, |one, other| one.name.cmp(&other.name), also);
    let index = |one: &OffsetDeleteRequestPartition| one.partition_index;
    let partitions = request.topics.iter_mut().map(|topic| &mut topic.partitions);
    partitions.for_each(|partitions| dedup(partitions, |one, other| index(one).cmp(&index(other))));
    request
}

/// Answers the request.
pub(crate) async fn answer(call: Call, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    if request.group_id.is_empty() {
        return offset_delete_error(ErrorCode::InvalidGroupId);
    }
    let mut known = Pieces::new();
    for topic in &request.topics {
        pace(1).await;
        if let Some((name, partitions)) = existing(&call, topic).await {
            known.add(&name, partitions);
        }
    }
    let mut deleted = Vec::new();
    // Also if none of the topics is there: the group's own error comes first.
    for piece in known.into_all() {
        pace(names_in(&piece)).await;
        match delete(&call, &request, piece).await {
            Ok(DeleteOffsetsReply { error: None, topics }) => deleted.extend(topics),
            Ok(DeleteOffsetsReply { error, .. }) => return offset_delete_error(code_of(error)),
            Err(error) => return offset_delete_error(error.code()),
        }
    }
    show(request, deleted).await
}

/// The topic with those of its partitions that there are.
async fn existing(call: &Call, topic: &OffsetDeleteRequestTopic) -> Option<(String, Vec<i32>)> {
    let mut there = Vec::new();
    for partition in &topic.partitions {
        pace(1).await;
        let index = partition.partition_index;
        if call.core.topics.owner(&topic.name, index).is_ok() {
            there.push(index);
        }
    }
    (!there.is_empty()).then(|| (topic.name.as_str().to_owned(), there))
}

async fn delete(
    call: &Call,
    request: &OffsetDeleteRequest,
    topics: Vec<(String, Vec<i32>)>,
) -> Result<DeleteOffsetsReply, GroupError> {
    let group = request.group_id.as_str().to_owned();
    let event = move |token| Event::DeleteOffsets(token, group, topics);
    match ask_for_reply(&call.core, &request.group_id, event).await {
        Ok(GroupReply::DeleteOffsets(reply)) => Ok(reply),
        Ok(_) => Err(GroupError::UnknownServerError),
        // Without `__consumer_offsets` there is no group.
        Err(GroupError::NotCoordinator) => Err(GroupError::GroupIdNotFound),
        Err(error) => Err(error),
    }
}

/// All that was asked for, in the order in which it was.
async fn show(request: OffsetDeleteRequest, deleted: TopicErrors) -> OffsetDeleteResponse {
    let mut codes: BTreeMap<String, BTreeMap<i32, ErrorCode>> = BTreeMap::new();
    for (topic, partitions) in deleted {
        let partitions = partitions.into_iter().map(|(partition, error)| (partition, code_of(error)));
        codes.entry(topic).or_default().extend(partitions);
    }
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics.into_iter().filter(|topic| !topic.partitions.is_empty()) {
        pace(1).await;
        let codes = codes.get(&*topic.name);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for (at, OffsetDeleteRequestPartition { partition_index }) in topic.partitions.into_iter().enumerate()
        {
            pace_tenth(at).await;
            let code = codes.and_then(|codes| codes.get(&partition_index)).copied();
            let error_code = code.unwrap_or(ErrorCode::UnknownTopicOrPartition);
            partitions.push(OffsetDeleteResponsePartition { partition_index, error_code });
        }
        topics.push(OffsetDeleteResponseTopic { name: topic.name, partitions });
    }
    OffsetDeleteResponse { topics, ..Default::default() }
}

fn offset_delete_error(error_code: ErrorCode) -> OffsetDeleteResponse {
    OffsetDeleteResponse { error_code, ..Default::default() }
}
