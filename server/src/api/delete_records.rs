//! DeleteRecords: moves the start of partitions' logs, and answers once that is on the disk.
//!
//! -1 stands for the high watermark, once all that was written before the request came is below it. An offset below
//! the start is no error; one beyond the high watermark is OFFSET_OUT_OF_RANGE. Topics that are only compacted refuse
//! (POLICY_VIOLATION), and so do the broker's own topics (INVALID_TOPIC_EXCEPTION).

use std::rc::Rc;

use creel_engine::{CleanupPolicy, Offset, Partition};
use creel_io::pace;
use creel_wire::api::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse,
    DeleteRecordsTopic, DeleteRecordsTopicResult,
};
use creel_wire::{ErrorCode, Uuid};

use crate::answers::KafkaError;
use crate::api::call::{Call, PrepareContext};
use crate::budget::dedup_merging;
use crate::core::{Core, Question, ask_core, ask_owners};
use crate::limits::PARTITIONS_CUTTING;
use crate::peers::questions::{DeletedRecords, RecordsToDelete, WriteCheckpoint};
use crate::peers::{ResponseSlot, Scatter};
use crate::tasks::join::join_bounded;
use crate::topics::{CONTROLLER, is_internal};

const HIGH_WATERMARK: i64 = -1;

/// Keeps each topic once, and each of its partitions. The last mention of a partition counts, as in Kafka.
pub(crate) fn prepare(_: PrepareContext, mut request: DeleteRecordsRequest) -> DeleteRecordsRequest {
    let also =
        |first: &mut DeleteRecordsTopic, again: DeleteRecordsTopic| first.partitions.extend(again.partitions);
    dedup_merging(&mut request.topics, |one, other| one.name.cmp(&other.name), also);
    for topic in &mut request.topics {
        let index = |one: &DeleteRecordsPartition| one.partition_index;
        dedup_merging(
            &mut topic.partitions,
            |one, other| index(one).cmp(&index(other)),
            |first, again| *first = again,
        );
    }
    request
}

/// Answers the request.
pub(crate) async fn answer(call: Call, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let mut by_owner = Scatter::default();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let at = topics.len();
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for (slot, asked) in topic.partitions.into_iter().enumerate() {
            pace(1).await;
            let index = asked.partition_index;
            let owner = match is_internal(&topic.name) {
                true => Err(ErrorCode::InvalidTopicException),
                false => call.core.topics.owner(&topic.name, index).map_err(|error| error.code()),
            };
            partitions.push(match owner {
                Ok((owner, id)) => {
                    by_owner.add(owner, ResponseSlot { topic: at, partition: slot }, (id, asked));
                    deletion_error(index, ErrorCode::NotLeaderOrFollower)
                }
                Err(code) => deletion_error(index, code),
            });
        }
        topics.push(DeleteRecordsTopicResult { name: topic.name, partitions });
    }
    let put = |ResponseSlot { topic, partition }, result| topics[topic].partitions[partition] = result;
    ask_owners(&call.core, by_owner, RecordsToDelete, put).await;
    make_safe(&call.core, &mut topics).await;
    DeleteRecordsResponse { topics, ..Default::default() }
}

/// Has the new starts written down. If that fails none of them counts, because a restart would not know them.
async fn make_safe(core: &Rc<Core>, topics: &mut [DeleteRecordsTopicResult]) {
    let moved: Vec<_> = topics
        .iter_mut()
        .flat_map(|topic| &mut topic.partitions)
        .filter(|partition| partition.error_code.is_none())
        .collect();
    if moved.is_empty() || ask_core(core, CONTROLLER, WriteCheckpoint).await == Some(true) {
        return;
    }
    for partition in moved {
        *partition = deletion_error(partition.partition_index, ErrorCode::KafkaStorageError);
    }
}

impl Question for RecordsToDelete {
    /// Moves the starts of this core's partitions.
    async fn answer_here(self, core: Rc<Core>) -> Vec<DeletedRecords> {
        let jobs = self.0.into_iter().map(|(topic, asked)| delete(&core, topic, asked));
        join_bounded(jobs, PARTITIONS_CUTTING).await
    }
}

async fn delete(core: &Core, topic: Uuid, asked: DeleteRecordsPartition) -> DeletedRecords {
    let index = asked.partition_index;
    let moved = match core.topics.own(&topic, index) {
        Ok(partition) => delete_before(&partition, asked.offset).await,
        Err(error) => Err(error.code()),
    };
    match moved {
        Ok(start) => {
            DeletedRecords { partition_index: index, low_watermark: start.get(), error_code: ErrorCode::None }
        }
        Err(code) => deletion_error(index, code),
    }
}

async fn delete_before(partition: &Partition, offset: i64) -> Result<Offset, ErrorCode> {
    if partition.config().cleanup_policy == CleanupPolicy::Compact {
        return Err(ErrorCode::PolicyViolation);
    }
    // All that was acknowledged before may be deleted.
    partition.settled().await.map_err(|error| error.code())?;
    let end = partition.high_watermark();
    let offset = if offset == HIGH_WATERMARK { Some(end) } else { Offset::new(offset) };
    let Some(offset) = offset.filter(|offset| *offset <= end) else {
        return Err(ErrorCode::OffsetOutOfRange);
    };
    let storage_failed = |error: std::io::Error| {
        tracing::error!(partition = %partition.name(), %error, "cannot delete records");
        ErrorCode::KafkaStorageError
    };
    // A log must never begin behind what its segments hold on the medium: a power cut leaves no more of them than that.
    if partition.synced_end() < offset {
        partition.sync().await.map_err(storage_failed)?;
    }
    partition.advance_log_start(offset).await.map_err(storage_failed)
}

fn deletion_error(partition_index: i32, error_code: ErrorCode) -> DeleteRecordsPartitionResult {
    DeleteRecordsPartitionResult { partition_index, low_watermark: -1, error_code }
}
