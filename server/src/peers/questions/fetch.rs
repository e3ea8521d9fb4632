//! What is to be read, or watched, of the partitions of another core.

use creel_engine::{Isolation, Offset, Seen};
use creel_io::fs::FileSlice;
use creel_wire::{ErrorCode, Uuid};

/// What to read of one partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartitionRead {
    /// `None`: the client asked for a number that is no offset.
    pub(crate) offset: Option<Offset>,
    pub(crate) bytes_max: usize,
    /// -1: none is believed in.
    pub(crate) leader_epoch: i32,
}

/// What may yet be added to a fetch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchLimits {
    pub(crate) isolation: Isolation,
    pub(crate) bytes_max: usize,
    /// Files that may yet be opened.
    pub(crate) files_max: usize,
    /// Some partition has records already.
    pub(crate) has_some: bool,
}

/// What to read of the partitions of one other core.
pub(crate) struct FetchShare {
    pub(crate) limits: FetchLimits,
    pub(crate) partitions: Vec<(Uuid, i32, PartitionRead)>,
}

/// What was found in a partition.
#[derive(Clone, Debug)]
pub(crate) struct FoundPartition {
    pub(crate) bounds: Result<Bounds, ErrorCode>,
    pub(crate) slice: Option<FileSlice>,
}

/// What a reader is told of a log's ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) high_watermark: Offset,
    pub(crate) last_stable: Offset,
    pub(crate) log_start: Offset,
    /// There are records, and the limits left no room for any.
    pub(crate) is_full: bool,
}

/// Partitions of one core that another wants to hear of, each with what the other has seen of it, if it
/// could be read.
pub(crate) struct WatchShare {
    pub(crate) partitions: Vec<(Uuid, i32, Option<Seen>)>,
}
