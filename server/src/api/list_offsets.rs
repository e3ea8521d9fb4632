//! ListOffsets: the offset that a timestamp, or one of Kafka's special numbers, stands for.
//!
//! -1 latest (the last stable offset for read_committed), -2 earliest, -3 that of the largest timestamp (v7+), -4 the
//! earliest local one (v8+: the same as -2, there is no tiered storage), -5 the latest tiered one (v9+) and -6 the
//! earliest that waits for upload (v11+): none. Whatever is about the end waits until what is written by then is durable. What is not found is offset -1 without an error. A partition that is asked
//! for twice is INVALID_REQUEST, once. v0 answers with a list
//! of offsets, newest first.

use std::collections::BTreeSet;
use std::rc::Rc;

use creel_engine::{Offset, Partition, ReadError};
use creel_wire::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopicResponse,
};
use creel_wire::{ErrorCode, Uuid};

use crate::call::Call;
use crate::core::Core;
use crate::ends::Asked;
use crate::epochs::check_epoch;
use crate::spread::{Slot, Spread};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// Partitions of one core to ask about.
pub(crate) struct OffsetLookup {
    read_committed: bool,
    partitions: Vec<(Uuid, ListOffsetsPartition)>,
}

/// What was found for one of them.
pub(crate) type OffsetsFound = ListOffsetsPartitionResponse;

/// Answers the request.
pub(crate) async fn answer(call: Call, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let read_committed = request.isolation_level == 1;
    let mut spread = Spread::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let at = topics.len();
        let (once, twice) = once(topic.partitions);
        let partitions = once.into_iter().enumerate().map(|(slot, asked)| {
            let index = asked.partition_index;
            if twice.contains(&index) {
                return refused(index, ErrorCode::InvalidRequest);
            }
            let owner = check(asked.timestamp, call.version)
                .and_then(|()| call.core.topics.owner(&topic.name, index));
            match owner {
                Ok(owner) => spread.add((at, slot), owner, asked),
                Err(code) => return refused(index, code),
            }
            refused(index, ErrorCode::NotLeaderOrFollower)
        });
        let partitions = partitions.collect();
        topics.push(ListOffsetsTopicResponse { name: topic.name, partitions });
    }
    let question = |partitions| OffsetLookup { read_committed, partitions };
    let put = |(topic, partition): Slot, found| topics[topic].partitions[partition] = found;
    spread.ask(&call.core, question, put).await;
    if call.version == 0 {
        topics.iter_mut().flat_map(|topic| &mut topic.partitions).for_each(as_list);
    }
    ListOffsetsResponse { topics, ..Default::default() }
}

/// Each partition once, and which of them came more often.
fn once(partitions: Vec<ListOffsetsPartition>) -> (Vec<ListOffsetsPartition>, BTreeSet<i32>) {
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    let mut once = Vec::with_capacity(partitions.len());
    for asked in partitions {
        match seen.insert(asked.partition_index) {
            true => once.push(asked),
            false => {
                twice.insert(asked.partition_index);
            }
        }
    }
    (once, twice)
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

/// v0: a list of at most one offset; the segments in between, which Kafka once listed too, are of no use to anyone.
fn as_list(found: &mut ListOffsetsPartitionResponse) {
    found.old_style_offsets = (found.offset >= 0).then_some(found.offset).into_iter().collect();
}

/// Finds the offsets of this core's partitions.
pub(crate) async fn look_up(core: &Rc<Core>, lookup: OffsetLookup) -> Vec<OffsetsFound> {
    let begin = |(topic, asked): (Uuid, ListOffsetsPartition)| {
        let begun = Asked::begin(core, &topic, asked.partition_index, is_about_end(asked.timestamp));
        (asked, begun)
    };
    let begun: Vec<_> = lookup.partitions.into_iter().map(begin).collect();
    let mut found = Vec::with_capacity(begun.len());
    for (asked, begun) in begun {
        let settled = match begun {
            Ok(begun) => begun.settled().await,
            Err(code) => Err(code),
        };
        found.push(match settled {
            Ok(partition) => look_up_one(&partition, &asked, lookup.read_committed).await,
            Err(code) => refused(asked.partition_index, code),
        });
    }
    found
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
        return refused(index, code);
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
            offset: offset.0,
            leader_epoch: partition.epoch_of(offset).unwrap_or(partition.leader_epoch()).0,
            ..Default::default()
        },
        Err(code) => refused(index, code),
    }
}

fn at(
    found: Result<Option<creel_engine::FoundByTime>, ReadError>,
) -> Result<Option<(Offset, i64)>, ErrorCode> {
    match found {
        Ok(found) => Ok(found.map(|found| (found.offset, found.timestamp))),
        Err(error) => Err(crate::epochs::read_error(&error)),
    }
}

fn refused(partition_index: i32, error_code: ErrorCode) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse { partition_index, error_code, ..Default::default() }
}
