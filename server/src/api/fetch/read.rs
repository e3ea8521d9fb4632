//! Reading partitions for a fetch, on the core that owns them.

use std::rc::Rc;

use creel_engine::{Isolation, Offset, Partition, ReadError, ReadOutcome, Seen};
use creel_io::fs::FileSlice;
use creel_io::pace;
use creel_wire::{ErrorCode, Uuid};

use super::size;
use crate::answers::KafkaError;
use crate::core::Core;
use crate::epochs::check_epoch;
use crate::sessions::News;
use crate::wanted::Wanted;

/// What to read of one partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    offset: Offset,
    bytes_max: usize,
    leader_epoch: i32,
}

impl From<&Wanted> for Read {
    fn from(wanted: &Wanted) -> Self {
        let (offset, leader_epoch) = (Offset(wanted.offset), wanted.leader_epoch);
        Self { offset, bytes_max: size(wanted.bytes_max), leader_epoch }
    }
}

/// What may yet be added to a fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) isolation: Isolation,
    pub(super) bytes_max: usize,
    /// Files that may yet be opened.
    pub(super) files_max: usize,
    /// Some partition has records already.
    pub(super) has_some: bool,
}

/// What to read of the partitions of one other core.
pub(crate) struct FetchShare {
    pub(super) limits: Limits,
    pub(super) partitions: Vec<(Uuid, i32, Read)>,
}

/// What was found in a partition.
#[derive(Clone, Debug)]
pub(crate) struct FoundPartition {
    pub(super) error: ErrorCode,
    pub(super) high_watermark: Offset,
    pub(super) last_stable: Offset,
    pub(super) log_start: Offset,
    pub(super) slice: Option<FileSlice>,
    /// There are records, and the limits left no room for any.
    pub(super) is_full: bool,
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

    pub(super) fn news(&self) -> News {
        News {
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

/// Reads this core's share for another core.
pub(crate) async fn read_share(core: &Rc<Core>, share: FetchShare) -> Vec<FoundPartition> {
    let mut budget = Budget::new(core, share.limits);
    let mut found = Vec::with_capacity(share.partitions.len());
    for (topic, index, read) in share.partitions {
        found.push(match core.topics.own(&topic, index) {
            Ok(partition) => budget.read(&partition, read).await,
            Err(error) => FoundPartition::failed(error.code()),
        });
        pace(1).await;
    }
    found
}

/// Bytes that a core may still add.
pub(super) struct Budget {
    limits: Limits,
    is_stopping: bool,
}

impl Budget {
    pub(super) fn new(core: &Core, limits: Limits) -> Self {
        Self { limits, is_stopping: core.stopping.has_begun() }
    }

    pub(super) async fn read(&mut self, partition: &Partition, read: Read) -> FoundPartition {
        if let Err(error) = check_epoch(partition, read.leader_epoch) {
            return FoundPartition::failed(error);
        }
        let Limits { isolation, bytes_max, files_max, has_some } = self.limits;
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
