//! What became of what the journals held of a partition when it was opened: plain values.

use crate::directory::TopicPartition;
use crate::offset::Offset;

/// What a start did with what the journals hold of a partition. Records are counted by their offsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Batches that were appended.
    pub batches: u64,
    /// The records in them.
    pub appended: u64,
    /// Records that the log had, or does not need any more.
    pub present: u64,
    /// Records that were not appended.
    pub left_out: u64,
    /// Why not.
    pub stop: Option<ReplayStop>,
}

/// Why no more of the journal is appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayStop {
    /// The log has another batch at this offset.
    #[error("the log has another batch at offset {0}: something else wrote to it since")]
    Differs(Offset),
    /// Nothing is known of the offsets from the log's end to this one.
    #[error("nothing is known of the offsets from the log's end to {0}")]
    Gap(Offset),
    /// The batch that should begin here is none.
    #[error("the batch at offset {0} is damaged in the journal")]
    Damaged(Offset),
}

impl ReplayStop {
    pub(crate) fn tell(&self, name: &TopicPartition, end: Offset) {
        match self {
            Self::Differs(offset) => tracing::error!(
                partition = %name, %offset, %end,
                "the journal holds another batch than the log: the log stays as it is"
            ),
            Self::Gap(offset) => tracing::error!(
                partition = %name, from = %end, to = %offset,
                "batches are lost: the log ends before what the journal holds, so that is not appended"
            ),
            Self::Damaged(offset) => tracing::error!(
                partition = %name, %offset, %end,
                "a batch in the journal is damaged: it and what follows is not appended"
            ),
        }
    }
}
