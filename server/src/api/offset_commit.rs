//! OffsetCommit: how far a group has come, answered once it is durable.
//!
//! Topics and partitions that do not exist are refused one by one (3, or 100 for ids); the others are committed. If a
//! partition comes twice its last offset counts, and it is answered once. Versions 2 to 4 may say how long to keep
//! the offsets. v7 brings static members. From v9 on an unknown group has an error of its own. v10 names topics by
//! id.

use std::rc::Rc;

use creel_io::{pace, pace_tenth};
use creel_wire::ErrorCode;
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

use crate::answers::{KafkaError, code_of};
use crate::api::call::{Call, PrepareContext};
use crate::budget::{Pieces, dedup_merging, names_in};
use crate::groups::runtime::ask_for_reply;
use crate::groups::{CommitRequest, Event, GroupReply, Member, OffsetToCommit};
use crate::topics::LocalTopic;

/// Since when topics are named by id.
const IDS_FROM: i16 = 10;

/// Keeps each topic once, and each of its partitions. The last mention of a partition counts, as in Kafka.
pub(crate) fn prepare(_: PrepareContext, mut request: OffsetCommitRequest) -> OffsetCommitRequest {
    let also = |first: &mut OffsetCommitRequestTopic, again: OffsetCommitRequestTopic| {
        first.partitions.extend(again.partitions);
    };
    let order = |one: &OffsetCommitRequestTopic, other: &OffsetCommitRequestTopic| {
        (&one.name, one.topic_id).cmp(&(&other.name, other.topic_id))
    };
    dedup_merging(&mut request.topics, order, also);
    for topic in &mut request.topics {
        let index = |one: &OffsetCommitRequestPartition| one.partition_index;
        dedup_merging(
            &mut topic.partitions,
            |one, other| index(one).cmp(&index(other)),
            |first, again| *first = again,
        );
    }
    request
}

/// Answers the request.
pub(crate) async fn answer(call: Call, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let commit = CommitRequest {
        group: request.group_id.into(),
        member: Member {
            member_id: request.member_id.into(),
            instance_id: request.group_instance_id.map(String::from),
        },
        generation: request.generation_id_or_member_epoch,
        retention_ms: (request.retention_time_ms >= 0).then_some(request.retention_time_ms),
        knows_group_id_not_found: call.version >= 9,
        topics: Vec::new(),
    };
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut pieces = Pieces::new();
    for topic in request.topics {
        pace(1).await;
        let local = find(&call, &topic);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        let mut there = Vec::new();
        for (at, asked) in topic.partitions.into_iter().enumerate() {
            pace_tenth(at).await;
            let partition_index = asked.partition_index;
            let error_code = match &local {
                Ok(local) if local.has(partition_index) => {
                    there.push(to_commit(asked));
                    ErrorCode::None
                }
                Ok(_) => ErrorCode::UnknownTopicOrPartition,
                Err(code) => *code,
            };
            // It has an error, or none for now.
            partitions.push(OffsetCommitResponsePartition { partition_index, error_code });
        }
        if let (Ok(local), false) = (local, there.is_empty()) {
            pieces.add(&local.topic.name, there);
        }
        topics.push(OffsetCommitResponseTopic { name: topic.name, topic_id: topic.topic_id, partitions });
    }
    let mut codes = Vec::new();
    for piece in pieces.into_all().into_iter().filter(|piece| !piece.is_empty()) {
        pace(names_in(&piece)).await;
        let count = piece.iter().map(|(_, partitions)| partitions.len()).sum();
        commit_piece(&call, CommitRequest { topics: piece, ..commit.clone() }, count, &mut codes).await;
    }
    asked(&mut topics).zip(codes).for_each(|(partition, code)| partition.error_code = code);
    OffsetCommitResponse { topics, ..Default::default() }
}

/// Commits so many offsets, and adds a code for each.
async fn commit_piece(call: &Call, commit: CommitRequest, count: usize, codes: &mut Vec<ErrorCode>) {
    let group = commit.group.clone();
    let code = match ask_for_reply(&call.core, &group, move |token| Event::Commit(token, commit)).await {
        Ok(GroupReply::Commit(reply)) => {
            let outcomes = reply.topics.into_iter().flat_map(|(_, outcomes)| outcomes);
            return codes.extend(outcomes.map(|(_, error)| code_of(error)));
        }
        Ok(_) => ErrorCode::UnknownServerError,
        Err(error) => error.code(),
    };
    codes.extend(std::iter::repeat_n(code, count));
}

fn find(call: &Call, topic: &OffsetCommitRequestTopic) -> Result<Rc<LocalTopic>, ErrorCode> {
    let (local, missing) = match call.version {
        IDS_FROM.. => (call.core.topics.by_id(&topic.topic_id), ErrorCode::UnknownTopicId),
        _ => (call.core.topics.by_name(&topic.name), ErrorCode::UnknownTopicOrPartition),
    };
    local.ok_or(missing)
}

fn to_commit(partition: OffsetCommitRequestPartition) -> OffsetToCommit {
    OffsetToCommit {
        partition: partition.partition_index,
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: partition.committed_metadata.map(String::from),
    }
}

/// The partitions that were asked about, in order: those not refused already.
fn asked(
    topics: &mut [OffsetCommitResponseTopic],
) -> impl Iterator<Item = &mut OffsetCommitResponsePartition> {
    topics.iter_mut().flat_map(|topic| &mut topic.partitions).filter(|one| one.error_code.is_none())
}
