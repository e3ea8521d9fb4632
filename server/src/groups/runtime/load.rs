//! A start: the log of a partition of `__consumer_offsets` is read into its coordinator.

use creel_engine::{Isolation, LoggedBatch, Partition};

use crate::groups::Coordinator;
use crate::limits::COORDINATOR_READ_BYTES;
use crate::offsets::BatchContent;

/// Reads the partition's log into its coordinator, a piece at a time.
pub(super) async fn load(partition: &Partition, coordinator: &mut Coordinator) -> Result<(), String> {
    let mut from = partition.log_start();
    while from < partition.high_watermark() {
        let read = partition.read(from, Isolation::HighWatermark, COORDINATOR_READ_BYTES, true).await;
        let Some(slice) = read.map_err(|error| error.to_string())?.slice else { break };
        let bytes = slice.file.read_exact_at(slice.position, slice.length as usize).await;
        let mut bytes = bytes.map_err(|error| error.to_string())?.freeze();
        // The last batch of what was read may be cut: the next read begins with it.
        while let Some(batch) = LoggedBatch::split_from(&mut bytes).map_err(|error| error.to_string())? {
            from = batch.header().end_offset();
            replay(partition, coordinator, &batch);
        }
    }
    Ok(())
}

/// A batch that cannot be read is reported and left out: the others are worth having.
fn replay(partition: &Partition, coordinator: &mut Coordinator, batch: &LoggedBatch) {
    let problem = match BatchContent::read(batch) {
        Ok(content) => coordinator.replay(content).err().map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(problem) = problem {
        coordinator.replay_failed();
        let offset = batch.header().base_offset;
        tracing::error!(partition = %partition.name(), %offset, %problem, "a batch of group records is damaged, and ignored");
    }
}
