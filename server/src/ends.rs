//! Partitions whose ends are asked about. What was acknowledged when the question came counts in the answer, and what a
//! power cut can take back is told to nobody: so the answer waits until what is written by then is durable.

use creel_engine::{Partition, Settling};
use creel_wire::{ErrorCode, Uuid};

use crate::core::Core;
use crate::epochs::read_error;

/// A partition of this core that settles. All partitions of a request begin before the first of them is waited for, so
/// that their syncs run side by side.
pub(crate) struct Asked {
    partition: Partition,
    settling: Option<Settling>,
}

impl Asked {
    /// Has what is written of a partition synced, if its end is what the question is about.
    pub(crate) fn begin(
        core: &Core,
        topic: &Uuid,
        index: i32,
        is_about_end: bool,
    ) -> Result<Self, ErrorCode> {
        let partition = core.topics.own(topic, index)?;
        let settling = is_about_end.then(|| partition.settle()).flatten();
        Ok(Self { partition, settling })
    }

    /// The partition, once that is done.
    pub(crate) async fn settled(self) -> Result<Partition, ErrorCode> {
        if let Some(settling) = self.settling {
            settling.done().await.map_err(|error| read_error(&error))?;
        }
        Ok(self.partition)
    }
}
