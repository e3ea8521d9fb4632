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
use crate::peers::questions::{Bounds, FetchLimits, FetchShare, FoundPartition, PartitionRead};

impl From<&FetchItem> for PartitionRead {
    fn from(wanted: &FetchItem) -> Self {
        let (offset, leader_epoch) = (Offset::new(wanted.offset), wanted.leader_epoch);
        Self { offset, bytes_max: size(wanted.bytes_max), leader_epoch }
    }
}

impl FoundPartition {
    fn new(outcome: ReadOutcome, is_full: bool) -> Self {
        let ReadOutcome { slice, high_watermark, last_stable, log_start } = outcome;
        Self { bounds: Ok(Bounds { high_watermark, last_stable, log_start, is_full }), slice }
    }

    pub(super) fn failed(error: ErrorCode) -> Self {
        Self { bounds: Err(error), slice: None }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.bounds.is_err()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bounds.is_ok_and(|bounds| bounds.is_full)
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.slice.as_ref().map_or(0, |slice| slice.length as usize)
    }

    /// `None`: it could not be read.
    pub(super) fn seen(&self) -> Option<Seen> {
        let Bounds { high_watermark, log_start, .. } = self.bounds.ok()?;
        Some(Seen { high_watermark, log_start })
    }

    pub(super) fn state(&self) -> PartitionState {
        PartitionState {
            has_failed: self.has_failed(),
            has_records: self.size_bytes() > 0,
            high_watermark: self.bounds.map_or(-1, |bounds| bounds.high_watermark.get()),
            log_start: self.bounds.map_or(-1, |bounds| bounds.log_start.get()),
        }
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
        let Some(offset) = read.offset else {
            return FoundPartition::failed(ErrorCode::OffsetOutOfRange);
        };
        let FetchLimits { isolation, bytes_max, files_max, has_some } = self.limits;
        let bytes_max = if has_some && files_max == 0 { 0 } else { read.bytes_max.min(bytes_max) };
        match partition.read(offset, isolation, bytes_max, !has_some).await {
            Ok(outcome) => {
                let end = match isolation {
                    Isolation::HighWatermark => outcome.high_watermark,
                    Isolation::LastStable => outcome.last_stable,
                };
                let is_full = outcome.slice.is_none() && offset < end;
                let found = FoundPartition::new(outcome, is_full);
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
