//! One consumer: reads its partitions from where the run began, judges every record and notes its end-to-end latency.

use crate::client::connection::{Connection, FrameReader};
use crate::client::control::{describe, header};
use crate::clock::now_ns;
use crate::codec::Decoder;
use crate::error::LoadError;
use crate::metrics::Metrics;
use crate::plan::{Plan, Share};
use crate::records::parse::{BatchFault, BatchView, next_batch};
use crate::stage::Stage;
use crate::verify::{Level, PartitionVerifier};
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData};
use creel_wire::frame::{self, SIZE_PREFIX};
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
}

/// A consumer with its connection.
pub struct Consumer {
    connection: Rc<Connection>,
    version: i16,
    plan: Arc<Plan>,
    stage: Arc<Stage>,
    thread: usize,
    metrics: Rc<RefCell<Metrics>>,
    reader: FrameReader,
    readings: Vec<Reading>,
    decoder: Decoder,
    correlation_id: i32,
    /// When the request that waits for its answer was sent.
    asked_ns: Rc<Cell<Option<u64>>>,
    /// Which partition is asked for first; it moves, so that none starves behind the byte limit.
    first: usize,
}

/// What a consumer judged, by partition.
pub type Judged = Vec<(usize, PartitionVerifier)>;

impl Consumer {
    /// Connects to the leader of `share`.
    pub fn open(
        share: &Share,
        plan: &Arc<Plan>,
        stage: &Arc<Stage>,
        thread: usize,
        metrics: &Rc<RefCell<Metrics>>,
    ) -> Result<Consumer, LoadError> {
        let reading = |partition: &usize| Reading {
            partition: *partition,
            position: plan.start_offsets[*partition],
            is_broken: false,
            verifier: PartitionVerifier::new(plan.verify, plan.run, *partition as i32, plan.producers),
        };
        Ok(Consumer {
            version: plan.versions[&share.leader].pick::<FetchRequest>()?,
            connection: Rc::new(Connection::open(share.leader)?),
            plan: plan.clone(),
            stage: stage.clone(),
            thread,
            metrics: metrics.clone(),
            reader: FrameReader::new(RECEIVE_BYTES),
            readings: share.partitions.iter().map(reading).collect(),
            decoder: Decoder::default(),
            correlation_id: 0,
            asked_ns: Rc::default(),
            first: 0,
        })
    }

    /// The connection, to be shut when the run fails.
    pub fn connection(&self) -> Rc<Connection> {
        self.connection.clone()
    }

    /// When it began to wait for an answer, to be watched.
    pub fn asked_ns(&self) -> Rc<Cell<Option<u64>>> {
        self.asked_ns.clone()
    }

    /// Reads until everything produced was read, or the run failed.
    pub async fn run(mut self) -> Result<Judged, LoadError> {
        while !self.stage.has_failed() && !self.is_drained() {
            if self.readings.iter().all(|reading| reading.is_broken) {
                tokio::time::sleep(BROKEN_PAUSE).await;
                continue;
            }
            let response = self.fetch().await?;
            self.take(response)?;
        }
        self.stage.consumed();
        Ok(self.readings.into_iter().map(|reading| (reading.partition, reading.verifier)).collect())
    }

    fn is_drained(&self) -> bool {
        let ends = self.stage.drain_to();
        ends.is_some_and(|ends| {
            self.readings.iter().all(|reading| reading.position >= ends[reading.partition])
        })
    }

    async fn fetch(&mut self) -> Result<FetchResponse, LoadError> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let header = header::<FetchRequest>(self.version, self.correlation_id);
        let request = frame::encode_request(&header, &self.request());
        self.asked_ns.set(Some(now_ns()));
        let sent = self.connection.send_now(&request)?;
        if sent < request.len() {
            self.connection.send_rest(request.to_vec(), sent, request.len()).await?;
        }
        let answer = self.reader.next(&self.connection).await?;
        self.asked_ns.set(None);
        if self.stage.window().contains(now_ns()) {
            let mut metrics = self.metrics.borrow_mut();
            metrics.wire_out_bytes += request.len() as u64;
            metrics.wire_in_bytes += (answer.len() + SIZE_PREFIX) as u64;
        }
        let garbled =
            |why: String| LoadError::Protocol { address: self.connection.address(), api: "Fetch", why };
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

    fn take(&mut self, response: FetchResponse) -> Result<(), LoadError> {
        if !response.error_code.is_none() {
            let what = format!("read topic {}", self.plan.topic.name.as_str());
            return Err(LoadError::Refused { what, code: describe(response.error_code) });
        }
        let received_ns = now_ns();
        for partition in response.responses.iter().flat_map(|topic| &topic.partitions) {
            self.take_partition(partition, received_ns)?;
        }
        Ok(())
    }

    fn take_partition(&mut self, data: &PartitionData, received_ns: u64) -> Result<(), LoadError> {
        if !data.error_code.is_none() {
            let what = format!("read {}-{}", self.plan.topic.name.as_str(), data.partition_index);
            return Err(LoadError::Refused { what, code: describe(data.error_code) });
        }
        let found = self.readings.iter_mut().find(|reading| reading.partition as i32 == data.partition_index);
        let Some(reading) = found else { return Ok(()) };
        let mut tally = Tally::new(received_ns, &self.stage, &self.metrics);
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
            if let Err(fault) = read_batch(&batch, reading, &mut self.decoder, &mut tally, self.plan.verify) {
                reading.verifier.corrupt_batch(&fault);
            }
            reading.position = batch.next_offset().max(reading.position);
        }
        let records = tally.finish();
        self.stage.progress(self.thread).consumed(records);
        self.stage.partition_consumed(reading.partition, records);
        Ok(())
    }
}

/// Judges the records of one batch.
fn read_batch(
    batch: &BatchView<'_>,
    reading: &mut Reading,
    decoder: &mut Decoder,
    tally: &mut Tally<'_>,
    level: Level,
) -> Result<(), BatchFault> {
    if level != Level::Off {
        batch.check_crc()?;
    }
    if batch.is_control() {
        return Ok(());
    }
    let mut records = batch.records(decoder)?;
    while let Some(record) = records.next_record()? {
        let offset = batch.base_offset + record.offset_delta;
        if offset < reading.position {
            continue; // a fetch from the middle of a batch brings all of it
        }
        if reading.verifier.record(offset, record.key, record.value, record.stamp)
            && let Some(stamp) = record.stamp
        {
            let bytes = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
            tally.add(stamp.intended_ns, bytes as u64);
        }
    }
    Ok(())
}

/// Counts the records of one answer; equal instants in a row are recorded as one.
struct Tally<'a> {
    received_ns: u64,
    metrics: &'a RefCell<Metrics>,
    stage: &'a Stage,
    instant: u64,
    run: u64,
    records: u64,
    bytes: u64,
}

impl<'a> Tally<'a> {
    fn new(received_ns: u64, stage: &'a Stage, metrics: &'a RefCell<Metrics>) -> Tally<'a> {
        metrics.borrow_mut().end_to_end.go_to(stage.grid().index(received_ns));
        Tally { received_ns, metrics, stage, instant: 0, run: 0, records: 0, bytes: 0 }
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
            let in_window = self.stage.window().contains(self.instant);
            self.metrics.borrow_mut().end_to_end.record(latency, self.run, in_window);
        }
        self.run = 0;
    }

    fn finish(mut self) -> u64 {
        self.record_run();
        let mut metrics = self.metrics.borrow_mut();
        metrics.end_to_end.add(self.records, self.bytes);
        if self.stage.window().contains(self.received_ns) {
            metrics.consumed.add(self.records, self.bytes);
        }
        self.records
    }
}
