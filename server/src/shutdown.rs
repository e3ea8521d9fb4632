//! The end: stop accepting, finish what was begun, make everything durable, say that the stop was clean.
//!
//! Core 0 leads (see `start`); each core does its part when asked.

use std::rc::Rc;
use std::time::Duration;

use creel_engine::{Checkpoint, CheckpointFiles, Offset};
use creel_io::{spawn, timeout};

use crate::core::Core;
use crate::limits::STOP_GRACE_MS;
use crate::messages::{Message, Quiesce, RecoveryPoint, TakeCheckpoint};
use crate::race::all;
use crate::route;
use crate::topics::Offline;

/// Takes no more requests, and waits a while for the replies that are owed.
pub(crate) async fn quiesce(core: &Rc<Core>) {
    core.stopping.begin();
    core.coordinators.stop_folding();
    let ended = async {
        while !core.connections.is_empty() {
            core.connections.ended.notified().await;
        }
    };
    if timeout(Duration::from_millis(STOP_GRACE_MS), ended).await.is_err() {
        core.connections.close_all();
    }
}

/// How far this core's partitions are safe; closes them first if asked to.
pub(crate) async fn checkpoint(core: &Rc<Core>, close: bool) -> Vec<RecoveryPoint> {
    let jobs = core.topics.own_partitions().into_iter().map(|partition| async move {
        let closed = if close { partition.close().await } else { Ok(()) };
        if let Err(error) = &closed {
            tracing::error!(partition = %partition.name(), %error, "cannot close a partition cleanly");
        }
        RecoveryPoint {
            partition: partition.name().clone(),
            durable: partition.recovery_point(),
            log_start: partition.log_start(),
            is_sound: closed.is_ok() && !partition.is_poisoned(),
        }
    });
    let mut points = all(jobs, core.files.moving).await;
    points.extend(core.topics.offline_partitions().into_iter().map(kept));
    points
}

/// What is written down of a partition that could not be opened stays as it is: the next start recovers it by that.
fn kept(offline: Offline) -> RecoveryPoint {
    let Offline { name, recovery_point, log_start } = offline;
    RecoveryPoint { partition: name, durable: recovery_point, log_start, is_sound: false }
}

/// Core 0: the whole stop. Whether it was clean.
pub(crate) async fn stop(core: &Rc<Core>) -> bool {
    tracing::info!("stopping");
    route::call_all(core, || Quiesce).await;
    let _turn = core.checkpoints.enter().await;
    let points: Vec<_> =
        route::call_all(core, || TakeCheckpoint { close: true }).await.into_iter().flatten().collect();
    let is_clean = points.iter().all(|point| point.is_sound) && seal_metadata(core).await;
    let files = CheckpointFiles::of(&core.node.config.data_dir);
    let written = write(&files, &points).await;
    let marked = match (written, is_clean) {
        (Ok(()), true) => files.mark_clean_shutdown().await,
        (written, _) => written,
    };
    if let Err(error) = &marked {
        tracing::error!(%error, "cannot write the checkpoint");
    }
    is_clean && marked.is_ok()
}

/// Core 0: makes what is written down of topics complete. Whether that was possible.
async fn seal_metadata(core: &Core) -> bool {
    // Without it the start has failed.
    let Some(controller) = core.controller() else { return true };
    let sealed = controller.seal().await;
    if let Err(error) = &sealed {
        tracing::error!(%error, "cannot seal the metadata journal");
    }
    sealed.is_ok()
}

/// Core 0: has every core end.
pub(crate) async fn exit(core: &Rc<Core>) {
    for to in core.node.all_cores().filter(|to| *to != core.id) {
        core.mailbox.send(to, Message::Exit).await;
    }
}

/// Core 0: writes down how far all partitions are safe, so that recovery has less to look through, and where they start.
/// Whether it could. What has begun is finished, also when nobody waits any more.
pub(crate) async fn write_checkpoint(core: &Rc<Core>) -> bool {
    let core = core.clone();
    spawn(async move {
        // One after the other: an older look at the partitions must not be written over a newer one.
        let _turn = core.checkpoints.enter().await;
        let points = route::call_all(&core, || TakeCheckpoint { close: false }).await;
        let points: Vec<_> = points.into_iter().flatten().collect();
        let written = write(&CheckpointFiles::of(&core.node.config.data_dir), &points).await;
        if let Err(error) = &written {
            tracing::error!(%error, "cannot write the checkpoint");
        }
        written.is_ok()
    })
    .await
}

async fn write(files: &CheckpointFiles, points: &[RecoveryPoint]) -> std::io::Result<()> {
    let mut checkpoint = Checkpoint::default();
    for point in points {
        checkpoint.recovery_points.insert(point.partition.clone(), point.durable);
        if point.log_start > Offset::ZERO {
            checkpoint.log_starts.insert(point.partition.clone(), point.log_start);
        }
    }
    files.write(&checkpoint).await
}
