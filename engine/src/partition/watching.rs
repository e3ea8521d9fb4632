//! Watching a partition: whoever waits for many of them is told which one moved.

use crate::jobs::hw_waiters::{Seen, Watcher};
use crate::partition::state::Health;
use crate::partition::{Partition, commit};

impl Watcher {
    /// Watches a partition, to be told once: when its high watermark or its start are no longer as seen, or it is
    /// closed. One whose storage failed never moves again, and is not watched. Dropping what this returns ends it.
    pub fn watch(&self, partition: &Partition, seen: Seen, number: u32) -> Watching {
        let state = partition.state();
        let now = partition.seen();
        let has_moved = now.high_watermark > seen.high_watermark || now.log_start > seen.log_start;
        let health = state.health.get();
        if has_moved || health == Health::Closed {
            self.tell(number);
            return Watching(None);
        }
        if health == Health::Poisoned {
            return Watching(None);
        }
        let key = state.hw_waiters.borrow_mut().watch(seen.high_watermark, self, number);
        commit::start(state);
        Watching(Some((partition.clone(), key)))
    }
}

/// A partition that is watched for as long as this is kept.
#[derive(Debug, Default)]
pub struct Watching(Option<(Partition, u64)>);

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some((partition, key)) = self.0.take() {
            partition.state().hw_waiters.borrow_mut().forget(key);
        }
    }
}
