//! ListOffsets: the offset that a timestamp, or one of Kafka's special numbers, stands for.
//!
//! The special numbers are: -1 latest (the last stable offset for read_committed), -2 earliest, -3 that of the
//! largest timestamp (v7+), -4 the earliest local one (v8+; the same as -2, as there is no tiered storage), -5 the
//! latest tiered one (v9+) and -6 the earliest that waits for upload (v11+); there are none of the last two. An
//! answer that is about the end waits until all that is written by then is durable. If nothing is found the offset is
//! -1, without an error. A partition that is asked for twice is INVALID_REQUEST, once. v0 answers with a list of
//! offsets, newest first.

use std::rc::Rc;

use creel_engine::{Offset, Partition, ReadError};
use creel_io::pace;
use creel_wire::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};
use creel_wire::{ErrorCode, Str};

use crate::answers::KafkaError;
use crate::api::call::{Call, PrepareContext};
use crate::api::durable_ends;
use crate::api::leader_epochs::check_epoch;
use crate::budget::dedup_merging;
use crate::core::{Core, Question, ask_owners};
use crate::peers::questions::{OffsetLookup, OffsetsFound};
use crate::peers::{ResponseSlot, Scatter};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// A topic's partitions, each once, and whether it came more often.
pub(crate) struct TopicToList {
    name: Str,
    partitions: Vec<(ListOffsetsPartition, bool)>,
}

/// What is asked for.
pub(crate) struct PreparedListOffsets {
    read_committed: bool,
    topics: Vec<TopicToList>,
}

/// Each topic once, and each of its partitions.
pub(crate) fn prepare(_: PrepareContext, request: ListOffsetsRequest) -> PreparedListOffsets {
    let asked = |topic: ListOffsetsTopic| TopicToList {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(|partition| (partition, false)).collect(),
    };
    let mut topics: Vec<_> = request.topics.into_iter().map(asked).collect();
    let also = |first: &mut TopicToList, again: TopicToList| first.partitions.extend(again.partitions);
    dedup_merging(&mut topics, |one, other| one.name.cmp(&other.name), also);
    for topic in &mut topics {
        let index = |one: &(ListOffsetsPartition, bool)| one.0.partition_index;
        dedup_merging(
            &mut topic.partitions,
            |one, other| index(one).cmp(&index(other)),
            |first, _| first.1 = true,
        );
    }
    PreparedListOffsets { read_committed: request.isolation_level == 1, topics }
}

/// Answers the request.
pub(crate) async fn answer(call: Call, request: PreparedListOffsets) -> ListOffsetsResponse {
    let read_committed = request.read_committed;
    let mut by_owner = Scatter::default();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let at = topics.len();
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for (slot, (asked, came_twice)) in topic.partitions.into_iter().enumerate() {
            pace(1).await;
            let index = asked.partition_index;
            let owner = match came_twice {
                true => Err(ErrorCode::InvalidRequest),
                false => check(asked.timestamp, call.version)
                    .and_then(|()| call.core.topics.owner(&topic.name, index).map_err(|error| error.code())),
            };
            partitions.push(match owner {
                Ok((owner, id)) => {
                    by_owner.add(owner, ResponseSlot { topic: at, partition: slot }, (id, asked));
                    offset_error(index, ErrorCode::NotLeaderOrFollower)
                }
                Err(code) => offset_error(index, code),
            });
        }
        topics.push(ListOffsetsTopicResponse { name: topic.name, partitions });
    }
    let question = |partitions| OffsetLookup { read_committed, partitions };
    let put = |ResponseSlot { topic, partition }, found| topics[topic].partitions[partition] = found;
    ask_owners(&call.core, by_owner, question, put).await;
    if call.version == 0 {
        topics.iter_mut().flat_map(|topic| &mut topic.partitions).for_each(as_list);
    }
    ListOffsetsResponse { topics, ..Default::default() }
}

/// Whether clients of a version know what a timestamp stands for.
fn check(timestamp: i64, version: i16) -> Result<(), ErrorCode> {
    let is_known = match timestamp {
        MAX_TIMESTAMP => version >= 7,
        EARLIEST_LOCAL => version >= 8,
        LATEST_TIERED => version >= 9,
        EARLIEST_PENDING_UPLOAD => version >= 11,
        other => other >= EARLIEST,
    };
    if is_known { Ok(()) } else { Err(ErrorCode::UnsupportedVersion) }
}

/// v0: a list of at most one offset. Kafka once listed the segments in between too; nobody needs them.
fn as_list(found: &mut ListOffsetsPartitionResponse) {
    found.old_style_offsets = (found.offset >= 0).then_some(found.offset).into_iter().collect();
}

impl Question for OffsetLookup {
    /// Finds the offsets of this core's partitions.
    async fn answer_here(self, core: Rc<Core>) -> Vec<OffsetsFound> {
        let about = |asked: &ListOffsetsPartition| (asked.partition_index, is_about_end(asked.timestamp));
        let begun = durable_ends::begin_all(&core, self.partitions, about).await;
        let mut found = Vec::with_capacity(begun.len());
        for (asked, begun) in begun {
            pace(1).await;
            found.push(match durable_ends::settled(begun).await {
                Ok(partition) => look_up_one(&partition, &asked, self.read_committed).await,
                Err(code) => offset_error(asked.partition_index, code),
            });
        }
        found
    }
}

/// Whether the answer can be a record that was written a moment ago, or the end behind it.
const fn is_about_end(timestamp: i64) -> bool {
    !matches!(timestamp, EARLIEST | EARLIEST_LOCAL | LATEST_TIERED | EARLIEST_PENDING_UPLOAD)
}

async fn look_up_one(
    partition: &Partition,
    asked: &ListOffsetsPartition,
    read_committed: bool,
) -> ListOffsetsPartitionResponse {
    let index = asked.partition_index;
    if let Err(code) = check_epoch(partition, asked.current_leader_epoch) {
        return offset_error(index, code);
    }
    let found = match asked.timestamp {
        LATEST if read_committed => Ok(Some((partition.last_stable(), -1))),
        LATEST => Ok(Some((partition.high_watermark(), -1))),
        EARLIEST | EARLIEST_LOCAL => Ok(Some((partition.log_start(), -1))),
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => Ok(None),
        MAX_TIMESTAMP => at(partition.max_timestamp_offset().await),
        timestamp => at(partition.offset_for_timestamp(timestamp).await),
    };
    match found {
        Ok(None) => ListOffsetsPartitionResponse { partition_index: index, ..Default::default() },
        Ok(Some((offset, timestamp))) => ListOffsetsPartitionResponse {
            partition_index: index,
            timestamp,
            offset: offset.get(),
            leader_epoch: partition.epoch_of(offset).unwrap_or(partition.leader_epoch()).get(),
            ..Default::default()
        },
        Err(code) => offset_error(index, code),
    }
}

fn at(
    found: Result<Option<creel_engine::FoundByTime>, ReadError>,
) -> Result<Option<(Offset, i64)>, ErrorCode> {
    match found {
        Ok(found) => Ok(found.map(|found| (found.offset, found.timestamp))),
        Err(error) => Err(error.code()),
    }
}

fn offset_error(partition_index: i32, error_code: ErrorCode) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse { partition_index, error_code, ..Default::default() }
}
