//! From staged to written to durable.
//!
//! One task per core and turn writes every partition that was appended to, each with one `pwritev`; then each starts
//! its group commit: at most one sync in flight per partition, covering everything that was written before it began.
//! What is written meanwhile waits for the next one, so the busier the log, the more acks one sync pays for.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;

use creel_io::Instant;
use creel_io::fs::{self, File};

use crate::config::Durability;
use crate::error::{AppendError, is_disk_full, no_room};
use crate::fault_points::{self, Bug};
use crate::limits::COMMIT_LINGER;
use crate::log::epochs::LeaderEpochs;
use crate::log::producers::AppendOrigin;
use crate::log::{Health, Log, Place};
use crate::offset::Offset;
use crate::partition::Inner;
use crate::partition::append_times::AppendTimes;
use crate::recover::progress::Recovered;
use crate::segment::Segment;
use crate::segment::checkpoints::{remove_epochs, write_epochs};
use crate::segment::files::{remove_indexes, remove_snapshot, write_indexes, write_snapshot};
use crate::segment::open_files::OpenFiles;

/// Writes the appends of one core's partitions at the end of each turn. One per core; clones share.
#[derive(Clone, Debug, Default)]
pub struct Flusher {
    dirty: Rc<RefCell<Vec<Rc<Inner>>>>,
    times: Option<Rc<AppendTimes>>,
    /// What else the partitions of a core share.
    pub(crate) open_files: Rc<OpenFiles<Inner>>,
    pub(crate) recovered: Recovered,
}

impl Flusher {
    /// A flusher for this core.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flusher that notes how long appends take.
    pub fn timed(times: Rc<AppendTimes>) -> Self {
        Self { times: Some(times), ..Self::default() }
    }

    /// The same, with its partitions together keeping so many active segments open between two appends, and so many
    /// sealed ones between two reads. Appends to further partitions wait until one of them has been closed.
    #[must_use]
    pub fn keeping_open(self, active_segments: usize, sealed_segments: usize) -> Self {
        Self { open_files: Rc::new(OpenFiles::at_most(active_segments, sealed_segments)), ..self }
    }

    /// Bytes of segments that recoveries have gone through so far: see [`crate::OpenLog::bytes_to_recover`].
    pub fn recovered_bytes(&self) -> u64 {
        self.recovered.bytes()
    }

    pub(crate) fn times(&self) -> Option<&AppendTimes> {
        self.times.as_deref()
    }

    /// When a batch was staged, where that is to be known.
    pub(crate) fn stage_time(&self, origin: AppendOrigin) -> Option<Instant> {
        self.times().filter(|_| origin == AppendOrigin::Client).map(|_| creel_io::now())
    }

    /// The end of a write: its batches were staged at `staged`.
    pub(crate) fn wrote(&self, staged: &mut Vec<Instant>) -> Option<Instant> {
        let times = self.times().filter(|_| !staged.is_empty())?;
        let at = creel_io::now();
        staged.drain(..).for_each(|since| times.write.record_nanos(at.nanos_since(since)));
        Some(at)
    }

    /// Has `partition` written at the end of this turn.
    pub(crate) fn add(&self, partition: &Rc<Inner>) {
        if partition.is_dirty.replace(true) {
            return;
        }
        let mut dirty = self.dirty.borrow_mut();
        dirty.push(partition.clone());
        if dirty.len() == 1 {
            creel_io::spawn(write_all(self.dirty.clone()));
        }
    }
}

async fn write_all(dirty: Rc<RefCell<Vec<Rc<Inner>>>>) {
    creel_io::end_of_turn().await;
    let partitions = std::mem::take(&mut *dirty.borrow_mut());
    let mut waiting = Vec::new();
    for partition in &partitions {
        if partition.may_open() { partition.write_turn() } else { waiting.push(partition) }
    }
    for partition in waiting {
        partition.make_room_to_open().await;
        partition.write_turn();
    }
}

impl Inner {
    fn write_turn(self: &Rc<Self>) {
        self.is_dirty.set(false);
        // A failure has been told to everyone who waits for these appends.
        let _ = self.write_staged(&mut self.log.borrow_mut());
        self.start_commit();
    }

    /// Writes what is staged. All of it is written, or none of it ever was.
    pub(crate) fn write_staged(self: &Rc<Self>, log: &mut Log) -> Result<(), AppendError> {
        if log.staging.is_empty() {
            return Ok(());
        }
        if let Err(refusal) = self.check_open() {
            self.undo_staged(log).finish(Err(refusal));
            return Err(refusal);
        }
        let active = log.active().clone();
        let total = log.staging.total();
        let end = active.end_position() + total;
        let durable = self.cursors.get().durable;
        let tail = active.tail(durable, end);
        log.staging.push_tail(&tail);
        let file = self.active_file(&active);
        if let Err(error) = file.and_then(|file| log.staging.write_with(|pieces| active.write(&file, pieces)))
        {
            return Err(self.give_up_staged(log, active, &error));
        }
        active.note_mark(durable);
        let at = self.flusher.wrote(&mut log.staging.staged_at);
        self.note_written(log, &active);
        self.claim_next_soon(&active);
        let turn = log.staging.take();
        turn.written_at.set(at);
        turn.finish(Ok(()));
        Ok(())
    }

    fn note_written(&self, log: &mut Log, active: &Segment) {
        let interval = self.config.borrow().index_interval_bytes;
        for batch in &log.staging.batches {
            active.note(batch, interval);
            log.recent.push(batch);
        }
        log.mark_unsynced();
        self.is_idle.set(false);
        self.is_touched.set(true);
        let mut cursors = self.cursors.get();
        cursors.written = cursors.next;
        self.cursors.set(cursors);
        let is_ahead = fault_points::has(Bug::HighWatermarkAheadOfDurability);
        if self.durability() != Durability::GroupCommit || is_ahead {
            self.raise_high_watermark(cursors.written, log.end_place());
        }
    }

    /// Closes the active segment and begins the next. Nothing is staged.
    pub(crate) fn roll(self: &Rc<Self>, log: &mut Log, now_ms: i64) -> Result<(), AppendError> {
        debug_assert!(log.staging.is_empty());
        let base = self.cursors.get().written;
        let sealed = log.active().clone();
        let (next, snapshot) = match self.begin_next(log, &sealed, base, now_ms) {
            Ok(begun) => begun,
            Err(error) if is_disk_full(&error) => {
                // The next append may have its room.
                self.discard_spare();
                return Err(no_room(&error));
            }
            Err(error) => {
                self.poison("roll", &error);
                return Err(AppendError::Storage);
            }
        };
        // The sealed file's new length must be safe before anything relies on where it ends.
        log.mark_unsynced();
        let next = Rc::new(next);
        self.note_opened(&next);
        log.segments.push(next);
        // The sealed segment's mark was cut off with its end.
        self.write_mark(log);
        self.retain_soon(now_ms);
        self.is_touched.set(true);
        log.directory_unsynced = true;
        log.recent.clear();
        self.side_files_due.borrow_mut().push(sealed.base);
        self.lacks_snapshot.set(false);
        self.side_jobs.set(self.side_jobs.get() + 1);
        let inner = self.clone();
        creel_io::spawn(async move { inner.make_side_files_safe(&sealed, &snapshot).await });
        Ok(())
    }

    /// The files of the next segment. Its producer snapshot is one of them: once retention takes the batches before it,
    /// nothing else tells what they said about producers, so that a segment does not begin without room for it.
    fn begin_next(
        &self,
        log: &Log,
        sealed: &Segment,
        base: Offset,
        now_ms: i64,
    ) -> io::Result<(Segment, File)> {
        sealed.cut_to_length()?;
        let snapshot = write_snapshot(&self.directory, base, &log.producers.to_snapshot())?;
        match self.begin_segment(base, now_ms) {
            Ok(next) => Ok((next, snapshot)),
            Err(error) => {
                let _ = remove_snapshot(&self.directory, base);
                Err(error)
            }
        }
    }

    /// Indexes are never the only copy of anything: a failure costs a longer start. A snapshot that the medium may not
    /// hold is as bad as a batch.
    async fn make_side_files_safe(&self, sealed: &Segment, snapshot: &File) {
        let indexes = write_indexes(&self.directory, sealed, true).await;
        match (indexes, snapshot.sync_data().await) {
            (Ok(()), Ok(())) => self.side_files_due.borrow_mut().retain(|base| *base != sealed.base),
            (_, Err(error)) => self.poison("sync of the producer snapshot", &error),
            (Err(error), Ok(())) => {
                tracing::warn!(log = %sealed.log.path().display(), %error, "indexes not written");
            }
        }
        if sealed.is_gone.get() {
            // Retention removes segments oldest first; the log file is not ours to take out of that order.
            let _ = remove_indexes(&self.directory, sealed.base);
        }
        self.side_jobs.set(self.side_jobs.get() - 1);
        self.committed.notify_all();
    }

    /// Declares the log unfit for appends, for good: what the medium holds is unknown until recovery has looked.
    pub(crate) fn poison(&self, what: &str, error: &io::Error) {
        tracing::error!(partition = %self.name, %error, "{what} failed: the log refuses appends until restart");
        if self.health.get() == Health::Healthy {
            self.health.set(Health::Poisoned);
        }
        self.watch.wake_all();
    }

    pub(crate) fn durability(&self) -> Durability {
        self.config.borrow().durability()
    }

    /// Starts a sync if one is due and none is in flight.
    pub(crate) fn start_commit(self: &Rc<Self>) {
        if self.is_committing.get() || self.health.get() != Health::Healthy {
            return;
        }
        let cursors = self.cursors.get();
        let unsynced = cursors.written - cursors.durable;
        if unsynced == 0 {
            return;
        }
        match self.durability() {
            Durability::GroupCommit if self.is_awaited() => self.commit(),
            // Nobody is served sooner by a sync now, and syncs slow writes down.
            Durability::GroupCommit => self.commit_after(COMMIT_LINGER),
            Durability::Relaxed { records, .. } if records.is_some_and(|most| unsynced as u64 >= most) => {
                self.commit();
            }
            Durability::Relaxed { after: Some(after), .. } => self.commit_after(after),
            Durability::Relaxed { after: None, .. } => {}
        }
    }

    /// Whether someone waits for the high watermark.
    fn is_awaited(&self) -> bool {
        self.durable_tickets.get() > 0 || !self.watch.is_empty()
    }

    /// Starts a sync in a task of its own, so that it ends whatever becomes of those who wait; what was written
    /// meanwhile is looked at when it is back.
    fn commit(self: &Rc<Self>) {
        self.is_committing.set(true);
        let inner = self.clone();
        creel_io::spawn(async move {
            inner.sync_once().await;
            inner.is_committing.set(false);
            inner.committed.notify_all();
            inner.start_commit();
            inner.refresh_mark_soon();
        });
    }

    fn commit_after(self: &Rc<Self>, after: core::time::Duration) {
        if let Some(timer) = self.commit_timer.take() {
            self.commit_timer.set(Some(timer));
            return;
        }
        let inner = self.clone();
        let timer = creel_io::spawn(async move {
            creel_io::sleep(after).await;
            inner.commit_timer.take();
            inner.sync_now().await;
        });
        self.commit_timer.set(Some(timer));
    }

    /// Nothing waits for its sync by the clock any more.
    pub(crate) fn stop_commit_timer(&self) {
        if let Some(timer) = self.commit_timer.take() {
            timer.abort();
        }
    }

    /// `flush.messages` or `flush.ms` are others now. What is written is synced at once, which is never too late for the
    /// new ones; and where the high watermark follows the write now, it follows to what is written already.
    pub(crate) fn durability_changed(self: &Rc<Self>) {
        self.stop_commit_timer();
        let cursors = self.cursors.get();
        if self.durability() != Durability::GroupCommit {
            let place = self.log.borrow().end_place();
            self.raise_high_watermark(cursors.written, place);
        }
        let is_due = cursors.durable < cursors.written && self.health.get() == Health::Healthy;
        if is_due && !self.is_committing.get() {
            self.commit();
        }
    }

    /// Syncs everything that is written now, whatever the topic's policy. Returns whether it is durable.
    pub(crate) async fn sync_now(self: &Rc<Self>) -> bool {
        let target = self.cursors.get().written;
        while self.cursors.get().durable < target && self.health.get() == Health::Healthy {
            if self.is_committing.get() {
                self.committed.notified().await;
            } else {
                self.commit();
            }
        }
        self.cursors.get().durable >= target
    }

    async fn sync_once(&self) {
        let work = self.take_unsynced();
        match work.run(&self.directory).await {
            Ok(epochs) => {
                self.note_epochs(epochs, work.epochs.as_ref());
                self.note_durable(work.end, work.place);
            }
            Err(error) => self.poison("sync", &error),
        }
    }

    /// Epochs that there was no room for are due again; until then the recovery point stays in front of them.
    fn note_epochs(&self, written: EpochsWritten, epochs: Option<&LeaderEpochs>) {
        let Some(epochs) = epochs else { return };
        let is_late = written == EpochsWritten::NoRoom;
        if !is_late {
            self.epochs_start.set(epochs.start());
        }
        self.epochs_lag.set(epochs.latest_start().filter(|_| is_late));
        if is_late {
            self.epochs_changed.set(true);
        }
    }

    /// Has the epochs on the medium say where the log starts now. Where there is no room for them there will be none: the
    /// next start makes them anew. `false`: the log is not what it was any more.
    pub(crate) async fn write_start(self: &Rc<Self>) -> io::Result<bool> {
        let start = self.log.borrow().epochs.start();
        let mut syncs = 0;
        while self.epochs_start.get() < start {
            if self.health.get() != Health::Healthy {
                return Ok(false);
            }
            // One that was in flight may still bring the old start.
            if self.epochs_lag.get().is_some() && (syncs > 1 || !self.is_committing.get()) {
                remove_epochs(&self.directory)?;
                fs::sync_dir(&self.directory).await?;
                self.epochs_start.set(start);
            } else if self.is_committing.get() {
                self.committed.notified().await;
                syncs += 1;
            } else {
                self.epochs_changed.set(true);
                self.commit();
            }
        }
        Ok(true)
    }

    fn take_unsynced(&self) -> Commit {
        let mut log = self.log.borrow_mut();
        Commit {
            segments: std::mem::take(&mut log.unsynced),
            directory: std::mem::take(&mut log.directory_unsynced),
            epochs: self.epochs_changed.take().then(|| log.epochs.clone()),
            end: self.cursors.get().written,
            place: log.end_place(),
        }
    }

    fn note_durable(&self, end: Offset, place: Place) {
        let mut cursors = self.cursors.get();
        cursors.durable = cursors.durable.max(end);
        self.cursors.set(cursors);
        cursors.check_invariants();
        if self.flusher.times().is_some() {
            self.sync_times.note(end, creel_io::now());
        }
        self.raise_high_watermark(end, place);
    }

    fn raise_high_watermark(&self, to: Offset, place: Place) {
        let mut cursors = self.cursors.get();
        if to <= cursors.high_watermark {
            return;
        }
        cursors.high_watermark = to;
        self.cursors.set(cursors);
        self.high_watermark_place.set(place);
        cursors.check_invariants();
        self.watch.advance(to);
    }
}

/// What one sync covers.
struct Commit {
    segments: Vec<Rc<Segment>>,
    directory: bool,
    epochs: Option<LeaderEpochs>,
    end: Offset,
    place: Place,
}

impl Commit {
    /// Oldest first, so that a crash never leaves a later batch durable without an earlier one by our doing.
    async fn run(&self, directory: &Path) -> io::Result<EpochsWritten> {
        for segment in self.segments.iter().filter(|segment| !segment.is_gone.get()) {
            segment.log.get()?.sync_data().await?;
        }
        let epochs = match &self.epochs {
            Some(epochs) => EpochsWritten::of(write_epochs(directory, epochs.entries()).await)?,
            None => EpochsWritten::Yes,
        };
        if self.directory && !fault_points::has(Bug::DirectoryNotSynced) {
            fs::sync_dir(directory).await?;
        }
        Ok(epochs)
    }
}

/// Whether the epochs that a sync covers are written down. The batches hold them too, so that they can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EpochsWritten {
    Yes,
    NoRoom,
}

impl EpochsWritten {
    fn of(outcome: io::Result<()>) -> io::Result<Self> {
        match outcome {
            Err(error) if is_disk_full(&error) => Ok(Self::NoRoom),
            outcome => outcome.map(|()| Self::Yes),
        }
    }
}
