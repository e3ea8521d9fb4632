//! OffsetForLeaderEpoch: where an epoch ended. A client finds out by it whether its log has been cut (KIP-320).
//!
//! An unknown epoch is answered with epoch and offset -1, without an error. All that was written when the question
//! came counts, once it is durable. A question that comes twice is answered once.

use std::cmp::Ordering;
use std::rc::Rc;

use creel_engine::{LeaderEpoch, Partition};
use creel_io::pace;
use creel_wire::ErrorCode;
use creel_wire::api::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
    OffsetForLeaderTopic, OffsetForLeaderTopicResult,
};

use crate::answers::KafkaError;
use crate::api::call::{Call, PrepareContext};
use crate::api::durable_ends;
use crate::api::leader_epochs::check_epoch;
use crate::budget::{dedup, dedup_merging};
use crate::core::{Core, Question, ask_owners};
use crate::peers::questions::EpochLookup;
use crate::peers::{ResponseSlot, Scatter};

/// Each topic once, and each question about one of its partitions.
pub(crate) fn prepare(
    _: PrepareContext,
    mut request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochRequest {
    let also = |first: &mut OffsetForLeaderTopic, again: OffsetForLeaderTopic| {
        first.partitions.extend(again.partitions);
    };
    dedup_merging(&mut request.topics, |one, other| one.topic.cmp(&other.topic), also);
    let asked = |one: &OffsetForLeaderPartition| (one.partition, one.current_leader_epoch, one.leader_epoch);
    let partitions = request.topics.iter_mut().map(|topic| &mut topic.partitions);
    partitions.for_each(|partitions| dedup(partitions, |one, other| asked(one).cmp(&asked(other))));
    request
}

/// Answers the request.
pub(crate) async fn answer(call: Call, request: OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
    let mut by_owner = Scatter::default();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let at = topics.len();
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for (slot, asked) in topic.partitions.into_iter().enumerate() {
            pace(1).await;
            let index = asked.partition;
            partitions.push(match call.core.topics.owner(&topic.topic, index) {
                Ok((owner, id)) => {
                    by_owner.add(owner, ResponseSlot { topic: at, partition: slot }, (id, asked));
                    epoch_error(index, ErrorCode::NotLeaderOrFollower)
                }
                Err(error) => epoch_error(index, error.code()),
            });
        }
        topics.push(OffsetForLeaderTopicResult { topic: topic.topic, partitions });
    }
    let put = |ResponseSlot { topic, partition }, found| topics[topic].partitions[partition] = found;
    ask_owners(&call.core, by_owner, EpochLookup, put).await;
    OffsetForLeaderEpochResponse { topics, ..Default::default() }
}

impl Question for EpochLookup {
    /// Looks into this core's partitions.
    async fn answer_here(self, core: Rc<Core>) -> Vec<EpochEndOffset> {
        let begun = durable_ends::begin_all(&core, self.0, |asked| (asked.partition, true)).await;
        let mut found = Vec::with_capacity(begun.len());
        for (asked, begun) in begun {
            pace(1).await;
            found.push(match durable_ends::settled(begun).await {
                Ok(partition) => look_up_one(&partition, &asked),
                Err(code) => epoch_error(asked.partition, code),
            });
        }
        found
    }
}

fn look_up_one(partition: &Partition, asked: &OffsetForLeaderPartition) -> EpochEndOffset {
    if let Err(code) = check_epoch(partition, asked.current_leader_epoch) {
        return epoch_error(asked.partition, code);
    }
    // What is appended meanwhile may be lost again.
    let high_watermark = partition.high_watermark();
    let found = LeaderEpoch::new(asked.leader_epoch).and_then(|epoch| {
        match epoch.cmp(&partition.leader_epoch()) {
            // This holds even if nothing has been appended under the epoch.
            Ordering::Equal => Some((epoch, high_watermark)),
            Ordering::Less => partition.end_of_epoch(epoch),
            Ordering::Greater => None,
        }
    });
    let (leader_epoch, end_offset) =
        found.map_or((-1, -1), |(epoch, end)| (epoch.get(), end.min(high_watermark).get()));
    EpochEndOffset { partition: asked.partition, leader_epoch, end_offset, ..Default::default() }
}

fn epoch_error(partition: i32, error_code: ErrorCode) -> EpochEndOffset {
    EpochEndOffset { error_code, partition, ..Default::default() }
}
