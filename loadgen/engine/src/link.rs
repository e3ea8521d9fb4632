//! One producer's connection to one broker: requests in flight in order, their acks, and what the socket did not take
//! at once.
//!
//! If a broker that is killed on purpose takes the connection with it, the requests in flight end with an unknown
//! outcome. They are not sent again. Without an idempotent producer a second copy could not be told from a fault, and
//! the run asks what became of the first.
//!
//! If the broker refuses a request for a while, as it does before it leads a new partition, the request was not
//! appended. It is sent again (`refused`).

mod refused;

use crate::client::connection::FrameReader;
use crate::client::control::{describe, header};
use crate::client::{SILENCE_SECONDS_MAX, versions::Versions};
use crate::clock::now_ns;
use crate::error::EngineError;
use crate::metrics::Metrics;
use crate::options::Acks;
use crate::outcomes::Outcomes;
use crate::plan::Plan;
use crate::reconnect::Reconnecting;
use crate::records::build::{BuiltBatch, FRONT_ROOM_BYTES, TAIL_ROOM_BYTES};
use crate::run_state::{RunState, ThreadProgress};
use crate::runtime;
use crate::signal::Signal;
use creel_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use creel_wire::frame::{self, SIZE_PREFIX};
use creel_wire::{ErrorCode, Records};
use refused::Refused;
use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

const REQUEST_TIMEOUT_MS: i32 = 30_000;
const ACK_RECEIVE_BYTES: usize = 16 << 10;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// `count` records with the same intended instant.
pub type InstantRun = (u64, u32);

/// What one producer's links and its maker of records share.
pub struct ProducerShared {
    /// Raised when a producer may go on.
    pub wake: Signal,
    /// What became of the records, per partition.
    pub outcomes: RefCell<Vec<Outcomes>>,
    /// Buffers to be used again.
    pub spare_buffers: RefCell<Vec<Vec<u8>>>,
    /// Lists to be used again.
    pub spare_runs: RefCell<Vec<Vec<InstantRun>>>,
    /// The thread's.
    pub metrics: Rc<RefCell<Metrics>>,
    /// The run's.
    pub run_state: Arc<RunState>,
    /// Index of the thread's progress.
    pub thread: usize,
}

impl ProducerShared {
    fn progress(&self) -> &ThreadProgress {
        self.run_state.progress(self.thread)
    }
}

/// A request that waits for its ack.
#[derive(Debug)]
struct Sent {
    correlation_id: i32,
    partition: usize,
    records: u32,
    payload_bytes: u64,
    /// When it was given to the socket. If the broker does not read, the socket does not take it at once; that wait
    /// is the broker's time.
    sent_ns: u64,
    /// The same of the last time, if it was sent again.
    again_ns: u64,
    instants: Vec<InstantRun>,
    /// Kept to be sent again; `None` until the socket has taken all of it.
    frame: Option<Frame>,
    /// Which sequences these are, if they were refused before.
    refused: Option<Range<u64>>,
}

/// A request in its buffer.
#[derive(Debug)]
struct Frame {
    bytes: Vec<u8>,
    from: usize,
    to: usize,
}

/// A batch, ready to be sent.
pub struct ReadyBatch {
    /// The batch in its buffer.
    pub batch: BuiltBatch,
    /// Where it goes.
    pub partition: usize,
    /// Bytes of keys and values in it.
    pub payload_bytes: u64,
    /// The intended instants of its records.
    pub instants: Vec<InstantRun>,
}

/// A frame that the socket has not taken all of.
struct Unsent {
    correlation_id: i32,
    frame: Frame,
    /// The first byte it has not taken.
    next: usize,
}

#[derive(Default)]
struct Queues {
    next_correlation_id: i32,
    in_flight: VecDeque<Sent>,
    refused: Refused,
    unsent: VecDeque<Unsent>,
    /// The writer holds a frame that it is still sending.
    writing: bool,
    closing: bool,
    /// The broker was killed, and is not back.
    down: bool,
    /// Counts connections, so that what a former one leaves behind is told from the present one's.
    connections: u64,
}

/// One connection of one producer.
pub struct Link {
    reconnecting: Reconnecting,
    version: i16,
    plan: Arc<Plan>,
    shared: Rc<ProducerShared>,
    queues: RefCell<Queues>,
    to_write: Signal,
    /// Raised whenever it may be time to send again what was refused.
    to_resend: Signal,
}

impl Link {
    /// Connects, and starts the tasks that write what could not be sent at once and read the acks.
    pub fn open(
        address: SocketAddr,
        plan: &Arc<Plan>,
        shared: &Rc<ProducerShared>,
    ) -> Result<Rc<Link>, EngineError> {
        let versions: &Versions = &plan.versions[&address];
        let link = Rc::new(Link {
            version: versions.pick::<ProduceRequest>()?,
            reconnecting: Reconnecting::open(address, &shared.run_state)?,
            plan: plan.clone(),
            shared: shared.clone(),
            queues: RefCell::default(),
            to_write: Signal::default(),
            to_resend: Signal::default(),
        });
        runtime::spawn(guarded(link.clone(), write_unsent(link.clone())));
        runtime::spawn(guarded(link.clone(), read_acks(link.clone())));
        runtime::spawn(guarded(link.clone(), refused::resend(link.clone())));
        Ok(link)
    }

    /// Whether another request may be sent.
    pub fn has_slot(&self) -> bool {
        let queues = self.queues.borrow();
        queues.in_flight.len() < self.plan.settings.in_flight && !queues.down && queues.refused.is_empty()
    }

    /// Whether what became of everything sent is known, or can't be.
    pub fn is_idle(&self) -> bool {
        let queues = self.queues.borrow();
        queues.in_flight.is_empty() && queues.refused.is_empty()
    }

    /// The oldest request has waited for its ack for too long, or was refused for too long.
    pub fn check_silence(&self, now_ns: u64) -> Result<(), EngineError> {
        let queues = self.queues.borrow();
        queues.refused.check_silence(now_ns, self.plan.topic.name.as_str())?;
        let oldest = queues.in_flight.front().map_or(now_ns, |sent| sent.again_ns);
        if now_ns.saturating_sub(oldest) > SILENCE_SECONDS_MAX * NANOS_PER_SECOND {
            let address = self.reconnecting.address();
            return Err(EngineError::Silent { address, what: "Produce", seconds: SILENCE_SECONDS_MAX });
        }
        Ok(())
    }

    /// What is in flight will not be answered any more: the run was cut short.
    pub fn note_unanswered(&self) {
        let window = self.shared.run_state.window();
        let mut metrics = self.shared.metrics.borrow_mut();
        let queues = self.queues.borrow();
        for sent in queues.in_flight.iter().chain(queues.refused.iter()) {
            for run in &sent.instants {
                metrics.unanswered_records +=
                    metrics.given_up(window, window.to_ns, Some(sent.sent_ns), *run);
            }
        }
    }

    /// No more will be sent and no more acks are waited for.
    pub fn close(&self) {
        self.queues.borrow_mut().closing = true;
        self.reconnecting.shut();
    }

    /// Sends a batch; there must be a slot for it.
    pub fn send(&self, ready: ReadyBatch) -> Result<(), EngineError> {
        let ReadyBatch { batch, partition, payload_bytes, instants } = ready;
        let (uncompressed, compressed) = (batch.uncompressed_bytes, batch.batch().len());
        let records = batch.records;
        let mut queues = self.queues.borrow_mut();
        queues.next_correlation_id = queues.next_correlation_id.wrapping_add(1);
        let correlation_id = queues.next_correlation_id;
        let frame = self.frame(batch, partition, correlation_id);
        let sent_ns = now_ns();
        queues.in_flight.push_back(Sent {
            correlation_id,
            partition,
            records,
            payload_bytes,
            sent_ns,
            again_ns: sent_ns,
            instants,
            frame: None,
            refused: None,
        });
        {
            let mut metrics = self.shared.metrics.borrow_mut();
            metrics.uncompressed_bytes += uncompressed as u64;
            metrics.compressed_bytes += (compressed - crate::records::BATCH_HEADER_BYTES) as u64;
        }
        self.put_out(queues, correlation_id, frame, sent_ns)
    }

    /// Gives a frame to the socket, behind those that it has not taken yet.
    fn put_out(
        &self,
        mut queues: RefMut<'_, Queues>,
        correlation_id: i32,
        frame: Frame,
        now_ns: u64,
    ) -> Result<(), EngineError> {
        if self.shared.run_state.window().contains(now_ns) {
            self.shared.metrics.borrow_mut().wire_out_bytes += (frame.to - frame.from) as u64;
        }
        let blocked = queues.writing || !queues.unsent.is_empty();
        let taken = if blocked { 0 } else { self.give(&frame.bytes[frame.from..frame.to])? };
        let next = frame.from + taken;
        if next < frame.to {
            queues.unsent.push_back(Unsent { correlation_id, frame, next });
            self.to_write.raise();
            return Ok(());
        }
        drop(queues);
        self.whole_frame_is_out(correlation_id, frame);
        Ok(())
    }

    /// Gives the socket what it takes at once. If the connection was broken on purpose it takes nothing; the task
    /// that waits for acks handles that.
    fn give(&self, bytes: &[u8]) -> Result<usize, EngineError> {
        match self.reconnecting.connection().send_now(bytes) {
            Err(_) if self.reconnecting.may_break() => {
                self.reconnecting.shut();
                Ok(0)
            }
            taken => taken,
        }
    }

    /// Puts the request's head before the batch and its tail behind it: the batch is not moved.
    fn frame(&self, batch: BuiltBatch, partition: usize, correlation_id: i32) -> Frame {
        let BuiltBatch { mut bytes, end, .. } = batch;
        let records = Records::External { len: (end - FRONT_ROOM_BYTES) as u32 };
        let partition_data = vec![PartitionProduceData { index: partition as i32, records }];
        let topic = &self.plan.topic;
        let request = ProduceRequest {
            transactional_id: None,
            acks: self.plan.settings.acks.code(),
            timeout_ms: REQUEST_TIMEOUT_MS,
            topic_data: vec![TopicProduceData {
                name: topic.name.clone(),
                topic_id: topic.id,
                partition_data,
            }],
        };
        let frame =
            frame::encode_request_frame(&header::<ProduceRequest>(self.version, correlation_id), &request);
        let cut = frame.cuts.first().map_or(frame.bytes.len(), |cut| cut.at);
        let (head, tail) = frame.bytes.split_at(cut);
        assert!(head.len() <= FRONT_ROOM_BYTES && tail.len() <= TAIL_ROOM_BYTES, "topic names are short");
        let from = FRONT_ROOM_BYTES - head.len();
        bytes[from..FRONT_ROOM_BYTES].copy_from_slice(head);
        bytes[end..end + tail.len()].copy_from_slice(tail);
        Frame { bytes, from, to: end + tail.len() }
    }

    /// The frame is kept until its ack. Without acks the request is done now. It is no answer that the socket took
    /// it: a broker that is not all there again can only say so by closing the connection.
    fn whole_frame_is_out(&self, correlation_id: i32, frame: Frame) {
        let mut queues = self.queues.borrow_mut();
        if self.plan.settings.acks == Acks::None {
            let sent = queues.in_flight.pop_front();
            drop(queues);
            self.reuse(frame);
            sent.into_iter().for_each(|sent| self.done(sent));
            return;
        }
        let Queues { in_flight, refused, .. } = &mut *queues;
        let mut sent = in_flight.iter_mut().rev().chain(refused.iter_mut());
        match sent.find(|sent| sent.correlation_id == correlation_id) {
            Some(sent) => sent.frame = Some(frame),
            None => self.reuse(frame), // answered before this task was told that all of it is out
        }
    }

    /// A frame's buffer is free again.
    fn reuse(&self, frame: Frame) {
        self.shared.spare_buffers.borrow_mut().push(frame.bytes);
    }

    /// A request has ended well.
    fn done(&self, sent: Sent) {
        let (now, window) = (now_ns(), self.shared.run_state.window());
        let records = u64::from(sent.records);
        let mut metrics = self.shared.metrics.borrow_mut();
        metrics.response.go_to(self.shared.run_state.grid().index(now));
        metrics.response.add(records, sent.payload_bytes);
        let mut measured = 0;
        for (instant, count) in &sent.instants {
            let (count, in_window) = (u64::from(*count), window.contains(*instant));
            metrics.response.record(now.saturating_sub(*instant), count, in_window);
            self.shared.progress().response.record(now.saturating_sub(*instant), count);
            if in_window {
                metrics.queue.record(sent.sent_ns.saturating_sub(*instant), count);
                measured += count;
            }
        }
        metrics.service.record(now - sent.sent_ns, measured);
        if window.contains(now) {
            metrics.acked.add(records, sent.payload_bytes);
            metrics.acked_requests += 1;
        }
        if now >= window.from_ns {
            metrics.acked_to_the_last += records;
        }
        metrics.acked_overall.add(records, sent.payload_bytes);
        self.shared.progress().acked(records, sent.payload_bytes);
        self.shared.run_state.partition_acked(sent.partition, records);
        let outcomes = &mut self.shared.outcomes.borrow_mut()[sent.partition];
        match sent.refused {
            Some(range) => outcomes.acked_at_last(range),
            None => outcomes.acked(records),
        }
        self.shared.run_state.generations().acked(self.reconnecting.generation(), now, records);
        sent.frame.into_iter().for_each(|frame| self.reuse(frame));
        let mut instants = sent.instants;
        instants.clear();
        self.shared.spare_runs.borrow_mut().push(instants);
        if self.queues.borrow_mut().refused.go_on() {
            self.to_resend.raise();
        }
        self.shared.wake.raise();
    }

    /// Matches an answer to the oldest request in flight: brokers answer in order.
    fn take_answer(&self, answer: bytes::Bytes) -> Result<(), EngineError> {
        let bytes = (answer.len() + SIZE_PREFIX) as u64;
        if self.shared.run_state.window().contains(now_ns()) {
            self.shared.metrics.borrow_mut().wire_in_bytes += bytes;
        }
        let garbled =
            |why: String| EngineError::Protocol { address: self.reconnecting.address(), api: "Produce", why };
        let (header, response) = frame::decode_response::<ProduceRequest>(answer, self.version)
            .map_err(|e| garbled(e.to_string()))?;
        let partition = response.responses.first().and_then(|topic| topic.partition_responses.first());
        let code = partition.map_or(ErrorCode::None, |partition| partition.error_code);
        if !code.is_none() && self.reconnecting.may_refuse(code) {
            let address = self.reconnecting.address();
            return Err(EngineError::Closed { address, why: None }); // it is left in flight: of unknown outcome
        }
        let sent = self.queues.borrow_mut().in_flight.pop_front();
        let Some(sent) = sent.filter(|sent| sent.correlation_id == header.correlation_id) else {
            return Err(garbled("answers out of order".into()));
        };
        let Some(partition) = partition.filter(|partition| partition.index == sent.partition as i32) else {
            return Err(garbled("another partition".into()));
        };
        if code.is_retriable() {
            self.take_refusal(sent, code);
            return Ok(());
        }
        if !code.is_none() {
            let what = format!("append to {}-{}", self.plan.topic.name.as_str(), sent.partition);
            let why =
                partition.error_message.as_ref().map(|why| format!("; {}", why.as_str())).unwrap_or_default();
            return Err(EngineError::Refused { what, code: describe(code) + &why });
        }
        self.reconnecting.answered();
        self.done(sent);
        Ok(())
    }
}

impl Link {
    /// The broker was killed: what became of the requests in flight nobody knows.
    fn lose_sight(&self) {
        let mut queues = self.queues.borrow_mut();
        queues.down = true;
        queues.connections += 1;
        queues.unsent.clear();
        let mut outcomes = self.shared.outcomes.borrow_mut();
        for sent in queues.in_flight.drain(..) {
            let records = u64::from(sent.records);
            if sent.refused.is_none() {
                outcomes[sent.partition].unknown(records);
            }
            self.shared.run_state.generations().unknown(self.reconnecting.generation(), records);
        }
        for sent in queues.refused.clear() {
            self.shared
                .run_state
                .generations()
                .unknown(self.reconnecting.generation(), u64::from(sent.records));
        }
        self.shared.wake.raise();
    }

    /// Waits until the broker is back; false when the run is over before.
    async fn come_back(&self) -> bool {
        let is_back = self.reconnecting.reconnect(|| self.queues.borrow().closing).await;
        self.queues.borrow_mut().down = !is_back;
        self.shared.wake.raise();
        is_back
    }
}

/// Runs a link's task; what ends it before the link is closed ends the run.
async fn guarded(link: Rc<Link>, task: impl Future<Output = Result<(), EngineError>>) {
    if let Err(error) = task.await
        && !link.queues.borrow().closing
    {
        link.shared.run_state.fail(error);
        link.shared.wake.raise();
    }
}

async fn write_unsent(link: Rc<Link>) -> Result<(), EngineError> {
    loop {
        let next = {
            let mut queues = link.queues.borrow_mut();
            let next = queues.unsent.pop_front();
            queues.writing = next.is_some();
            if queues.closing {
                return Ok(());
            }
            next.map(|next| (next, queues.connections))
        };
        let Some((Unsent { correlation_id, frame, next }, connections)) = next else {
            link.to_write.wait().await;
            continue;
        };
        let is_former = || link.queues.borrow().connections != connections;
        let Frame { bytes, from, to } = frame;
        match link.reconnecting.connection().send_rest(bytes, next, to).await {
            Ok(bytes) if !is_former() => link.whole_frame_is_out(correlation_id, Frame { bytes, from, to }),
            Ok(_) => {}
            Err(_) if is_former() => {}
            Err(_) if link.reconnecting.may_break() => link.reconnecting.shut(),
            Err(error) => return Err(error),
        }
    }
}

async fn read_acks(link: Rc<Link>) -> Result<(), EngineError> {
    loop {
        match read_until_broken(&link).await {
            EngineError::Closed { .. } if link.reconnecting.may_break() && !link.queues.borrow().closing => {
                link.lose_sight();
                if !link.come_back().await {
                    return Ok(());
                }
            }
            error => return Err(error),
        }
    }
}

async fn read_until_broken(link: &Link) -> EngineError {
    let connection = link.reconnecting.connection();
    let mut reader = FrameReader::new(ACK_RECEIVE_BYTES);
    loop {
        let taken = match reader.next(&connection).await {
            Ok(answer) => link.take_answer(answer),
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            return error;
        }
    }
}
