//! One consumer: reads its partitions from where the run began, judges every record and notes its end-to-end latency.
//!
//! If a broker is killed on purpose, the consumer reads everything twice. The first reading is while the load goes
//! on, from the next offset once the broker is back. The second is from the beginning, when all is over. Only the
//! second tells what has outlived the crash: a record that the first has and the second lacks was taken back.

use crate::client::SILENCE_SECONDS_MAX;
use crate::client::connection::FrameReader;
use crate::client::control::{describe, header};
use crate::client::retry_window::RetryWindow;
use crate::clock::now_ns;
use crate::codec::Decoder;
use crate::error::EngineError;
use crate::metrics::Metrics;
use crate::plan::{Plan, Share};
use crate::read_history::ReadHistory;
use crate::reconnect::Reconnecting;
use crate::records::parse::{BatchFault, BatchView, next_batch};
use crate::records::stamp::Stamp;
use crate::run_state::RunState;
use crate::runtime;
use crate::verify::PartitionVerifier;
use creel_wire::ErrorCode;
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData};
use creel_wire::frame::{self, SIZE_PREFIX};
use loadgen_result::report::verification::Level;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const MAX_WAIT_MS: i32 = 100;
const MAX_BYTES: i32 = 8 << 20;
const PARTITION_MAX_BYTES: i32 = 1 << 20;
const RECEIVE_BYTES: usize = 1 << 20;
const BROKEN_PAUSE: Duration = Duration::from_millis(20);
const READ_UNCOMMITTED: i8 = 0;

/// A partition as its consumer sees it.
struct Reading {
    partition: usize,
    position: i64,
    /// Something came that is no batch: nothing behind it can be found.
    is_broken: bool,
    verifier: PartitionVerifier,
    history: ReadHistory,
}

/// What a reading is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// The only one.
    Live,
    /// The first of two.
    Journaled,
    /// The second: nothing is measured.
    Audit,
}

/// A consumer with its connection.
pub struct Consumer {
    reconnecting: Rc<Reconnecting>,
    pass: Pass,
    version: i16,
    plan: Arc<Plan>,
    run_state: Arc<RunState>,
    thread: usize,
    metrics: Rc<RefCell<Metrics>>,
    reader: FrameReader,
    readings: Vec<Reading>,
    decoder: Decoder,
    correlation_id: i32,
    /// When the request that waits for its answer was sent.
    asked_ns: Rc<Cell<Option<u64>>>,
    /// With a broker that refuses what it says may be tried again.
    retry_window: RetryWindow,
    /// Which partition is asked for first. It moves on, so that the byte limit starves none.
    first: usize,
}

/// What a consumer judged, by partition.
pub type Judged = Vec<(usize, PartitionVerifier)>;

impl Consumer {
    /// Connects to the leader of `share`.
    pub fn open(
        share: &Share,
        plan: &Arc<Plan>,
        run_state: &Arc<RunState>,
        thread: usize,
        metrics: &Rc<RefCell<Metrics>>,
    ) -> Result<Consumer, EngineError> {
        let reading = |partition: &usize| Reading {
            partition: *partition,
            position: plan.start_offsets[*partition],
            is_broken: false,
            verifier: PartitionVerifier::new(plan.verify, plan.run, *partition as i32, plan.producers),
            history: ReadHistory::default(),
        };
        Ok(Consumer {
            version: plan.versions[&share.leader].pick::<FetchRequest>()?,
            reconnecting: Rc::new(Reconnecting::open(share.leader, run_state)?),
            pass: if plan.crashes > 0 { Pass::Journaled } else { Pass::Live },
            plan: plan.clone(),
            run_state: run_state.clone(),
            thread,
            metrics: metrics.clone(),
            reader: FrameReader::new(RECEIVE_BYTES),
            readings: share.partitions.iter().map(reading).collect(),
            decoder: Decoder::default(),
            correlation_id: 0,
            asked_ns: Rc::default(),
            retry_window: RetryWindow::default(),
            first: 0,
        })
    }

    /// The connection, to be shut when the run fails.
    pub fn reconnecting(&self) -> Rc<Reconnecting> {
        self.reconnecting.clone()
    }

    /// When it began to wait for an answer, to be watched.
    pub fn asked_ns(&self) -> Rc<Cell<Option<u64>>> {
        self.asked_ns.clone()
    }

    /// Reads until everything produced was read, or the run failed.
    pub async fn run(mut self) -> Result<Judged, EngineError> {
        self.read_all().await?;
        if self.pass == Pass::Journaled {
            self.audit().await?;
        }
        self.run_state.consumed();
        Ok(self.readings.into_iter().map(|reading| (reading.partition, reading.verifier)).collect())
    }

    async fn read_all(&mut self) -> Result<(), EngineError> {
        while !self.run_state.has_failed() && !self.is_drained() {
            if self.readings.iter().all(|reading| reading.is_broken) {
                runtime::sleep(BROKEN_PAUSE).await;
                continue;
            }
            match self.fetch().await {
                Ok(response) => {
                    if self.take(response)? == Answer::NotYet {
                        runtime::sleep(BROKEN_PAUSE).await;
                    }
                }
                Err(EngineError::Closed { .. }) if self.reconnecting.may_break() => {
                    self.asked_ns.set(None);
                    self.reader = FrameReader::new(RECEIVE_BYTES);
                    self.reconnecting.reconnect(|| false).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads all again, and compares.
    async fn audit(&mut self) -> Result<(), EngineError> {
        self.pass = Pass::Audit;
        let mut first_reading = Vec::new();
        for reading in &mut self.readings {
            let fresh = reading.verifier.anew();
            let verifier = std::mem::replace(&mut reading.verifier, fresh);
            first_reading.push((verifier, std::mem::take(&mut reading.history)));
            reading.position = self.plan.start_offsets[reading.partition];
            reading.is_broken = false;
        }
        self.read_all().await?;
        for (reading, (verifier, history)) in self.readings.iter_mut().zip(first_reading) {
            reading.verifier.absorb(verifier, history.missing_from(&reading.history));
        }
        Ok(())
    }

    fn is_drained(&self) -> bool {
        let ends = self.run_state.drain_to();
        ends.is_some_and(|ends| {
            self.readings.iter().all(|reading| reading.position >= ends[reading.partition])
        })
    }

    async fn fetch(&mut self) -> Result<FetchResponse, EngineError> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let header = header::<FetchRequest>(self.version, self.correlation_id);
        let request = frame::encode_request(&header, &self.request());
        self.asked_ns.set(Some(now_ns()));
        let connection = self.reconnecting.connection();
        let sent = connection.send_now(&request)?;
        if sent < request.len() {
            connection.send_rest(request.to_vec(), sent, request.len()).await?;
        }
        let answer = self.reader.next(&connection).await?;
        self.asked_ns.set(None);
        if self.run_state.window().contains(now_ns()) {
            let mut metrics = self.metrics.borrow_mut();
            metrics.wire_out_bytes += request.len() as u64;
            metrics.wire_in_bytes += (answer.len() + SIZE_PREFIX) as u64;
        }
        let garbled =
            |why: String| EngineError::Protocol { address: self.reconnecting.address(), api: "Fetch", why };
        let decoded = frame::decode_response::<FetchRequest>(answer, self.version);
        let (header, response) = decoded.map_err(|e| garbled(e.to_string()))?;
        if header.correlation_id != self.correlation_id {
            return Err(garbled("another correlation id".into()));
        }
        Ok(response)
    }

    fn request(&mut self) -> FetchRequest {
        let partition = |reading: &Reading| FetchPartition {
            partition: reading.partition as i32,
            fetch_offset: reading.position,
            partition_max_bytes: PARTITION_MAX_BYTES,
            ..Default::default()
        };
        let (behind, ahead) = self.readings.split_at(self.first);
        let partitions =
            ahead.iter().chain(behind).filter(|reading| !reading.is_broken).map(partition).collect();
        self.first = (self.first + 1) % self.readings.len();
        let topic = &self.plan.topic;
        FetchRequest {
            max_wait_ms: MAX_WAIT_MS,
            min_bytes: 1,
            max_bytes: MAX_BYTES,
            isolation_level: READ_UNCOMMITTED,
            session_id: 0,
            session_epoch: -1,
            topics: vec![FetchTopic { topic: topic.name.clone(), topic_id: topic.id, partitions }],
            ..Default::default()
        }
    }

    fn take(&mut self, response: FetchResponse) -> Result<Answer, EngineError> {
        if self.may_come(response.error_code)? {
            return Ok(Answer::NotYet);
        }
        if !response.error_code.is_none() {
            let what = format!("read topic {}", self.plan.topic.name.as_str());
            return Err(EngineError::Refused { what, code: describe(response.error_code) });
        }
        let received_ns = now_ns();
        let mut answer = Answer::Taken;
        for partition in response.responses.iter().flat_map(|topic| &topic.partitions) {
            if self.may_come(partition.error_code)? {
                answer = Answer::NotYet;
                continue;
            }
            self.take_partition(partition, received_ns)?;
        }
        if answer == Answer::Taken {
            self.reconnecting.answered();
            self.retry_window.restore();
        }
        Ok(answer)
    }

    /// Whether an error may be followed by an answer. It may if the broker was killed and is not all there again. It
    /// may if what was read before is gone, and nothing new is in its place yet: the second reading will tell. And it
    /// may for a while, but no longer, if the broker says itself that the request may be tried again.
    fn may_come(&mut self, code: ErrorCode) -> Result<bool, EngineError> {
        let is_beyond = code == ErrorCode::OffsetOutOfRange;
        if self.reconnecting.may_refuse(code)
            || (is_beyond && self.pass == Pass::Journaled && self.run_state.generations().kills() > 0)
        {
            return Ok(true);
        }
        if !code.is_retriable() {
            return Ok(false);
        }
        if self.retry_window.is_over(Duration::from_secs(SILENCE_SECONDS_MAX)) {
            let what = format!("read topic {} for {SILENCE_SECONDS_MAX} s", self.plan.topic.name.as_str());
            return Err(EngineError::Refused { what, code: describe(code) });
        }
        if self.run_state.window().contains(now_ns()) {
            self.metrics.borrow_mut().refusals.fetch(code.name());
        }
        Ok(true)
    }

    fn take_partition(&mut self, data: &PartitionData, received_ns: u64) -> Result<(), EngineError> {
        if !data.error_code.is_none() {
            let what = format!("read {}-{}", self.plan.topic.name.as_str(), data.partition_index);
            return Err(EngineError::Refused { what, code: describe(data.error_code) });
        }
        let found = self.readings.iter_mut().find(|reading| reading.partition as i32 == data.partition_index);
        let Some(reading) = found else { return Ok(()) };
        let (mut tally, mut audited) = (Tally::new(received_ns, &self.run_state, &self.metrics), 0);
        let mut bytes: &[u8] = data.records.inline();
        loop {
            let batch = match next_batch(&mut bytes) {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(fault) => {
                    reading.verifier.corrupt_batch(&fault);
                    reading.is_broken = true;
                    break;
                }
            };
            let Reading { position, verifier, history, .. } = &mut *reading;
            let mut judge =
                Judge { position: *position, verifier, decoder: &mut self.decoder, level: self.plan.verify };
            let judged = match self.pass {
                Pass::Live => judge.batch(&batch, |_, stamp, bytes| tally.add(stamp.intended_ns, bytes)),
                Pass::Journaled => judge.batch(&batch, |offset, stamp, bytes| {
                    tally.add(stamp.intended_ns, bytes);
                    history.note(offset, stamp);
                }),
                Pass::Audit => judge.batch(&batch, |offset, stamp, _| {
                    audited += 1;
                    history.note(offset, stamp);
                }),
            };
            if let Err(fault) = judged {
                reading.verifier.corrupt_batch(&fault);
            }
            reading.position = batch.next_offset().max(reading.position);
        }
        let records = tally.finish() + audited;
        self.run_state.progress(self.thread).consumed(records);
        self.run_state.partition_consumed(reading.partition, records);
        Ok(())
    }
}

/// Whether what was asked for came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Taken,
    /// The broker will have it later.
    NotYet,
}

/// What it takes to judge the records of a batch.
struct Judge<'a> {
    position: i64,
    verifier: &'a mut PartitionVerifier,
    decoder: &'a mut Decoder,
    level: Level,
}

impl Judge<'_> {
    /// Judges each record, and hands on offset, stamp and bytes of those that are this run's.
    #[inline]
    fn batch(
        &mut self,
        batch: &BatchView<'_>,
        mut note: impl FnMut(i64, &Stamp, u64),
    ) -> Result<(), BatchFault> {
        if self.level != Level::Off {
            batch.check_crc()?;
        }
        if batch.is_control() {
            return Ok(());
        }
        let mut records = batch.records(self.decoder)?;
        while let Some(record) = records.next_record()? {
            let offset = batch.base_offset + record.offset_delta;
            if offset < self.position {
                continue; // a fetch from the middle of a batch brings all of it
            }
            if self.verifier.record(offset, record.key, record.value, record.stamp)
                && let Some(stamp) = &record.stamp
            {
                let bytes = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
                note(offset, stamp, bytes as u64);
            }
        }
        Ok(())
    }
}

/// Counts the records of one answer; equal instants in a row are recorded as one.
struct Tally<'a> {
    received_ns: u64,
    metrics: &'a RefCell<Metrics>,
    run_state: &'a RunState,
    instant: u64,
    run: u64,
    records: u64,
    bytes: u64,
}

impl<'a> Tally<'a> {
    fn new(received_ns: u64, run_state: &'a RunState, metrics: &'a RefCell<Metrics>) -> Tally<'a> {
        metrics.borrow_mut().end_to_end.go_to(run_state.grid().index(received_ns));
        Tally { received_ns, metrics, run_state, instant: 0, run: 0, records: 0, bytes: 0 }
    }

    #[inline]
    fn add(&mut self, instant: u64, bytes: u64) {
        if instant != self.instant {
            self.record_run();
            self.instant = instant;
        }
        self.run += 1;
        self.records += 1;
        self.bytes += bytes;
    }

    fn record_run(&mut self) {
        if self.run > 0 {
            let latency = self.received_ns.saturating_sub(self.instant);
            let in_window = self.run_state.window().contains(self.instant);
            self.metrics.borrow_mut().end_to_end.record(latency, self.run, in_window);
        }
        self.run = 0;
    }

    fn finish(mut self) -> u64 {
        self.record_run();
        let mut metrics = self.metrics.borrow_mut();
        metrics.end_to_end.add(self.records, self.bytes);
        if self.run_state.window().contains(self.received_ns) {
            metrics.consumed.add(self.records, self.bytes);
        }
        self.records
    }
}
