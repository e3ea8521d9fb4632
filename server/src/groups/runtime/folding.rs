//! When a partition of `__consumer_offsets` is folded, so that it stays small. It is folded once it is several times
//! as large as its live records. A new segment is begun, every live record is written there once more, and when that
//! is durable the segments before it are deleted.
//!
//! Offsets are committed and read meanwhile. After a crash at any moment a start reads the same from the log: either
//! the segments before are there, or all that is live lies behind them (`groups::fold`).

use std::cell::Cell;

use creel_engine::Partition;

use crate::groups::Coordinator;
use crate::limits::{FOLD_BYTES_MIN, FOLD_FACTOR};

/// Where it stands with folding.
pub(super) struct Folding(Cell<FoldState>);

#[derive(Clone, Copy)]
enum FoldState {
    /// It begins once the partition has this size in bytes.
    Idle {
        due_at: u64,
    },
    UnderWay,
    /// For good.
    Stopped,
}

impl Folding {
    /// A log with something that was not understood is never folded: folding would lose it.
    pub(super) fn after_load(partition: &Partition, coordinator: &Coordinator) -> Self {
        let due_at = due_at(partition, coordinator.live_bytes());
        if coordinator.can_fold() {
            return Self(Cell::new(FoldState::Idle { due_at }));
        }
        if partition.size_bytes() >= due_at {
            tracing::warn!(
                partition = %partition.name(),
                "the partition holds records that Creel does not understand: it cannot be compacted, and grows"
            );
        }
        Self(Cell::new(FoldState::Stopped))
    }

    /// Begins, if a partition of this size is to be folded.
    pub(super) fn begin_if_due(&self, size_bytes: u64) -> bool {
        let is_due = matches!(self.0.get(), FoldState::Idle { due_at } if size_bytes >= due_at);
        if is_due {
            self.0.set(FoldState::UnderWay);
        }
        is_due
    }

    /// It is over, until the partition has this size.
    pub(super) fn end(&self, due_at: u64) {
        if matches!(self.0.get(), FoldState::UnderWay) {
            self.0.set(FoldState::Idle { due_at });
        }
    }

    pub(super) fn stop(&self) {
        self.0.set(FoldState::Stopped);
    }

    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.0.get(), FoldState::Stopped)
    }
}

/// The size from which it is worth it, while so many bytes are live.
pub(super) fn due_at(partition: &Partition, live_bytes: u64) -> u64 {
    let least = FOLD_BYTES_MIN.min(partition.config().segment_bytes);
    least.max(live_bytes.saturating_mul(FOLD_FACTOR))
}
