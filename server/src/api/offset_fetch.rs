//! OffsetFetch: how far a group has come. What was never committed is offset -1, without an error.
//!
//! From v2 on null topics mean all that the group has committed; v7 can ask for stable offsets only; v8+ asks for
//! several groups at once; v10 names topics by id. What is named twice is answered once.

use creel_io::{pace, pace_tenth};
use creel_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::answers::{KafkaError, code_of};
use crate::api::call::{Call, Made, PrepareContext};
use crate::budget::{AnswerTooLarge, Pieces, dedup, dedup_merging, names_in};
use crate::groups::runtime::ask;
use crate::groups::runtime::question::{GroupAnswer, GroupRequest};
use crate::groups::{FetchReply, FetchRequest, FetchedOffset};

/// Since when a group has an error of its own. Before, its partitions show it.
const GROUP_ERROR_FROM: i16 = 2;
/// Since when topics are named by id.
const IDS_FROM: i16 = 10;

/// What a committed offset takes in memory, on its way and again in the frame.
const BYTES_OF_AN_OFFSET: usize = 200;

/// What is asked for: groups, in the form of v8 and later.
pub(crate) struct PreparedOffsetFetch {
    groups: Vec<OffsetFetchRequestGroup>,
    require_stable: bool,
}

/// Each group once, each of its topics, and each partition of these.
pub(crate) fn prepare(facts: PrepareContext, request: OffsetFetchRequest) -> PreparedOffsetFetch {
    let mut groups = request.groups;
    if facts.version < 8 {
        let topics = request.topics.map(|topics| topics.into_iter().map(as_new).collect());
        groups = vec![OffsetFetchRequestGroup { group_id: request.group_id, topics, ..Default::default() }];
    }
    dedup_merging(
        &mut groups,
        |one, other| one.group_id.cmp(&other.group_id),
        |first, again| {
            first.topics = match (first.topics.take(), again.topics) {
                (Some(topics), Some(more)) => Some(topics.into_iter().chain(more).collect()),
                // Null asks for all.
                _ => None,
            };
        },
    );
    for topics in groups.iter_mut().filter_map(|group| group.topics.as_mut()) {
        let also = |first: &mut OffsetFetchRequestTopics, again: OffsetFetchRequestTopics| {
            first.partition_indexes.extend(again.partition_indexes);
        };
        let order = |one: &OffsetFetchRequestTopics, other: &OffsetFetchRequestTopics| {
            (&one.name, one.topic_id).cmp(&(&other.name, other.topic_id))
        };
        dedup_merging(topics, order, also);
        topics.iter_mut().for_each(|topic| dedup(&mut topic.partition_indexes, i32::cmp));
    }
    PreparedOffsetFetch { groups, require_stable: request.require_stable }
}

/// Answers the request.
pub(crate) async fn answer(
    call: Call,
    request: PreparedOffsetFetch,
    counted: usize,
) -> Result<Made<OffsetFetchResponse>, AnswerTooLarge> {
    let mut held = call.hold(counted).await?;
    let mut groups = Vec::with_capacity(request.groups.len());
    let wants_all = request.groups.iter().any(|group| group.topics.is_none());
    for group in request.groups {
        pace(1).await;
        groups.push(fetch(&call, group, request.require_stable).await);
    }
    if wants_all {
        // How many there are is known only now.
        let topics = groups.iter().flat_map(|group| &group.topics);
        let offsets = topics.map(|topic| 1 + topic.partitions.len()).sum::<usize>();
        drop(held);
        held = call.hold(counted + offsets * BYTES_OF_AN_OFFSET).await?;
    }
    let response = match call.version {
        8.. => OffsetFetchResponse { groups, ..Default::default() },
        version => as_old(version, groups.pop().unwrap_or_default()),
    };
    Ok(Made { response, held })
}

async fn fetch(
    call: &Call,
    group: OffsetFetchRequestGroup,
    require_stable: bool,
) -> OffsetFetchResponseGroup {
    let (mut topics, mut unknown_topics) = (Vec::new(), Vec::new());
    let mut error_code = ErrorCode::None;
    let mut pieces = Pieces::new();
    let wants_all = group.topics.is_none();
    for topic in group.topics.into_iter().flatten() {
        pace(1 + topic.partition_indexes.len() / 1000).await;
        match name_of(call, &topic) {
            Some(name) => pieces.add(&name, topic.partition_indexes),
            None => unknown_topics.push(unknown(topic).await),
        }
    }
    let wanted = if wants_all { vec![None] } else { pieces.into_all().into_iter().map(Some).collect() };
    for topics_wanted in wanted {
        pace(topics_wanted.as_ref().map_or(1, names_in)).await;
        let group_name = group.group_id.as_str().to_owned();
        let request = FetchRequest { group: group_name, topics: topics_wanted, require_stable };
        let with_error = (call.version < GROUP_ERROR_FROM).then(|| FetchReply::of_no_group(&request));
        match ask(&call.core, &group.group_id, GroupRequest::Fetch(request)).await {
            Ok(GroupAnswer::Fetched(reply)) => show(call, reply, &mut topics),
            Ok(_) => error_code = ErrorCode::UnknownServerError,
            Err(error) => {
                error_code = error.code();
                with_error.into_iter().for_each(|reply| show(call, reply, &mut topics));
            }
        }
    }
    // As in Kafka: what is known comes first.
    topics.append(&mut unknown_topics);
    OffsetFetchResponseGroup { group_id: group.group_id, topics, error_code }
}

fn name_of(call: &Call, topic: &OffsetFetchRequestTopics) -> Option<String> {
    if call.version < IDS_FROM {
        return Some(topic.name.as_str().to_owned());
    }
    call.core.topics.by_id(&topic.topic_id).map(|local| local.topic.name.as_str().to_owned())
}

async fn unknown(topic: OffsetFetchRequestTopics) -> OffsetFetchResponseTopics {
    let partition = |partition_index| OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: -1,
        metadata: Some(Str::default()),
        error_code: ErrorCode::UnknownTopicId,
        ..Default::default()
    };
    let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
    for (at, index) in topic.partition_indexes.into_iter().enumerate() {
        pace_tenth(at).await;
        partitions.push(partition(index));
    }
    OffsetFetchResponseTopics { topic_id: topic.topic_id, name: topic.name, partitions }
}

/// Turns a reply into the answer's topics. A topic that is gone has no id, so a request by id leaves it out. Pieces
/// of one topic become one entry again.
fn show(call: &Call, reply: FetchReply, topics: &mut Vec<OffsetFetchResponseTopics>) {
    let partition = |fetched: FetchedOffset| OffsetFetchResponsePartitions {
        partition_index: fetched.partition,
        committed_offset: fetched.offset,
        committed_leader_epoch: fetched.leader_epoch,
        metadata: Some(Str::from(fetched.metadata)),
        error_code: code_of(fetched.error),
    };
    for (name, fetched) in reply.topics {
        let topic_id = match call.version {
            IDS_FROM.. => match call.core.topics.by_name(&name) {
                Some(local) => local.topic.id,
                None => continue,
            },
            _ => Uuid::ZERO,
        };
        let partitions = fetched.into_iter().map(partition);
        match topics.last_mut().filter(|last| *last.name == *name && last.topic_id == topic_id) {
            Some(last) => last.partitions.extend(partitions),
            None => topics.push(OffsetFetchResponseTopics {
                name: Str::from(name),
                topic_id,
                partitions: partitions.collect(),
            }),
        }
    }
}

fn as_new(topic: OffsetFetchRequestTopic) -> OffsetFetchRequestTopics {
    OffsetFetchRequestTopics {
        name: topic.name,
        partition_indexes: topic.partition_indexes,
        ..Default::default()
    }
}

/// The answer to one group in the form before v8.
fn as_old(version: i16, group: OffsetFetchResponseGroup) -> OffsetFetchResponse {
    let group_error = if version < GROUP_ERROR_FROM { group.error_code } else { ErrorCode::None };
    let partition = |partition: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: if group_error.is_none() { partition.error_code } else { group_error },
    };
    let topic = |topic: OffsetFetchResponseTopics| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(partition).collect(),
    };
    let topics = group.topics.into_iter().map(topic).collect();
    OffsetFetchResponse { topics, error_code: group.error_code, ..Default::default() }
}
