//! Directories of deleted partitions that could not be removed. Their topic is gone. They are tried again from time
//! to time, so that they do not take up disk for good.

use std::cell::RefCell;

use creel_engine::TopicPartition;
use creel_wire::Uuid;

/// Those of one core.
#[derive(Default)]
pub(crate) struct PendingRemovals(RefCell<Vec<PendingRemoval>>);

/// One of them.
pub(super) struct PendingRemoval {
    pub(super) name: TopicPartition,
    pub(super) topic: Uuid,
}

impl PendingRemovals {
    pub(super) fn add(&self, name: TopicPartition, topic: Uuid) {
        self.0.borrow_mut().push(PendingRemoval { name, topic });
    }

    /// All of them. A caller that could not remove one adds it again.
    pub(super) fn take(&self) -> Vec<PendingRemoval> {
        self.0.take()
    }
}
