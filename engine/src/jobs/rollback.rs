//! A write that failed is taken back: offsets, producers' sequences, and what it may have left in the file.
//!
//! Where the disk is full that makes the log as it was, and the next append may have its room. But some of the refused
//! write's sectors may lie on the medium already. A crash that loses sectors of a later write there would bring these
//! back, and recovery, which finds neither what was written last nor what lay there before (`damage`), would take a torn
//! end for damage. So nothing is written behind the cut, and nobody is told of it, before the cut is on the medium.

use std::io;
use std::rc::Rc;

use crate::error::{AppendError, has_no_descriptor, is_disk_full, no_room};
use crate::log::Log;
use crate::log::staging::Turn;
use crate::partition::Inner;
use crate::segment::Segment;

impl Inner {
    /// Takes back what staging did. Those who wait for it are yet to be told.
    pub(crate) fn undo_staged(&self, log: &mut Log) -> Rc<Turn> {
        while let Some(undo) = log.staging.undo.pop() {
            log.producers.undo(undo);
        }
        let mut cursors = self.cursors.get();
        cursors.next = cursors.written;
        self.cursors.set(cursors);
        log.staging.take()
    }

    /// Takes back what staging did, and cuts off what a failed write may have left in the file.
    pub(crate) fn give_up_staged(
        self: &Rc<Self>,
        log: &mut Log,
        active: Rc<Segment>,
        error: &io::Error,
    ) -> AppendError {
        let turn = self.undo_staged(log);
        let cut = active.cut_to_length();
        if has_no_descriptor(error) {
            // The file was not touched.
            turn.finish(Err(AppendError::NoDescriptor));
        } else if is_disk_full(error) && cut.is_ok() {
            self.make_cut_safe(active, turn);
        } else {
            self.poison("write", error);
            turn.finish(Err(AppendError::Storage));
            return AppendError::Storage;
        }
        tracing::warn!(partition = %self.name, %error, "append refused");
        // The next append may have its room.
        self.discard_spare();
        no_room(error)
    }

    /// Syncs a file that was cut, and then refuses the appends of `turn`.
    fn make_cut_safe(self: &Rc<Self>, cut: Rc<Segment>, turn: Rc<Turn>) {
        self.is_cutting.set(true);
        self.side_jobs.set(self.side_jobs.get() + 1);
        let inner = self.clone();
        creel_io::spawn(async move {
            let synced = async { cut.log.get()?.sync_data().await };
            let refusal = match synced.await {
                Ok(()) => AppendError::DiskFull,
                Err(error) => {
                    inner.poison("sync", &error);
                    AppendError::Storage
                }
            };
            inner.is_cutting.set(false);
            turn.finish(Err(refusal));
            inner.side_jobs.set(inner.side_jobs.get() - 1);
            inner.committed.notify_all();
        });
    }
}
