//! How far partitions are safe, and where they start. Core 0 asks every core, and writes the answers down.

use std::rc::Rc;

use creel_engine::{Checkpoint, CheckpointFiles, JournalEnd, Offset};
use creel_io::spawn;

use super::{Core, Question, ask_all_cores};
use crate::peers::questions::{RecoveryPoint, TakeCheckpoint, WriteCheckpoint};
use crate::tasks::join::join_bounded;
use crate::topics::Offline;

impl Question for TakeCheckpoint {
    /// How far this core's partitions are safe; closes them first if the broker stops.
    async fn answer_here(self, core: Rc<Core>) -> Vec<RecoveryPoint> {
        let this = &self;
        let jobs = core.topics.own_partitions().into_iter().map(|partition| async move {
            let closed = match this {
                Self::Running => Ok(()),
                Self::Stopping => partition.close().await,
            };
            if let Err(error) = &closed {
                tracing::error!(partition = %partition.name(), %error, "cannot close a partition cleanly");
            }
            RecoveryPoint {
                partition: partition.name().clone(),
                durable: partition.recovery_point(),
                log_start: partition.start_point(),
                is_sound: closed.is_ok() && !partition.is_poisoned(),
            }
        });
        let mut points = join_bounded(jobs, core.files.moving).await;
        let is_whole = points.iter().all(|point| point.is_sound);
        if matches!(self, Self::Stopping) && is_whole && !end_journal(&core).await {
            // It would stay behind, and after a clean stop others may write to the directory.
            points.iter_mut().for_each(|point| point.is_sound = false);
        }
        points.extend(core.topics.offline_partitions().into_iter().map(kept));
        points
    }
}

impl Question for WriteCheckpoint {
    async fn answer_here(self, core: Rc<Core>) -> bool {
        write_checkpoint(&core).await
    }
}

/// Ends the core's journal. Returns whether no start will look into it again.
async fn end_journal(core: &Core) -> bool {
    let error = match core.turn_writer.end_journal().await {
        Ok(JournalEnd::Void) => return true,
        Ok(JournalEnd::StillThere(error)) if core.node.config.journal_dir.is_some() => {
            // After a clean stop the data directory names no other directory, so nobody reads this one.
            tracing::error!(%error, "the journal was not emptied: nothing in it is needed any more");
            return true;
        }
        Ok(JournalEnd::StillThere(error)) | Err(error) => error,
    };
    tracing::error!(%error, "the journal was not emptied: the next start compares it with the logs");
    false
}

/// If a partition could not be opened, what is written down of it stays: the next start recovers it by that.
fn kept(offline: Offline) -> RecoveryPoint {
    let Offline { name, recovery_point, log_start } = offline;
    RecoveryPoint { partition: name, durable: recovery_point, log_start, is_sound: false }
}

/// Core 0: writes down how far all partitions are safe and where they start, so that recovery has less to read.
/// Returns whether it could. What has begun is finished, even if nobody waits any more.
pub(crate) async fn write_checkpoint(core: &Rc<Core>) -> bool {
    let core = core.clone();
    spawn(async move {
        // One after the other: an older look at the partitions must not be written over a newer one.
        let _turn = core.checkpoints.lock().await;
        let points = ask_all_cores(&core, || TakeCheckpoint::Running).await;
        let points: Vec<_> = points.into_iter().flatten().collect();
        let written = write(&CheckpointFiles::of(&core.node.config.data_dir), &points).await;
        if let Err(error) = &written {
            tracing::error!(%error, "cannot write the checkpoint");
        }
        written.is_ok()
    })
    .await
}

pub(crate) async fn write(files: &CheckpointFiles, points: &[RecoveryPoint]) -> std::io::Result<()> {
    let mut checkpoint = Checkpoint::default();
    for point in points {
        checkpoint.recovery_points.insert(point.partition.clone(), point.durable);
        if point.log_start > Offset::ZERO {
            checkpoint.log_starts.insert(point.partition.clone(), point.log_start);
        }
    }
    files.write(&checkpoint).await
}
