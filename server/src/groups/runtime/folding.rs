//! Keeps a partition of `__consumer_offsets` small: once it is some times as large as what is live in it, a new segment is
//! begun, everything live is written there once more, and when that is durable the segments before go.
//!
//! Offsets are committed and read meanwhile. A crash at any moment leaves an end of the log from which a start reads the
//! same: either the segments before are there, or all that is live lies behind them (`groups::fold`).

use std::cell::Cell;
use std::rc::Rc;

use creel_engine::Partition;
use creel_io::{spawn, yield_now};

use super::hosted::{Hosted, clock};
use crate::groups::{Coordinator, FoldStep};
use crate::limits::{FOLD_BYTES_MIN, FOLD_FACTOR};

/// When a partition is folded.
pub(super) struct Folding {
    is_under_way: Cell<bool>,
    is_stopped: Cell<bool>,
    /// The size in bytes from which it is to be folded.
    due_at: Cell<u64>,
}

impl Folding {
    /// A log in which something was not understood is never folded: that would be lost.
    pub(super) fn after_load(partition: &Partition, coordinator: &Coordinator) -> Self {
        let due_at = due_at(partition, coordinator.live_bytes());
        let can_fold = coordinator.can_fold();
        if !can_fold && partition.size_bytes() >= due_at {
            tracing::warn!(
                partition = %partition.name(),
                "records that are not understood: the partition is kept as it is, and grows"
            );
        }
        let (is_under_way, is_stopped) = (Cell::new(false), Cell::new(!can_fold));
        Self { is_under_way, is_stopped, due_at: Cell::new(due_at) }
    }

    pub(super) fn stop(&self) {
        self.is_stopped.set(true);
    }
}

/// The size from which it is worth it, while so many bytes are live.
fn due_at(partition: &Partition, live_bytes: u64) -> u64 {
    let least = FOLD_BYTES_MIN.min(partition.config().segment_bytes);
    least.max(live_bytes.saturating_mul(FOLD_FACTOR))
}

impl Hosted {
    /// Begins to fold if the log has grown enough.
    pub(super) fn fold_if_due(self: &Rc<Self>) {
        let folding = &self.folding;
        let is_due = self.partition.size_bytes() >= folding.due_at.get();
        if is_due && !folding.is_stopped.get() && !folding.is_under_way.replace(true) {
            spawn(self.clone().fold_once());
        }
    }

    async fn fold_once(self: Rc<Self>) {
        let due_at = match self.fold().await {
            Ok(live_bytes) => due_at(&self.partition, live_bytes),
            // The broker stops, or the topic is deleted.
            Err(_) if self.folding.is_stopped.get() || self.is_closed.get() => return,
            Err(error) => {
                tracing::warn!(partition = %self.partition.name(), error, "committed offsets are not folded now");
                // Tried again when there is more of it.
                self.partition.size_bytes().saturating_add(due_at(&self.partition, 0))
            }
        };
        self.folding.due_at.set(due_at);
        self.folding.is_under_way.set(false);
    }

    /// The number of bytes that were live; nothing is known of them where the broker stops meanwhile.
    async fn fold(self: &Rc<Self>) -> Result<u64, String> {
        let from = self.partition.roll().map_err(|error| error.to_string())?;
        self.coordinator.borrow_mut().begin_fold(from.0);
        let live = loop {
            if self.folding.is_stopped.get() || self.is_closed.get() {
                return Ok(0);
            }
            let settled = self.settled.notified();
            let (outputs, step) = self.coordinator().fold(clock());
            self.carry_out(outputs);
            match step {
                FoldStep::More => yield_now().await,
                FoldStep::Waits => settled.await,
                FoldStep::Done(live) => break live,
                FoldStep::Failed(error) => return Err(format!("{error:?}")),
            }
        };
        // Where durability is relaxed the copies may be in the page cache alone.
        self.partition.sync().await.map_err(|error| error.to_string())?;
        self.partition.advance_log_start(from).await.map_err(|error| error.to_string())?;
        Ok(live)
    }
}
