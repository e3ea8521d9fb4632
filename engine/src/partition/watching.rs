//! Watches partitions: a watcher that waits for many of them is told which one moved.

use crate::jobs::hw_waiters::{Seen, Watcher};
use crate::partition::state::Health;
use crate::partition::{Partition, commit};

impl Watcher {
    /// Watches a partition. The watcher is told once: when the high watermark or the log's start is no longer as in
    /// `seen`, or the partition is closed. A partition whose storage failed never moves again, so it is not watched.
    /// Dropping the returned value ends the watch.
    pub fn watch(&self, partition: &Partition, seen: Seen, number: u32) -> Watching {
        let state = partition.state();
        let health = state.health.get();
        // A truncation moves both of them back.
        if partition.seen() != seen || health == Health::Closed {
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

/// A watched partition. The watch lasts as long as this is kept.
#[derive(Debug, Default)]
pub struct Watching(Option<(Partition, u64)>);

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some((partition, key)) = self.0.take() {
            partition.state().hw_waiters.borrow_mut().forget(key);
        }
    }
}
