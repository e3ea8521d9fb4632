//! What core 0 asks of every core: how far it is, how far its partitions are safe, and to finish.

use creel_engine::{CheckpointPart, JournalCounts, JournalStatus, NotDurable};
use creel_io::CoreId;

/// See [`super::AnyQuestion::Progress`].
pub(crate) struct ReadProgress;

/// How far a start is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) partitions: usize,
    pub(crate) opened: usize,
    pub(crate) bytes: u64,
    pub(crate) recovered: u64,
}

/// See [`super::AnyQuestion::Stages`].
pub(crate) struct ReadStages;

/// See [`super::AnyQuestion::BeginJournal`].
pub(crate) struct BeginJournal {
    /// Which life of the journals this is.
    pub(crate) generation: u64,
}

/// See [`super::AnyQuestion::Durability`].
pub(crate) struct ReadDurability;

/// What a core's partitions have written and not made durable.
pub(crate) struct DurabilityOfCore {
    pub(crate) core: CoreId,
    /// How many partitions have any.
    pub(crate) partitions: u64,
    pub(crate) not_durable: NotDurable,
    pub(crate) journal: JournalOfCore,
}

/// What a core's journal does, and has done since the start.
pub(crate) struct JournalOfCore {
    pub(crate) status: JournalStatus,
    pub(crate) counts: JournalCounts,
}

/// See [`super::AnyQuestion::Quiesce`].
pub(crate) struct Quiesce;

/// See [`super::AnyQuestion::Checkpoint`].
pub(crate) enum TakeCheckpoint {
    /// The partitions stay open.
    Running,
    /// The broker stops: each partition is closed first.
    Stopping,
}

/// How far a core's partitions are known to be on the medium, and where they begin.
pub(crate) struct CheckpointOfCore {
    pub(crate) part: CheckpointPart,
    /// Whether all of them are whole: nothing was lost.
    pub(crate) is_sound: bool,
}

/// See [`super::AnyQuestion::WriteCheckpoint`].
pub(crate) struct WriteCheckpoint;
