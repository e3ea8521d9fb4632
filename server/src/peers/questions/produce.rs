//! Batches for the partitions of another core.

use creel_engine::{Ack, AppendError, Awaits, Batch, PendingAck};
use creel_wire::Uuid;

use crate::topics::image::PartitionError;

/// What an append waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acks {
    None,
    Leader,
    All,
}

impl Acks {
    /// As a request says it.
    pub(crate) fn read(acks: i16) -> Option<Self> {
        match acks {
            0 => Some(Self::None),
            1 => Some(Self::Leader),
            -1 => Some(Self::All),
            _ => None,
        }
    }

    /// How far an append is waited for.
    pub(crate) fn awaits(self) -> Awaits {
        match self {
            Self::None | Self::Leader => Awaits::Written,
            Self::All => Awaits::Durable,
        }
    }

    pub(crate) async fn wait(self, pending: &PendingAck) -> Result<Ack, AppendError> {
        match self {
            Self::None | Self::Leader => pending.written().await,
            Self::All => pending.durable().await,
        }
    }
}

/// Batches for the partitions of one other core.
pub(crate) struct ProduceShare {
    pub(crate) acks: Acks,
    pub(crate) batches: Vec<(Uuid, i32, Batch)>,
}

/// What became of one of them.
pub(crate) type ShareOutcome = Result<Ack, ShareError>;

/// Why a batch was not appended.
#[derive(Clone, Debug)]
pub(crate) enum ShareError {
    /// There is no such partition here, or it cannot be used.
    Partition(PartitionError),
    /// The core that was asked has ended.
    Unanswered,
    /// The log has refused it.
    Append(AppendError),
}
