//! The end: stop accepting, finish what was begun, make everything durable, say that the stop was clean.
//!
//! Core 0 leads (see `start`); each core does its part when asked.

use std::io;
use std::rc::Rc;

use creel_engine::{CheckpointFiles, LastStop};
use creel_io::timeout;

use crate::core::checkpoint::write;
use crate::core::{Core, Question, ask_all_cores};
use crate::limits::STOP_GRACE;
use crate::metadata::{JournalsMark, MetaProperties};
use crate::peers::questions::{Quiesce, TakeCheckpoint};

impl Question for Quiesce {
    /// Takes no more requests, and waits a while for the replies that are owed.
    async fn answer_here(self, core: Rc<Core>) {
        core.stopping.begin();
        core.coordinators.stop_folding();
        let ended = async {
            while !core.net.connections.is_empty() {
                core.net.connections.ended.notified().await;
            }
        };
        if timeout(STOP_GRACE, ended).await.is_err() {
            core.net.connections.close_all();
        }
    }
}

/// Core 0: the whole stop. Returns how it went.
pub(crate) async fn stop(core: &Rc<Core>) -> LastStop {
    tracing::info!("stopping");
    ask_all_cores(core, || Quiesce).await;
    let _turn = core.checkpoints.lock().await;
    let all = ask_all_cores(core, || TakeCheckpoint::Stopping).await;
    let is_clean = all.iter().all(|of_core| of_core.is_sound) && seal_metadata(core).await;
    let files = CheckpointFiles::of(&core.node.config.data_dir);
    let written = write(&files, all).await;
    let marked = match (written, is_clean) {
        (Ok(()), true) => mark_clean(core, &files).await,
        (written, _) => written,
    };
    if let Err(error) = &marked {
        tracing::error!(%error, "cannot write the checkpoint");
    }
    if is_clean && marked.is_ok() { LastStop::Clean } else { LastStop::Unclean }
}

/// Everything is in the segments: from now on anybody who knows Kafka's files may open the directory.
async fn mark_clean(core: &Core, files: &CheckpointFiles) -> io::Result<()> {
    MetaProperties::mark_journals(&core.node.config.data_dir, &JournalsMark::Unused).await?;
    files.mark_clean_shutdown().await
}

/// Core 0: makes what is written down of topics complete. Returns whether that was possible.
async fn seal_metadata(core: &Core) -> bool {
    // Without it the start has failed.
    let Some(controller) = core.controller() else { return true };
    let sealed = controller.seal().await;
    if let Err(error) = &sealed {
        tracing::error!(%error, "cannot seal the metadata journal");
    }
    sealed.is_ok()
}
