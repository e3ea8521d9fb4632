//! The end of a partition's time on a core: closed cleanly, or deleted.

use std::io;
use std::rc::Rc;

use creel_io::fs::{self, File};

use crate::directory::{FileKind, segment_path};
use crate::log::Health;
use crate::partition::{Inner, Partition};
use crate::recover::log_directory::mark_deleted;
use crate::segment::Segment;
use crate::segment::checkpoints::{remove_reuse, write_bad_ranges, write_epochs};
use crate::segment::files::write_indexes;
use crate::segment::lazy_file::remove_off_core;

impl Partition {
    /// Writes and syncs everything, cuts the files to their length, and leaves indexes and snapshot as Kafka's tools
    /// expect them. On an error the log directory must not be marked as cleanly shut down.
    pub async fn close(&self) -> io::Result<()> {
        let inner = self.inner();
        while inner.health.get() == Health::Healthy && !inner.is_settled() {
            self.sync().await?;
            inner.side_jobs_done().await;
        }
        let before = inner.health.replace(Health::Closed);
        inner.stop_commit_timer();
        inner.watch.wake_all();
        inner.end_recycling().await;
        match before {
            Health::Healthy if !inner.is_touched.get() => Ok(()),
            Health::Healthy => inner.close_files().await,
            Health::Closed => Ok(()),
            Health::Poisoned => Err(io::Error::other("the log's storage failed")),
        }
    }

    /// Removes the partition and its files. A crash in between leaves a directory that says so by its name.
    pub async fn delete(&self) -> io::Result<()> {
        let inner = self.inner();
        inner.health.set(Health::Closed);
        inner.stop_commit_timer();
        inner.watch.wake_all();
        inner.side_jobs_done().await;
        inner.end_recycling().await;
        let deleted = mark_deleted(&inner.name, &inner.directory).await?;
        let last_handles = inner.retire_all();
        remove_off_core(last_handles, move || fs::remove_dir_all(&deleted)).await
    }
}

impl Inner {
    fn is_settled(&self) -> bool {
        let cursors = self.cursors.get();
        cursors.next == cursors.durable && !self.is_committing.get() && self.side_jobs.get() == 0
    }

    /// Waits for the tasks that write into the directory: another partition of that name may follow.
    async fn side_jobs_done(&self) {
        while self.is_committing.get() || self.side_jobs.get() > 0 || self.is_removing.get() {
            self.committed.notified().await;
        }
    }

    /// Whatever comes of it, the files are closed behind it: a stop goes through any number of partitions.
    async fn close_files(&self) -> io::Result<()> {
        let written = self.write_final_files().await;
        self.log.borrow().segments.iter().for_each(|segment| segment.log.close());
        written
    }

    async fn write_final_files(&self) -> io::Result<()> {
        let (active, epochs, bad, snapshot): (Rc<Segment>, _, _, _) = {
            let log = self.log.borrow();
            let snapshot = log.producers.to_snapshot();
            (log.active().clone(), log.epochs.clone(), log.bad_ranges.clone(), snapshot)
        };
        active.cut_to_length()?;
        active.log.get()?.sync_all().await?;
        write_indexes(&self.directory, &active, true).await?;
        // The one that is replaced may be the only copy of what it says.
        let snapshot_path =
            segment_path(&self.directory, self.cursors.get().next, FileKind::ProducerSnapshot);
        fs::write_atomically(&snapshot_path, &snapshot).await?;
        write_epochs(&self.directory, epochs.entries()).await?;
        write_bad_ranges(&self.directory, &bad).await?;
        // Every file ends with its batches now.
        remove_reuse(&self.directory)?;
        fs::sync_dir(&self.directory).await
    }

    fn retire_all(&self) -> Vec<File> {
        self.log.borrow().segments.iter().filter_map(|segment| segment.log.retire()).collect()
    }
}
