//! OffsetForLeaderEpoch: where an epoch ended, by which a client finds out whether its log has been cut (KIP-320).
//!
//! An epoch that is not known is answered with epoch and offset -1, without an error.

use std::collections::BTreeMap;
use std::rc::Rc;

use creel_engine::LeaderEpoch;
use creel_io::CoreId;
use creel_wire::api::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
    OffsetForLeaderTopicResult,
};
use creel_wire::{ErrorCode, Uuid};

use crate::call::Call;
use crate::core::Core;
use crate::epochs::check_epoch;
use crate::route;
use crate::topics::Place;

/// Partitions of one core to ask about.
#[derive(Default)]
pub(crate) struct EpochLookup(Vec<(Uuid, OffsetForLeaderPartition)>);

/// Answers the request.
pub(crate) async fn answer(call: Call, request: OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut lookups: BTreeMap<CoreId, (Vec<(usize, usize)>, EpochLookup)> = BTreeMap::new();
    for topic in request.topics {
        let local = call.core.topics.by_name(&topic.topic);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in topic.partitions {
            let slot = (topics.len(), partitions.len());
            partitions.push(refused(asked.partition, ErrorCode::UnknownTopicOrPartition));
            let Some(local) = &local else { continue };
            let core = match call.core.topics.place(local, asked.partition) {
                Place::Here(_) => call.core.id,
                Place::There(core) => core,
                Place::Nowhere => continue,
            };
            let (slots, lookup) = lookups.entry(core).or_default();
            slots.push(slot);
            lookup.0.push((local.topic.id, asked));
        }
        topics.push(OffsetForLeaderTopicResult { topic: topic.topic, partitions });
    }
    for (core, (slots, lookup)) in lookups {
        let found = route::call(&call.core, core, lookup).await.unwrap_or_default();
        for ((topic, partition), found) in slots.into_iter().zip(found) {
            topics[topic].partitions[partition] = found;
        }
    }
    OffsetForLeaderEpochResponse { topics, ..Default::default() }
}

/// Looks into this core's partitions.
pub(crate) fn look_up(core: &Rc<Core>, lookup: EpochLookup) -> Vec<EpochEndOffset> {
    lookup.0.into_iter().map(|(topic, asked)| look_up_one(core, topic, &asked)).collect()
}

fn look_up_one(core: &Core, topic: Uuid, asked: &OffsetForLeaderPartition) -> EpochEndOffset {
    let Some(partition) = core.topics.own(&topic, asked.partition) else {
        return refused(asked.partition, ErrorCode::UnknownTopicOrPartition);
    };
    if let Err(code) = check_epoch(&partition, asked.current_leader_epoch) {
        return refused(asked.partition, code);
    }
    let epoch = LeaderEpoch(asked.leader_epoch);
    let found = if epoch > partition.leader_epoch() { None } else { partition.end_of_epoch(epoch) };
    let (leader_epoch, end_offset) = found.map_or((-1, -1), |(epoch, end)| (epoch.0, end.0));
    EpochEndOffset { partition: asked.partition, leader_epoch, end_offset, ..Default::default() }
}

fn refused(partition: i32, error_code: ErrorCode) -> EpochEndOffset {
    EpochEndOffset { error_code, partition, ..Default::default() }
}
