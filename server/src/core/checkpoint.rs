//! How far partitions are safe, and where they start. Core 0 asks every core, and writes the answers down.

use std::rc::Rc;

use creel_engine::{CheckpointFiles, CheckpointPart, JournalEnd};
use creel_io::{pace_tenth, spawn};

use super::{Core, Question, ask_all_cores};
use crate::peers::questions::{CheckpointOfCore, TakeCheckpoint, WriteCheckpoint};
use crate::tasks::join::join_bounded;

impl Question for TakeCheckpoint {
    /// How far this core's partitions are safe; closes them first if the broker stops.
    async fn answer_here(self, core: Rc<Core>) -> CheckpointOfCore {
        let mut is_sound = match self {
            Self::Running => true,
            Self::Stopping => close_all(&core).await,
        };
        let mut part = CheckpointPart::default();
        let (mut own, mut at) = (core.topics.walk(), 0);
        while let Some(partition) = own.next(&core.topics) {
            pace_tenth(at).await;
            at += 1;
            part.add(partition.name(), partition.recovery_point(), partition.start_point());
        }
        // If a partition could not be opened, what is written down of it stays: the next start recovers it by that.
        for offline in core.topics.offline_partitions() {
            part.add(&offline.name, offline.recovery_point, offline.log_start);
            is_sound = false;
        }
        CheckpointOfCore { part, is_sound }
    }
}

/// Closes all partitions, and then the journal. Returns whether nothing was lost.
async fn close_all(core: &Core) -> bool {
    let jobs = core.topics.own_partitions().into_iter().map(|partition| async move {
        let closed = partition.close().await;
        if let Err(error) = &closed {
            tracing::error!(partition = %partition.name(), %error, "cannot close a partition cleanly");
        }
        closed.is_ok() && !partition.is_poisoned()
    });
    if !join_bounded(jobs, core.files.moving).await.into_iter().all(|is_sound| is_sound) {
        return false;
    }
    end_journal(core).await
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
    // It would stay behind, and after a clean stop others may write to the directory.
    tracing::error!(%error, "the journal was not emptied: the next start compares it with the logs");
    false
}

/// Core 0: writes down how far all partitions are safe and where they start, so that recovery has less to read.
/// Returns whether it could. What has begun is finished, even if nobody waits any more.
pub(crate) async fn write_checkpoint(core: &Rc<Core>) -> bool {
    let core = core.clone();
    spawn(async move {
        // One after the other: an older look at the partitions must not be written over a newer one.
        let _turn = core.checkpoints.lock().await;
        let all = ask_all_cores(&core, || TakeCheckpoint::Running).await;
        let written = write(&CheckpointFiles::of(&core.node.config.data_dir), all).await;
        if let Err(error) = &written {
            tracing::error!(%error, "cannot write the checkpoint");
        }
        written.is_ok()
    })
    .await
}

pub(crate) async fn write(files: &CheckpointFiles, all: Vec<CheckpointOfCore>) -> std::io::Result<()> {
    files.write(all.into_iter().map(|of_core| of_core.part).collect()).await
}
