//! OffsetDelete: takes back committed offsets of a group that no longer reads the topics.
//!
//! A partition that does not exist is UNKNOWN_TOPIC_OR_PARTITION, one of a topic that the group reads
//! GROUP_SUBSCRIBED_TO_TOPIC; an error of the group as a whole leaves the topics out. Answered once the tombstones are
//! durable.

use std::collections::BTreeMap;

use creel_wire::ErrorCode;
use creel_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestTopic, OffsetDeleteResponse, OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
};

use crate::call::Call;
use crate::coordinators::{ask_for_reply, code_of};
use crate::groups::{DeleteOffsetsReply, Event, Reply};

/// Answers the request.
pub(crate) async fn answer(call: Call, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    if request.group_id.is_empty() {
        return refused(ErrorCode::InvalidGroupId);
    }
    let known: Vec<_> = request.topics.iter().filter_map(|topic| existing(&call, topic)).collect();
    let deleted = match known.is_empty() {
        true => Ok(DeleteOffsetsReply { error: None, topics: Vec::new() }),
        false => delete(&call, &request, known).await,
    };
    match deleted {
        Ok(DeleteOffsetsReply { error: None, topics }) => show(request, topics),
        Ok(DeleteOffsetsReply { error, .. }) => refused(code_of(error)),
        Err(code) => refused(code),
    }
}

/// The topic with those of its partitions that there are.
fn existing(call: &Call, topic: &OffsetDeleteRequestTopic) -> Option<(String, Vec<i32>)> {
    let asked = topic.partitions.iter().map(|partition| partition.partition_index);
    let there: Vec<_> = asked.filter(|index| call.core.topics.owner(&topic.name, *index).is_ok()).collect();
    (!there.is_empty()).then(|| (topic.name.as_str().to_owned(), there))
}

async fn delete(
    call: &Call,
    request: &OffsetDeleteRequest,
    topics: Vec<(String, Vec<i32>)>,
) -> Result<DeleteOffsetsReply, ErrorCode> {
    let group = request.group_id.as_str().to_owned();
    let event = move |token| Event::DeleteOffsets(token, group, topics);
    match ask_for_reply(&call.core, &request.group_id, event).await {
        Ok(Reply::DeleteOffsets(reply)) => Ok(reply),
        Ok(_) => Err(ErrorCode::UnknownServerError),
        // Without any group's topic there is no group.
        Err(ErrorCode::NotCoordinator) => Err(ErrorCode::GroupIdNotFound),
        Err(code) => Err(code),
    }
}

/// All that was asked for, in the order in which it was.
fn show(request: OffsetDeleteRequest, deleted: crate::groups::TopicErrors) -> OffsetDeleteResponse {
    let mut codes = BTreeMap::new();
    for (topic, partitions) in deleted {
        for (partition, error) in partitions {
            codes.insert((topic.clone(), partition), code_of(error));
        }
    }
    let topic = |topic: OffsetDeleteRequestTopic| {
        let name = topic.name.as_str().to_owned();
        let partition = |partition_index| OffsetDeleteResponsePartition {
            partition_index,
            error_code: codes
                .get(&(name.clone(), partition_index))
                .copied()
                .unwrap_or(ErrorCode::UnknownTopicOrPartition),
        };
        let partitions = topic.partitions.iter().map(|one| partition(one.partition_index)).collect();
        OffsetDeleteResponseTopic { name: topic.name, partitions }
    };
    let topics = request.topics.into_iter().filter(|topic| !topic.partitions.is_empty());
    OffsetDeleteResponse { topics: topics.map(topic).collect(), ..Default::default() }
}

fn refused(error_code: ErrorCode) -> OffsetDeleteResponse {
    OffsetDeleteResponse { error_code, ..Default::default() }
}
