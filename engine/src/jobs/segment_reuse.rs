//! A segment that retention drops becomes the file of the next one, so that its blocks need not be claimed again: a
//! sync over blocks that are written already costs no commit of the filesystem's journal.
//!
//! ```text
//! segment in the log -> retired -> wiped, synced, evicted -> spare -> (a roll) -> segment in the log
//!        S.log          S.log.deleted ----------------------------->    R.log
//! ```
//!
//! One spare a partition at most: that much of disk beyond retention. It never outlives a stop, a crash, idleness or a
//! full disk (a name that ends in `.deleted` is removed at a start, by Kafka too).
//!
//! What makes it safe:
//! - Only segments of the same partition are reused, and only those that retention took: all stale offsets lie before
//!   the new segment's, so that a whole stale batch never continues the log; and no stale one can be revived (`wipe`).
//!   (Bytes that a client made up inside a record, to look like a batch of a later offset just where a power cut will tear
//!   a write, are not searched for: they come from one who may append to that log anyway.)
//! - Recovery knows which segments may hold stale bytes (`recycled`, `damage`).
//! - A file with a second name is left alone: it is somebody's backup.
//! - Nobody may still be reading what is written over. A handle that was given out can be seen. What sendfile has sent
//!   can't: until the receiver takes it, it lies in the very pages of the file. So these are evicted from the page
//!   cache, which they can be only if nothing shares them. A recycled file therefore starts with no page in memory,
//!   and every write ends with its page, so that none has to be read from the disk.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;

use creel_io::fs::{File, OpenOptions};

use crate::config::CleanupPolicy;
use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::limits::{COMMIT_LINGER, RECYCLE_CACHED_PERCENT};
use crate::log::{Health, Log};
use crate::offset::Offset;
use crate::partition::Inner;
use crate::segment::Segment;
use crate::segment::checkpoints::{new_secret, write_reuse};
use crate::segment::files::remove_if_there;
use crate::segment::spare::{Spare, remove_retired, retired_path};
use crate::segment::wipe::wipe;

/// What a partition recycles.
#[derive(Debug, Default)]
pub(crate) struct Recycler {
    /// What the medium says about segments that may be recycled ones.
    recycled: Cell<Option<ReuseCheckpoint>>,
    pub(crate) spare: RefCell<Option<Spare>>,
    pub(crate) is_preparing: Cell<bool>,
    /// Tasks that work on files of this partition.
    tasks: Cell<usize>,
    has_mark_timer: Cell<bool>,
    /// Segments that began in the file of an older one.
    reused: Cell<u64>,
    /// The last segment behind which disk was claimed, or was to be (`claim`).
    claimed_behind: Cell<Option<Offset>>,
}

impl Recycler {
    pub(crate) fn reused(&self) -> u64 {
        self.reused.get()
    }

    fn is_wanting(&self) -> bool {
        !self.is_preparing.get() && self.spare.borrow().is_none()
    }

    /// Whether disk is to be claimed for the segment behind `active`: once.
    pub(crate) fn wants_claim_behind(&self, active: Offset) -> bool {
        self.is_wanting() && self.claimed_behind.replace(Some(active)) != Some(active)
    }
}

/// Counts a task for as long as it runs.
pub(crate) struct Task(Rc<Inner>);

impl Task {
    pub(crate) fn begin(inner: &Rc<Inner>) -> Self {
        inner.recycler.tasks.set(inner.recycler.tasks.get() + 1);
        Self(inner.clone())
    }

    pub(crate) fn inner(&self) -> &Rc<Inner> {
        &self.0
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.recycler.tasks.set(self.0.recycler.tasks.get() - 1);
        self.0.committed.notify_all();
    }
}

impl Inner {
    pub(crate) fn recycles(&self) -> bool {
        let config = self.config.borrow();
        config.segment_recycle
            && config.cleanup_policy == CleanupPolicy::Delete
            && self.health.get() == Health::Healthy
    }

    /// Whether a segment that retention took is worth keeping for the next one. Of several the newest is: it is the
    /// likeliest to be in memory.
    pub(crate) fn wants_file_of(&self, segment: &Segment) -> bool {
        self.recycles()
            && self.recycler.is_wanting()
            && self.doomed.borrow().len() == 1
            && !segment.is_damaged.get()
            && segment.length() * 2 >= self.config.borrow().segment_limit()
    }

    /// Makes a spare of a retired segment, or removes it.
    pub(crate) fn prepare_spare(self: &Rc<Self>, segment: Rc<Segment>) {
        self.recycler.is_preparing.set(true);
        let task = Task::begin(self);
        creel_io::spawn(async move {
            let inner = &task.0;
            let path = retired_path(&inner.directory, segment.base);
            match inner.try_prepare(&segment, &path).await {
                Ok(Some(file)) if inner.recycles() => {
                    let spare = Spare { path, file, length: segment.length(), is_stale: true };
                    *inner.recycler.spare.borrow_mut() = Some(spare);
                }
                // Without it the next segment gets a new file: nothing else is lost.
                _ => remove_retired(path, None).await,
            }
            inner.recycler.is_preparing.set(false);
        });
    }

    async fn try_prepare(&self, segment: &Segment, path: &Path) -> io::Result<Option<File>> {
        drop(segment.log.retire());
        let file = File::open(path, OpenOptions::read_write())?;
        // A hard link may be somebody's backup.
        if file.names()? != 1 {
            return Ok(None);
        }
        let length = segment.length();
        // Its headers are looked at: what is on the disk only would have to be read for that.
        let cached = file.cached_bytes()?.unwrap_or(0);
        if cached * 100 < length * RECYCLE_CACHED_PERCENT
            || !wipe(&file, segment.base, length, || self.recycles()).await?
        {
            return Ok(None);
        }
        file.sync_data().await?;
        if segment.log.is_held() {
            return Ok(None);
        }
        let evicted = file.clone();
        if !creel_io::offload(move || evicted.evict()).await? || !self.recycles() {
            return Ok(None);
        }
        self.announce().await?;
        Ok(Some(file))
    }

    /// Makes it known on the medium that the segments that begin from now on may be recycled ones.
    async fn announce(&self) -> io::Result<()> {
        while self.recycler.recycled.get().is_none() {
            let from = self.log.borrow().active().base + 1;
            let recycled = ReuseCheckpoint { from, secret: new_secret() };
            write_reuse(&self.directory, recycled).await?;
            // A segment that began meanwhile has marks of the other kind.
            if self.log.borrow().active().base < from {
                self.recycler.recycled.set(Some(recycled));
            }
        }
        Ok(())
    }

    /// The segment behind the last one, in the spare file if there is one.
    pub(crate) fn begin_segment(&self, base: Offset, now_ms: i64) -> io::Result<Segment> {
        let signer = ReuseCheckpoint::signer(self.recycler.recycled.get(), base);
        if let Some(spare) = self.recycler.spare.take() {
            let (path, is_stale) = (spare.path.clone(), spare.is_stale);
            match Segment::reuse(&self.directory, signer, now_ms, spare) {
                Ok(segment) => {
                    self.recycler.reused.set(self.recycler.reused.get() + u64::from(is_stale));
                    return Ok(segment);
                }
                Err(error) => {
                    tracing::warn!(partition = %self.name, %error, "file kept for the next segment not used");
                    remove_if_there(&path)?;
                }
            }
        }
        Segment::create(&self.directory, signer, now_ms)
    }

    /// Retention at a roll, so that it takes one segment as one begins, and its file can serve the one after.
    pub(crate) fn retain_soon(self: &Rc<Self>, now_ms: i64) {
        if !self.recycles() {
            return;
        }
        let task = Task::begin(self);
        creel_io::spawn(async move {
            if let Err(error) = task.0.retain(now_ms).await {
                tracing::error!(partition = %task.0.name, %error, "retention failed");
            }
        });
    }

    /// Writes the mark anew once nothing has followed the last sync for a while: it then says all that is durable. Where
    /// stale bytes lie behind the log's end, marks alone tell damage from a torn end.
    pub(crate) fn refresh_mark_soon(self: &Rc<Self>) {
        if !self.owes_mark() || self.recycler.has_mark_timer.replace(true) {
            return;
        }
        let task = Task::begin(self);
        creel_io::spawn(async move {
            creel_io::sleep(COMMIT_LINGER).await;
            let inner = &task.0;
            inner.recycler.has_mark_timer.set(false);
            let cursors = inner.cursors.get();
            if cursors.durable == cursors.written && inner.owes_mark() {
                inner.write_mark(&inner.log.borrow());
            }
        });
    }

    fn owes_mark(&self) -> bool {
        self.health.get() == Health::Healthy
            && self.log.borrow().active().mark_is_stale(self.cursors.get().durable)
    }

    /// A mark that can't be written costs knowledge after a crash, nothing else.
    pub(crate) fn write_mark(&self, log: &Log) {
        let durable = self.cursors.get().durable;
        if log.active().mark_is_stale(durable)
            && let Err(error) = log.active().write_mark(durable)
        {
            tracing::warn!(partition = %self.name, %error, "mark not written");
        }
    }

    /// Gives the disk of a spare back.
    pub(crate) fn discard_spare(self: &Rc<Self>) {
        if let Some(spare) = self.recycler.spare.take() {
            let task = Task::begin(self);
            creel_io::spawn(async move {
                let _task = task;
                remove_retired(spare.path, Some(spare.file)).await;
            });
        }
    }

    /// Waits for the tasks that work on retired files. The log is closed: none begins any more.
    pub(crate) async fn end_recycling(self: &Rc<Self>) {
        self.discard_spare();
        while self.recycler.tasks.get() > 0 {
            self.committed.notified().await;
        }
    }
}
