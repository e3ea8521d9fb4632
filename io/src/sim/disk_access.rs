//! What all operations on a node's disk have in common: the faults that hit them, how much of them is done, and a power
//! cut after one of them.
//!
//! Owns nothing: the node owns the faults and the disk. Must not know open files.

use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use super::disk::Ino;
use super::environment::SimContext;
use super::faults::Operation;
use super::world::Loss;

/// A write that is cut short ends at a page boundary.
const PAGE: u64 = 4096;
/// How often a sync that is held checks whether it may end.
const HELD_STEP: Duration = Duration::from_millis(1);

impl SimContext {
    /// Counts an operation that changed the disk. The power may be cut after it.
    pub(crate) fn count_operation(&self) {
        if self.node.is_alive() && self.node.faults.borrow_mut().count() {
            self.world.crash(self.id(), Loss::Power);
        }
    }

    pub(crate) fn check_path(&self, path: &Path) -> io::Result<()> {
        self.node.faults.borrow().check_path(path)
    }

    pub(crate) fn check_fault(&self, path: &Path, operation: Operation) -> io::Result<()> {
        self.node.faults.borrow_mut().device_mut(path).check(operation, &self.world.chance.disk)
    }

    /// Waits as long as the device under `path` takes to have something on the medium: for a time within the range,
    /// unless the device has a time of its own, and while it is held.
    pub(super) async fn wait_for_medium(&self, path: &Path, range: &RangeInclusive<Duration>) {
        let own = self.node.faults.borrow().device(path).sync_latency.clone();
        self.pause(own.as_ref().unwrap_or(range)).await;
        while self.node.faults.borrow().device(path).syncs_held {
            self.pause(&(HELD_STEP..=HELD_STEP)).await;
        }
    }

    pub(super) fn touch(&self, ino: Ino) {
        self.node.disk.borrow_mut().touch(ino, self.world.wall_clock_ms());
    }

    /// How much of `length` an operation moves: all of it, or sometimes less, but never nothing.
    pub(super) fn cut_short(&self, length: usize) -> usize {
        let rng = &self.world.chance.disk;
        if length > 1 && rng.chance(self.world.config.disk.short) {
            1 + rng.up_to(length - 2)
        } else {
            length
        }
    }

    /// The same for a write. The kernel copies page by page, so a short write ends at a page boundary.
    pub(super) fn cut_short_at_page(&self, position: u64, length: usize) -> usize {
        let short = self.cut_short(length);
        let page_end = (position + short as u64) / PAGE * PAGE;
        if short < length && page_end > position { (page_end - position) as usize } else { length }
    }
}
