//! Reading partitions for a fetch, on the core that owns them.

use std::rc::Rc;

use creel_engine::{Isolation, Offset, Partition, ReadError, ReadOutcome, Seen};
use creel_io::pace;
use creel_wire::ErrorCode;

use crate::answers::KafkaError;
use crate::api::leader_epochs::check_epoch;
use crate::core::{Core, Question};
use crate::fetch_sessions::fetch_list::FetchItem;
use crate::fetch_sessions::sessions::PartitionState;
use crate::peers::questions::{FetchLimits, FetchShare, FoundPartition, PartitionRead};

impl From<&FetchItem> for PartitionRead {
    fn from(wanted: &FetchItem) -> Self {
        let (offset, leader_epoch) = (Offset(wanted.offset), wanted.leader_epoch);
        Self { offset, bytes_max: size(wanted.bytes_max), leader_epoch }
    }
}

impl FoundPartition {
    pub(super) fn failed(error: ErrorCode) -> Self {
        let unknown = Offset(-1);
        Self {
            error,
            high_watermark: unknown,
            last_stable: unknown,
            log_start: unknown,
            slice: None,
            is_full: false,
        }
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.slice.as_ref().map_or(0, |slice| slice.length as usize)
    }

    pub(super) fn seen(&self) -> Seen {
        Seen { high_watermark: self.high_watermark, log_start: self.log_start }
    }

    pub(super) fn state(&self) -> PartitionState {
        PartitionState {
            has_failed: !self.error.is_none(),
            has_records: self.size_bytes() > 0,
            high_watermark: self.high_watermark.0,
            log_start: self.log_start.0,
        }
    }
}

impl From<ReadOutcome> for FoundPartition {
    fn from(outcome: ReadOutcome) -> Self {
        let ReadOutcome { slice, high_watermark, last_stable, log_start } = outcome;
        Self { error: ErrorCode::None, high_watermark, last_stable, log_start, slice, is_full: false }
    }
}

impl Question for FetchShare {
    /// Reads this core's share for another core.
    async fn answer_here(self, core: Rc<Core>) -> Vec<FoundPartition> {
        let mut budget = Budget::new(&core, self.limits);
        let mut found = Vec::with_capacity(self.partitions.len());
        for (topic, index, read) in self.partitions {
            found.push(match core.topics.own(&topic, index) {
                Ok(partition) => budget.read(&partition, read).await,
                Err(error) => FoundPartition::failed(error.code()),
            });
            pace(1).await;
        }
        found
    }
}

/// Bytes that a core may still add.
pub(super) struct Budget {
    limits: FetchLimits,
    is_stopping: bool,
}

impl Budget {
    pub(super) fn new(core: &Core, limits: FetchLimits) -> Self {
        Self { limits, is_stopping: core.stopping.has_begun() }
    }

    pub(super) async fn read(&mut self, partition: &Partition, read: PartitionRead) -> FoundPartition {
        if let Err(error) = check_epoch(partition, read.leader_epoch) {
            return FoundPartition::failed(error);
        }
        let FetchLimits { isolation, bytes_max, files_max, has_some } = self.limits;
        let bytes_max = if has_some && files_max == 0 { 0 } else { read.bytes_max.min(bytes_max) };
        match partition.read(read.offset, isolation, bytes_max, !has_some).await {
            Ok(outcome) => {
                let mut found = FoundPartition::from(outcome);
                let end = match isolation {
                    Isolation::HighWatermark => found.high_watermark,
                    Isolation::LastStable => found.last_stable,
                };
                found.is_full = found.slice.is_none() && read.offset < end;
                self.limits.has_some |= found.slice.is_some();
                self.limits.files_max = files_max.saturating_sub(usize::from(found.slice.is_some()));
                self.limits.bytes_max = self.limits.bytes_max.saturating_sub(found.size_bytes());
                found
            }
            // A partition that is closed while the broker goes on belongs to a topic that was deleted.
            Err(ReadError::Closed) if !self.is_stopping => {
                FoundPartition::failed(ErrorCode::UnknownTopicOrPartition)
            }
            Err(error) => FoundPartition::failed(error.code()),
        }
    }
}

/// A size from the wire; a negative one asks for nothing.
pub(super) fn size(bytes: i32) -> usize {
    usize::try_from(bytes).unwrap_or(0)
}
