//! Appends: an append decides about a batch, gives it its offsets and stages it. The caller gets a ticket that becomes
//! an ack.
//!
//! A batch is checked and staged at once, in the caller's turn. At the end of the turn one `pwritev` writes all appends
//! of the turn to the file, and the next group commit makes them durable. [`PendingAck`] waits for the one or the
//! other: acks=0, 1 and all differ only in what the caller waits for.

use std::cell::RefMut;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use creel_io::Instant;

use crate::config::{Durability, LogConfig, TimestampType};
use crate::error::{AppendAsIsError, AppendError};
use crate::fault_points::{self, Bug};
use crate::format::batch::{Batch, StampedBatch};
use crate::log::producers::{AppendOrigin, ProducerCheck};
use crate::log::staging::WriteGroup;
use crate::log::{Log, Moment, Stage, Staged};
use crate::offset::Offset;
use crate::partition::state::State;
use crate::partition::waiting::wait_past;
use crate::partition::{Partition, commit, roll, turn_writer};
use crate::segment::side_files::snapshot::RememberedBatch;

/// How far its caller will wait for an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaits {
    /// Until the batch is written ([`PendingAck::written`]), or not at all.
    Written,
    /// Until it is durable ([`PendingAck::durable`]). That begins as soon as it is written, and not when the caller
    /// waits: several batches become durable side by side.
    Durable,
}

/// The result of an acknowledged append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ack {
    /// Offset of the batch's first record.
    pub base_offset: Offset,
    /// The broker's timestamp, if the topic's records carry it (`LogAppendTime`).
    pub log_append_time_ms: Option<i64>,
    /// Where the log started when the batch was appended.
    pub log_start: Offset,
    /// Whether the log had the batch already: it is a retry of an idempotent producer.
    pub duplicate: bool,
    /// The time from staging the batch to the event that the caller waited for. Zero where times are not recorded.
    pub took: Duration,
}

/// An append in progress: a ticket, not yet an ack.
#[derive(Debug)]
#[must_use = "an append is acknowledged only through its ticket"]
pub struct PendingAck {
    state: Rc<State>,
    group: Option<Rc<WriteGroup>>,
    end: Offset,
    /// How often the log had been truncated when the batch was appended.
    cuts: u64,
    ack: Ack,
    staged_at: Option<Instant>,
}

impl PendingAck {
    /// The offset at which the batch begins, if it gets written.
    pub fn base_offset(&self) -> Offset {
        self.ack.base_offset
    }

    /// The offset after the batch.
    pub fn end_offset(&self) -> Offset {
        self.end
    }

    /// Waits until the batch is in the file (acks=1).
    pub async fn written(&self) -> Result<Ack, AppendError> {
        self.wait_written().await?;
        Ok(self.ack_of(self.written_at()))
    }

    /// Waits until the high watermark is past the batch (acks=all). By default that is when the batch is on the medium.
    pub async fn durable(&self) -> Result<Ack, AppendError> {
        self.state.commit.borrow_mut().want(self.end);
        self.wait_written().await?;
        if fault_points::has(Bug::AckBeforeSync) {
            return Ok(self.ack);
        }
        if let Some(last) = self.end.pred() {
            wait_past(&self.state, last, self.cuts).await;
        }
        let (passed, is_there) = {
            let log = self.state.log.borrow();
            (log.cursors().high_watermark >= self.end, log.holds(self.end, self.cuts))
        };
        match (passed, is_there) {
            (_, false) => Err(AppendError::Truncated),
            (true, true) => Ok(self.ack_of(self.note_sync().or(self.written_at()))),
            (false, true) => Err(self.state.refusal()),
        }
    }

    fn written_at(&self) -> Option<Instant> {
        self.group.as_ref().map_or(self.staged_at, |group| group.written_at.get())
    }

    /// When the batch became durable, if the caller waited for that.
    fn note_sync(&self) -> Option<Instant> {
        let times = self.state.turn_writer.times()?;
        self.staged_at?;
        let is_awaited = self.state.durability() == Durability::GroupCommit;
        let (from, to) = (self.written_at()?, self.state.sync_times.of(self.end).filter(|_| is_awaited)?);
        times.sync.record_nanos(to.nanos_since(from));
        Some(to)
    }

    fn ack_of(&self, at: Option<Instant>) -> Ack {
        let took = self.staged_at.zip(at).map_or(Duration::ZERO, |(from, to)| to - from);
        Ack { took, ..self.ack }
    }

    async fn wait_written(&self) -> Result<(), AppendError> {
        poll_fn(|cx: &mut Context<'_>| match &self.group {
            Some(group) => group.poll(cx),
            None => Poll::Ready(Ok(())),
        })
        .await
    }
}

impl Partition {
    /// Appends a batch. Gives it its offsets at once, and returns a ticket to wait with.
    pub fn append(&self, batch: &Batch, origin: AppendOrigin) -> Result<PendingAck, AppendError> {
        self.append_at(batch, origin, Awaits::Written, creel_io::wall_clock_ms())
    }

    /// The same at `now_ms`, for a caller that has just read the wall clock, and that says how far it will wait.
    ///
    /// If the header does not say enough about the batch's timestamps, the records are checked here, and decompressed
    /// if need be, unless that was done before (`RecordRules`). Keys and codec are the caller's to see to.
    pub fn append_at(
        &self,
        batch: &Batch,
        origin: AppendOrigin,
        awaits: Awaits,
        now_ms: i64,
    ) -> Result<PendingAck, AppendError> {
        let pending = self.begin(batch, origin, now_ms)?;
        if awaits == Awaits::Durable {
            commit::want(&pending.state, pending.end);
        }
        Ok(pending)
    }

    fn begin(&self, batch: &Batch, origin: AppendOrigin, now_ms: i64) -> Result<PendingAck, AppendError> {
        let state = self.state();
        state.check_open()?;
        let config = state.config.borrow();
        let looked_into = check(batch, origin, &config, now_ms)?;
        let batch = looked_into.as_ref().unwrap_or(batch);
        let mut log = state.log.borrow_mut();
        let append_time_ms =
            (config.message_timestamp_type == TimestampType::LogAppendTime).then_some(now_ms);
        let staged_at = state.turn_writer.stage_time(origin);
        let moment = Moment { now_ms, append_time_ms, staged_at };
        if let ProducerCheck::Duplicate(original) = log.check_producer(batch.header(), origin)? {
            return Ok(answer_duplicate(state, &mut log, original, moment));
        }
        match stage(state, &mut log, now_ms, |log| Ok(log.stage(batch, moment, &config))) {
            Ok(staged) => Ok(pending(state, log, staged, moment)),
            Err(refusal) => {
                log.refuse(batch.header(), moment);
                Err(refusal)
            }
        }
    }

    /// Appends, byte for byte, a batch that already has its offsets and its leader epoch, because another log holds it.
    /// It must begin where this log ends. Its producer is remembered but not checked: that was done where the batch was
    /// first appended.
    ///
    /// A gap of offsets before the batch is accepted where the log may have gaps. Nothing in the broker calls this yet.
    pub fn append_as_is(&self, batch: &StampedBatch) -> Result<PendingAck, AppendAsIsError> {
        let state = self.state();
        state.check_open()?;
        let config = state.config.borrow();
        let now_ms = creel_io::wall_clock_ms();
        let moment = Moment { now_ms, append_time_ms: None, staged_at: None };
        let mut log = state.log.borrow_mut();
        let staged = stage(state, &mut log, now_ms, |log| log.append_as_is(batch, moment, &config))?;
        Ok(pending(state, log, staged, moment))
    }
}

/// Stages a batch. If it must not be in the same write as the staged batches, those are written first. If it must not
/// be in the same file, the segment is rolled first.
fn stage<E: From<AppendError>>(
    state: &Rc<State>,
    log: &mut Log,
    now_ms: i64,
    mut attempt: impl FnMut(&mut Log) -> Result<Stage, E>,
) -> Result<Staged, E> {
    state.check_end()?;
    loop {
        match attempt(log)? {
            Stage::Staged(staged) => return Ok(staged),
            Stage::Full => turn_writer::write_staged(state, log)?,
            Stage::MustRoll(base) => {
                turn_writer::write_staged(state, log)?;
                roll::roll(state, log, base, now_ms)?;
            }
        }
    }
}

fn pending(state: &Rc<State>, log: RefMut<'_, Log>, staged: Staged, moment: Moment) -> PendingAck {
    let Staged { base, end, is_first, group } = staged;
    let ack = Ack {
        base_offset: base,
        log_append_time_ms: moment.append_time_ms,
        log_start: log.cursors().log_start,
        duplicate: false,
        took: Duration::ZERO,
    };
    let cuts = log.cuts();
    drop(log);
    if is_first {
        turn_writer::add(state);
    }
    PendingAck { state: state.clone(), group: Some(group), end, cuts, ack, staged_at: moment.staged_at }
}

fn answer_duplicate(
    state: &Rc<State>,
    log: &mut Log,
    original: RememberedBatch,
    moment: Moment,
) -> PendingAck {
    let end = original.last_offset + 1;
    let group = (end > log.cursors().written).then(|| log.staged_group());
    let ack = Ack {
        base_offset: original.base_offset(),
        log_append_time_ms: moment.append_time_ms.map(|_| original.timestamp),
        log_start: log.cursors().log_start,
        duplicate: true,
        took: Duration::ZERO,
    };
    PendingAck { state: state.clone(), group, end, cuts: log.cuts(), ack, staged_at: moment.staged_at }
}

/// Whether a batch may be appended. Returns the batch with what the check of its records found, if its header did not
/// say enough.
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
        return Err(AppendError::InvalidRecord("clients must not write control records"));
    }
    let rules = config.timestamp_rules();
    if rules.ask_for_records(batch, now_ms) { Ok(Some(batch.look(&rules.into(), now_ms)?)) } else { Ok(None) }
}
