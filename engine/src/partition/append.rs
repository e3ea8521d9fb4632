//! Appending: decide about a batch, give it its offsets, stage it; and the ticket that becomes an ack.
//!
//! An append is checked and staged at once, in the caller's turn; the bytes reach the file at the end of the turn, in
//! one `pwritev` for all appends of the turn, and the medium with the next group commit. [`PendingAck`] waits for
//! either; acks=0, 1 and all differ only in what the caller waits for.

use std::future::poll_fn;
use std::ops::Deref;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use creel_io::Instant;

use crate::config::{Durability, LogConfig, TimestampType};
use crate::error::AppendError;
use crate::fault_points::{self, Bug};
use crate::format::batch::{Batch, BatchHeader};
use crate::format::snapshot::RememberedBatch;
use crate::log::producers::{AppendOrigin, Verdict};
use crate::log::staging::{Stamp, Turn};
use crate::log::{Health, Log};
use crate::offset::Offset;
use crate::partition::{Inner, Partition};
use crate::segment::{Arrival, Placed};

/// What an acknowledged append became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Offset of the batch's first record.
    pub base_offset: Offset,
    /// The broker's timestamp, where the topic's records carry that (`LogAppendTime`).
    pub log_append_time_ms: Option<i64>,
    /// Where the log started when the batch was appended.
    pub log_start: Offset,
    /// Whether the batch was here already: a retry of an idempotent producer.
    pub duplicate: bool,
    /// From when it was staged until it was what was waited for; zero where times are not noted.
    pub took: Duration,
}

/// An append that is under way: a ticket, not yet an ack.
#[derive(Debug)]
#[must_use = "an append is acknowledged only through its ticket"]
pub struct PendingAck {
    inner: Rc<Inner>,
    turn: Option<Rc<Turn>>,
    end: Offset,
    ack: Ack,
    staged_at: Option<Instant>,
}

impl PendingAck {
    /// Where the batch begins, if it gets written.
    pub fn base_offset(&self) -> Offset {
        self.ack.base_offset
    }

    /// The offset behind the batch.
    pub fn end_offset(&self) -> Offset {
        self.end
    }

    /// Waits until the batch is in the file (acks=1).
    pub async fn written(&self) -> Result<Ack, AppendError> {
        self.wait_written().await?;
        Ok(self.ack_of(self.written_at()))
    }

    /// Waits until the high watermark is past the batch (acks=all): by default, until it is on the medium.
    pub async fn durable(&self) -> Result<Ack, AppendError> {
        let _wanted = Wanted::new(&*self.inner);
        self.wait_written().await?;
        if fault_points::has(Bug::AckBeforeSync) {
            return Ok(self.ack);
        }
        self.inner.wait_past(self.end + -1).await;
        if self.inner.cursors.get().high_watermark >= self.end {
            return Ok(self.ack_of(self.note_sync().or(self.written_at())));
        }
        Err(self.inner.refusal())
    }

    fn written_at(&self) -> Option<Instant> {
        self.turn.as_ref().map_or(self.staged_at, |turn| turn.written_at.get())
    }

    /// When the batch was durable, if it was waited for that.
    fn note_sync(&self) -> Option<Instant> {
        let times = self.inner.flusher.times()?;
        self.staged_at?;
        let is_awaited = self.inner.durability() == Durability::GroupCommit;
        let (from, to) = (self.written_at()?, self.inner.sync_times.of(self.end).filter(|_| is_awaited)?);
        times.sync.record_nanos(to.nanos_since(from));
        Some(to)
    }

    fn ack_of(&self, at: Option<Instant>) -> Ack {
        let took = self.staged_at.zip(at).map_or(Duration::ZERO, |(from, to)| to - from);
        Ack { took, ..self.ack }
    }

    async fn wait_written(&self) -> Result<(), AppendError> {
        poll_fn(|cx: &mut Context<'_>| match &self.turn {
            Some(turn) => turn.poll(cx),
            None => Poll::Ready(Ok(())),
        })
        .await
    }
}

/// Has the sync begin right after the write, as long as it is held.
pub(crate) struct Wanted<I: Deref<Target = Inner>>(I);

impl<I: Deref<Target = Inner>> Wanted<I> {
    pub(crate) fn new(inner: I) -> Self {
        inner.durable_tickets.set(inner.durable_tickets.get() + 1);
        Self(inner)
    }
}

impl<I: Deref<Target = Inner>> Drop for Wanted<I> {
    fn drop(&mut self) {
        self.0.durable_tickets.set(self.0.durable_tickets.get() - 1);
    }
}

impl Partition {
    /// Appends a batch: gives it its offsets at once, and a ticket to wait with.
    pub fn append(&self, batch: &Batch, origin: AppendOrigin) -> Result<PendingAck, AppendError> {
        self.append_at(batch, origin, creel_io::wall_clock_ms())
    }

    /// The same at `now_ms`, for a caller that has just looked at the wall clock.
    ///
    /// A batch whose header does not say enough about its timestamps is looked into here, decompressed if need be, unless
    /// that was done before (`Batch::look_in_turn`).
    pub fn append_at(
        &self,
        batch: &Batch,
        origin: AppendOrigin,
        now_ms: i64,
    ) -> Result<PendingAck, AppendError> {
        let inner = self.inner();
        inner.check_open()?;
        let config = inner.config.borrow();
        let looked_into = check(batch, origin, &config, now_ms)?;
        let batch = looked_into.as_ref().unwrap_or(batch);
        let header = batch.header();
        let mut log = inner.log.borrow_mut();
        if let Verdict::Duplicate(original) = log.producers.check(header, origin)? {
            return Ok(inner.answer_duplicate(&mut log, original, origin));
        }
        let append_time_ms =
            (config.message_timestamp_type == TimestampType::LogAppendTime).then_some(now_ms);
        let timestamp = append_time_ms.unwrap_or(header.max_timestamp);
        if let Err(refusal) = inner.make_room(&mut log, &config, header, timestamp, now_ms) {
            log.producers.refuse(&dated(header, timestamp, now_ms));
            return Err(refusal);
        }
        let staged_at = inner.flusher.stage_time(origin);
        let pending = inner.stage(&mut log, batch, Moment { now_ms, append_time_ms, staged_at });
        drop(log);
        inner.flusher.add(inner);
        Ok(pending)
    }
}

impl Inner {
    fn answer_duplicate(
        self: &Rc<Self>,
        log: &mut Log,
        original: RememberedBatch,
        origin: AppendOrigin,
    ) -> PendingAck {
        let cursors = self.cursors.get();
        let end = original.last_offset + 1;
        let turn = (end > cursors.written).then(|| log.staging.turn());
        let append_time = self.config.borrow().message_timestamp_type == TimestampType::LogAppendTime;
        let ack = Ack {
            base_offset: original.base_offset(),
            log_append_time_ms: append_time.then_some(original.timestamp),
            log_start: cursors.log_start,
            duplicate: true,
            took: Duration::ZERO,
        };
        PendingAck { inner: self.clone(), turn, end, ack, staged_at: self.flusher.stage_time(origin) }
    }

    /// Writes what is staged where the batch must not follow it in the same write, and rolls the segment where it
    /// must not follow in the same file.
    fn make_room(
        self: &Rc<Self>,
        log: &mut Log,
        config: &LogConfig,
        header: &BatchHeader,
        timestamp: i64,
        now_ms: i64,
    ) -> Result<(), AppendError> {
        if self.is_cutting.get() {
            return Err(AppendError::DiskFull);
        }
        if log.staging.is_full() {
            self.write_staged(log)?;
        }
        let arrival = Arrival {
            staged_bytes: log.staging.total(),
            bytes: header.size_bytes as u64,
            end: self.cursors.get().next + i64::from(header.record_count),
            timestamp,
            now_ms,
        };
        if !log.active().must_roll(arrival, config) {
            return Ok(());
        }
        self.write_staged(log)?;
        self.roll(log, now_ms)
    }

    fn stage(self: &Rc<Self>, log: &mut Log, batch: &Batch, moment: Moment) -> PendingAck {
        let Moment { now_ms, append_time_ms, staged_at } = moment;
        let mut cursors = self.cursors.get();
        let header = batch.header();
        let base = cursors.next;
        let end = base + i64::from(header.record_count);
        if log.epochs.assign(log.epoch, base) {
            self.epochs_changed.set(true);
        }
        let max_timestamp = append_time_ms.unwrap_or(header.max_timestamp);
        let position = log.active().end_position() + log.staging.total();
        let placed = Placed { base, end, position, size_bytes: header.size_bytes as u32, max_timestamp };
        log.active().note_append(now_ms);
        let undo = log.producers.record(&dated(header, max_timestamp, now_ms), base);
        log.staging.undo.extend(undo);
        log.staging.staged_at.extend(staged_at);
        log.staging.push(batch, placed, Stamp { base, epoch: log.epoch, append_time_ms });
        cursors.next = end;
        self.cursors.set(cursors);
        cursors.check_invariants();
        let ack = Ack {
            base_offset: base,
            log_append_time_ms: append_time_ms,
            log_start: cursors.log_start,
            duplicate: false,
            took: Duration::ZERO,
        };
        PendingAck { inner: self.clone(), turn: Some(log.staging.turn()), end, ack, staged_at }
    }

    pub(crate) fn check_open(&self) -> Result<(), AppendError> {
        match self.health.get() {
            Health::Healthy => Ok(()),
            Health::Poisoned | Health::Closed => Err(self.refusal()),
        }
    }

    /// Why a log that is not healthy refuses.
    pub(crate) fn refusal(&self) -> AppendError {
        match self.health.get() {
            Health::Closed => AppendError::Closed,
            Health::Healthy | Health::Poisoned => AppendError::Storage,
        }
    }
}

/// When a batch is appended.
#[derive(Clone, Copy, Debug)]
struct Moment {
    now_ms: i64,
    /// The same, where it becomes the records' time.
    append_time_ms: Option<i64>,
    /// The same on the other clock, where times are noted.
    staged_at: Option<Instant>,
}

/// The header as producers are remembered by it. A producer whose batch has no timestamp was last seen when it was appended.
pub(crate) fn dated(header: &BatchHeader, max_timestamp: i64, appended_ms: i64) -> BatchHeader {
    let max_timestamp = if max_timestamp < 0 { appended_ms } else { max_timestamp };
    BatchHeader { max_timestamp, ..*header }
}

/// Whether a batch may be appended. What is found by looking into it, if its header was not enough.
fn check(
    batch: &Batch,
    origin: AppendOrigin,
    config: &LogConfig,
    now_ms: i64,
) -> Result<Option<Batch>, AppendError> {
    let header = batch.header();
    let (size_bytes, max_bytes) = (header.size_bytes, config.batch_limit());
    if size_bytes > max_bytes {
        return Err(AppendError::TooLarge { size_bytes, max_bytes });
    }
    if origin == AppendOrigin::Coordinator {
        return Ok(None);
    }
    if header.attributes.is_control() {
        return Err(AppendError::InvalidRecord("clients do not write control records"));
    }
    let rules = config.timestamp_rules();
    if rules.ask_for_records(batch, now_ms) { Ok(Some(batch.look(&rules, now_ms)?)) } else { Ok(None) }
}
