//! What is asked about the logs of another core's partitions. Answers are in the order of what was asked about.

use creel_wire::api::delete_records::{DeleteRecordsPartition, DeleteRecordsPartitionResult};
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsPartitionResponse};
use creel_wire::api::offset_for_leader_epoch::OffsetForLeaderPartition;
use creel_wire::{Str, Uuid};

/// Partitions of one core to ask about offsets.
pub(crate) struct OffsetLookup {
    pub(crate) read_committed: bool,
    pub(crate) partitions: Vec<(Uuid, ListOffsetsPartition)>,
}

/// What was found for one of them.
pub(crate) type OffsetsFound = ListOffsetsPartitionResponse;

/// Partitions of one core to ask about the ends of epochs.
pub(crate) struct EpochLookup(pub(crate) Vec<(Uuid, OffsetForLeaderPartition)>);

/// Partitions of one core whose records are to go.
pub(crate) struct RecordsToDelete(pub(crate) Vec<(Uuid, DeleteRecordsPartition)>);

/// What became of one of them.
pub(crate) type DeletedRecords = DeleteRecordsPartitionResult;

/// See [`super::AnyQuestion::Measure`].
pub(crate) struct MeasurePartitions;

/// The size of a partition in bytes, by topic and index.
pub(crate) type PartitionSize = (Str, i32, u64);
