//! What a log does when nobody asks: roll by age, drop what retention no longer keeps, forget idle producers, let go of
//! idle files. The policy returns a value; one executor acts on it.

use std::io;
use std::rc::Rc;

use creel_io::fs;

use crate::config::{CleanupPolicy, LogConfig};
use crate::error::AppendError;
use crate::log::{Cursors, Health, Log};
use crate::offset::Offset;
use crate::partition::{Inner, Partition};
use crate::segment::Segment;
use crate::segment::files::{remove_segment, write_snapshot};
use crate::segment::lazy_file::remove_off_core;
use crate::segment::spare::retire_files;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// Nothing.
    Nothing,
    /// The active segment is old enough to be closed.
    Roll,
    /// Everything before this offset may go.
    DropBefore(Offset),
}

impl Partition {
    /// Does what is due at `now_ms` (wall clock). Returns the last thing it did.
    pub async fn upkeep(&self, now_ms: i64) -> io::Result<Upkeep> {
        let inner = self.inner();
        if inner.check_open().is_err() {
            return Ok(Upkeep::Nothing);
        }
        inner.load_largest(now_ms).await?;
        inner.rest(now_ms);
        let due =
            decide(&inner.log.borrow(), &inner.config.borrow(), inner.cursors.get().high_watermark, now_ms);
        match due {
            Upkeep::Nothing => {}
            Upkeep::Roll => inner.roll_now(now_ms),
            Upkeep::DropBefore(offset) => inner.drop_expired(offset).await?,
        }
        Ok(due)
    }

    /// Closes the active segment and begins the next, however small it is. Returns where that begins: what was appended
    /// until now lies in whole segments in front of it.
    pub fn roll(&self) -> Result<Offset, AppendError> {
        let inner = self.inner();
        inner.check_open()?;
        if inner.is_cutting.get() {
            return Err(AppendError::DiskFull);
        }
        let mut log = inner.log.borrow_mut();
        inner.write_staged(&mut log)?;
        if !log.active().is_empty() {
            inner.roll(&mut log, creel_io::wall_clock_ms())?;
        }
        let begins = log.active().base;
        drop(log);
        inner.start_commit();
        Ok(begins)
    }

    /// Moves the log's start to `offset` (DeleteRecords, retention); whole segments before it are removed.
    /// Never beyond the high watermark. Returns where the log starts now.
    pub async fn advance_log_start(&self, offset: Offset) -> io::Result<Offset> {
        self.inner().drop_before(offset).await?;
        Ok(self.log_start())
    }
}

/// What is due for a log. Segments go oldest first, only if all of them is committed; the active one is rolled before
/// it may go.
fn decide(log: &Log, config: &LogConfig, high_watermark: Offset, now_ms: i64) -> Upkeep {
    let sealed = &log.segments[..log.segments.len() - 1];
    let end_of = |at: usize| log.segments[at + 1].base;
    let mut size = log.size_bytes();
    let mut keep_from = None;
    if config.cleanup_policy != CleanupPolicy::Compact {
        for (at, segment) in sealed.iter().enumerate() {
            let too_much = config.retention_bytes.is_some_and(|most| size - segment.length() >= most);
            if !(too_much || is_too_old(segment, config, now_ms)) || end_of(at) > high_watermark {
                break;
            }
            size -= segment.length();
            keep_from = Some(end_of(at));
        }
    }
    match keep_from {
        Some(offset) => Upkeep::DropBefore(offset),
        None if must_roll(log.active(), config, now_ms) => Upkeep::Roll,
        None => Upkeep::Nothing,
    }
}

fn is_too_old(segment: &Segment, config: &LogConfig, now_ms: i64) -> bool {
    let (Some(retention_ms), Some(newest_ms)) = (config.retention_ms, segment.newest_ms()) else {
        return false;
    };
    let age = now_ms.saturating_sub(newest_ms);
    age > i64::try_from(retention_ms).unwrap_or(i64::MAX)
}

fn must_roll(active: &Segment, config: &LogConfig, now_ms: i64) -> bool {
    let age = now_ms.saturating_sub(active.created_ms);
    let is_due = age > i64::try_from(config.segment_ms).unwrap_or(i64::MAX);
    let expired = config.cleanup_policy != CleanupPolicy::Compact && is_too_old(active, config, now_ms);
    !active.is_empty() && (is_due || expired)
}

impl Inner {
    /// Reads the largest timestamps that retention asks about: the oldest segments', up to one that stays.
    async fn load_largest(&self, now_ms: i64) -> io::Result<()> {
        let sealed: Vec<Rc<Segment>> = {
            let log = self.log.borrow();
            log.segments[..log.segments.len() - 1].to_vec()
        };
        for segment in sealed {
            match self.largest(&segment).await {
                // It was dropped meanwhile.
                Err(_) if segment.is_gone.get() => continue,
                known => known?,
            };
            if !is_too_old(&segment, &self.config.borrow(), now_ms) {
                break;
            }
        }
        Ok(())
    }

    fn roll_now(self: &Rc<Self>, now_ms: i64) {
        let mut log = self.log.borrow_mut();
        if self.write_staged(&mut log).is_ok() {
            // A failure shows in the log's health.
            let _ = self.roll(&mut log, now_ms);
        }
        drop(log);
        self.start_commit();
    }

    /// Drops what retention no longer keeps, of what is durable.
    pub(crate) async fn retain(self: &Rc<Self>, now_ms: i64) -> io::Result<()> {
        self.load_largest(now_ms).await?;
        let cursors = self.cursors.get();
        let limit = cursors.high_watermark.min(cursors.durable);
        let due = decide(&self.log.borrow(), &self.config.borrow(), limit, now_ms);
        match due {
            Upkeep::DropBefore(offset) => self.drop_expired(offset).await,
            Upkeep::Nothing | Upkeep::Roll => Ok(()),
        }
    }

    /// Where the partition is closed meanwhile there is nothing to look after any more.
    async fn drop_expired(self: &Rc<Self>, offset: Offset) -> io::Result<()> {
        match self.drop_before(offset).await {
            Err(_) if self.is_closed() => Ok(()),
            dropped => dropped,
        }
    }

    async fn drop_before(self: &Rc<Self>, offset: Offset) -> io::Result<()> {
        self.make_safe_before(offset).await?;
        let mut cursors = self.cursors.get();
        cursors.log_start = cursors.log_start.max(offset.min(cursors.high_watermark));
        self.is_touched.set(true);
        self.cursors.set(cursors);
        cursors.check_invariants();
        self.watch.start_moved();
        let gone = self.take_segments_before(cursors.log_start);
        self.doomed.borrow_mut().extend(gone);
        while self.is_removing.get() {
            self.committed.notified().await;
        }
        if self.is_closed() {
            // Deleted meanwhile: a new partition may have the directory's name, and segments that are called the same.
            return Err(io::Error::other("the partition is closed"));
        }
        self.is_removing.set(true);
        let _removing = Removing(self);
        self.remove_doomed().await
    }

    /// Whole segments go only once they are durable: a crash that brings one back must not bring it back torn, with what
    /// it said about producers gone. Only relaxed durability makes a difference here.
    async fn make_safe_before(self: &Rc<Self>, offset: Offset) -> io::Result<()> {
        let frees_segment = self.log.borrow().segments.get(1).is_some_and(|second| second.base <= offset);
        if frees_segment && self.cursors.get().durable < offset && !self.sync_now().await {
            return Err(io::Error::other("the log's storage failed"));
        }
        if frees_segment && self.lacks_snapshot.get() { self.write_missing_snapshot().await } else { Ok(()) }
    }

    /// The first segments are all that tells of their producers until this is there, or a roll has left another one.
    async fn write_missing_snapshot(&self) -> io::Result<()> {
        let Cursors { next, durable, .. } = self.cursors.get();
        if next != durable {
            return Err(io::Error::other(
                "a producer snapshot is missing: retention waits for a quiet moment or a roll",
            ));
        }
        let encoded = self.log.borrow().producers.to_snapshot();
        write_snapshot(&self.directory, next, &encoded)?.sync_data().await?;
        fs::sync_dir(&self.directory).await?;
        self.lacks_snapshot.set(false);
        Ok(())
    }

    /// Removes segments strictly oldest first: one task at a time.
    async fn remove_doomed(self: &Rc<Self>) -> io::Result<()> {
        if self.doomed.borrow().is_empty() {
            return Ok(());
        }
        // What the removed batches said about producers must be safe in the next segment's snapshot.
        while self.side_jobs.get() > 0 {
            self.committed.notified().await;
        }
        self.write_start().await?;
        if self.health.get() == Health::Poisoned {
            return Err(io::Error::other("the log's storage failed"));
        }
        // The names of what stays are made safe first, and each removal before the next: whatever a crash brings
        // back, the log has no hole and its offsets go on.
        fs::sync_dir(&self.directory).await?;
        while let Some(segment) = self.oldest_doomed() {
            // More may have joined meanwhile. A start that finds the first segment gone must know that it was to go.
            if !self.write_start().await? {
                return Ok(());
            }
            let (directory, base) = (self.directory.clone(), segment.base);
            let is_kept = self.wants_file_of(&segment);
            let take_away = if is_kept { retire_files } else { remove_segment };
            let last_handle = segment.log.retire();
            remove_off_core(last_handle, move || take_away(&directory, base)).await?;
            fs::sync_dir(&self.directory).await?;
            self.doomed.borrow_mut().pop_front();
            if is_kept {
                self.prepare_spare(segment);
            }
        }
        Ok(())
    }

    fn oldest_doomed(&self) -> Option<Rc<Segment>> {
        self.doomed.borrow().front().cloned()
    }

    fn take_segments_before(&self, log_start: Offset) -> Vec<Rc<Segment>> {
        let mut log = self.log.borrow_mut();
        if log.epochs.truncate_start(log_start) {
            self.epochs_changed.set(true);
        }
        let keep = log.segments.partition_point(|segment| segment.base <= log_start).saturating_sub(1);
        let gone: Vec<Rc<Segment>> = log.segments.drain(..keep).collect();
        for segment in &gone {
            segment.is_gone.set(true);
            segment.is_damaged.set(log.bad_ranges.iter().any(|bad| bad.segment == segment.base));
        }
        let is_gone = |base: Offset| gone.iter().any(|segment| segment.base == base);
        self.side_files_due.borrow_mut().retain(|base| !is_gone(*base));
        log.bad_ranges.retain(|bad| !is_gone(bad.segment));
        gone
    }

    /// Lets go of what an idle log does not need: descriptors, index memory, buffers, forgotten producers.
    fn rest(self: &Rc<Self>, now_ms: i64) {
        let expiry = i64::try_from(self.config.borrow().producer_id_expiration_ms).unwrap_or(i64::MAX);
        let mut log = self.log.borrow_mut();
        log.producers.expire(now_ms.saturating_sub(expiry));
        log.staging.rest();
        let (active, sealed) = match log.segments.split_last() {
            Some((active, sealed)) => (active, sealed),
            None => return,
        };
        let due = self.side_files_due.borrow();
        sealed.iter().filter(|segment| !due.contains(&segment.base)).for_each(|segment| segment.rest());
        let cursors = self.cursors.get();
        if cursors.next == cursors.durable && self.is_idle.replace(true) {
            active.log.close();
            self.discard_spare();
        }
    }
}

/// Lets the next task remove segments, also when this one was dropped or failed.
struct Removing<'a>(&'a Inner);

impl Drop for Removing<'_> {
    fn drop(&mut self) {
        self.0.is_removing.set(false);
        self.0.committed.notify_all();
    }
}
