//! Produce: appends batches, each partition exactly one, and answers as `acks` asks.
//!
//! acks=1 answers when the batches are written, acks=-1 when they are durable. acks=0 never answers, and an error
//! closes the connection: the client can learn of it in no other way. Partitions are judged one by one, so a request
//! can succeed in one and fail in another. All appends of a request begin before the connection's next request is
//! looked at: on this core at once, and for other cores by putting them into the mailbox. So a connection's batches
//! keep their order. Only the acks are awaited later.
//!
//! Records are looked at first (`RecordRules`) if a batch's header does not say enough about its timestamps, if the topic
//! is compacted and so every record needs a key, or if the topic has another codec than the batch. Then the batch is
//! compressed anew. Looks that take time are made off the core, a few of one request at a time. Nothing behind such a
//! batch, in its request or its connection, begins before it: sequences and offsets keep the order in which batches came.
//! The socket is not read meanwhile, so what waits behind it is bounded.
//!
//! v7: zstd is allowed. v8: errors have a message. v13: topics are named by id.

mod looking;
mod shares;

use std::rc::Rc;
use std::time::Duration;

use creel_engine::fault_points::Bug;
use creel_engine::{
    Ack, AppendError, AppendOrigin, Batch, BatchError, Codec, LookError, PendingAck, UncheckedBatch,
    fault_points,
};
use creel_io::{STEPS_A_TURN, pace, wall_clock_ms};
use creel_wire::api::produce::{
    BatchIndexAndErrorMessage, PartitionProduceData, PartitionProduceResponse, ProduceRequest,
    ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::answers::KafkaError;
use crate::api::call::{Call, Made};
use crate::api::transactions;
use crate::budget::AnswerRoom;
use crate::limits::ANSWER_BYTES_FREE;
use crate::net::reply::{Answered, PendingReply, Reply};
use crate::peers::questions::{Acks, ProduceShare, ShareError, ShareOutcome};
use crate::peers::{Awaited, ResponseSlot, Scatter};
use crate::tasks::LocalBoxFuture;
use crate::topics::{LocalTopic, Location, Topic, is_internal};

pub(crate) use shares::BegunShares;

/// The first version whose clients know zstd.
const ZSTD_FROM: i16 = 7;

/// What a partition takes in memory in the answer, and again in the frame.
const BYTES_OF_A_PARTITION: usize = 250;

/// How many steps of work a small append is.
const STEPS_AN_APPEND: usize = 4;

/// A request of at most so many topics and partitions begins in one go, without counting. Its answer is small, too.
const PARTITIONS_AT_ONCE: usize = 32;
const _: () = assert!(PARTITIONS_AT_ONCE * BYTES_OF_A_PARTITION <= ANSWER_BYTES_FREE);

/// Batches that another core is given at a time.
const SHARE_AT_ONCE: usize = STEPS_A_TURN / STEPS_AN_APPEND;

/// Why a partition's batch was not appended.
#[derive(Clone, Debug)]
pub(crate) struct ProduceRefusal {
    code: ErrorCode,
    message: Option<String>,
    /// The positions of the records that are to blame, if it is not the batch as a whole.
    records: Vec<i32>,
    /// What is wrong with each of them.
    blame: &'static str,
}

impl ProduceRefusal {
    fn new(code: ErrorCode, message: impl ToString) -> Self {
        Self { message: Some(message.to_string()), ..Self::from(code) }
    }
}

impl From<ErrorCode> for ProduceRefusal {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None, records: Vec::new(), blame: "" }
    }
}

impl From<ShareError> for ProduceRefusal {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::Partition(error) => error.code().into(),
            ShareError::Unanswered => ErrorCode::NotLeaderOrFollower.into(),
            ShareError::Append(error) => error.into(),
        }
    }
}

impl From<LookError> for ProduceRefusal {
    fn from(error: LookError) -> Self {
        let refusal = Self::new(error.code(), &error);
        match error {
            LookError::Keyless(records) => Self { records, blame: KEYLESS, ..refusal },
            LookError::OutOfRange(records) => Self { records, blame: OUT_OF_RANGE, ..refusal },
            LookError::AppendTime(records) => Self { records, blame: APPEND_TIME, ..refusal },
            LookError::Undecodable | LookError::Incompressible => refusal,
        }
    }
}

impl From<BatchError> for ProduceRefusal {
    fn from(error: BatchError) -> Self {
        Self::new(error.code(), error)
    }
}

impl From<AppendError> for ProduceRefusal {
    fn from(error: AppendError) -> Self {
        Self::new(error.code(), error)
    }
}

/// A request on its way to having begun.
pub(crate) enum Start {
    Now(PendingReply),
    /// It has begun when this is ready.
    Later(LocalBoxFuture<'static, PendingReply>),
}

/// Begins a request: its batches are appended, or on their way to the cores that append them. It waits for nothing
/// but other cores, looks at records, and a turn with room if the request is long.
pub(crate) fn begin(call: Call, request: ProduceRequest) -> Start {
    let Some(acks) = Acks::read(request.acks) else {
        return Start::Now(PendingReply::Ready(refuse_all(&call, request, ErrorCode::InvalidRequiredAcks)));
    };
    let partitions = request.topic_data.iter().map(|topic| 1 + topic.partition_data.len()).sum::<usize>();
    let mut sorting = Sorting::new(call, acks, request.topic_data.len());
    if partitions > PARTITIONS_AT_ONCE {
        return Start::Later(Box::pin(begin_many(sorting, request.topic_data, partitions)));
    }
    for topic in request.topic_data {
        sorting.topic(topic);
    }
    fault_points::spend_cpu();
    if sorting.aside.is_none() || sorting.share_now() {
        return Start::Now(sorting.pending(AnswerRoom::NOTHING));
    }
    let begun = Box::pin(async move {
        sorting.look_and_share().await;
        sorting.pending(AnswerRoom::NOTHING)
    });
    if fault_points::has(Bug::RecompressedOvertaken) {
        return Start::Now(PendingReply::later(async move { begun.await.answered().await }));
    }
    Start::Later(begun)
}

async fn begin_many(mut sorting: Sorting, topics: Vec<TopicProduceData>, partitions: usize) -> PendingReply {
    let held = match sorting.call.hold(partitions * BYTES_OF_A_PARTITION).await {
        Ok(held) => held,
        Err(too_large) => return PendingReply::Ready(sorting.call.refuse(&too_large)),
    };
    sorting.many(topics).await;
    sorting.look_and_share().await;
    sorting.pending(held)
}

/// acks=0: no reply. What fails at once closes the connection.
fn silence(mut begun: BegunAppends) -> PendingReply {
    let failed = begun.response.responses.iter().flat_map(|topic| &topic.partition_responses);
    let failed = failed.into_iter().any(|partition| !partition.error_code.is_none());
    if failed {
        return PendingReply::Ready(Reply::Close);
    }
    if begun.elsewhere.is_empty() {
        return PendingReply::Ready(Reply::Silence);
    }
    PendingReply::later(async move {
        let elsewhere = begun.finish(Acks::None).await;
        let mut partitions = begun.response.responses.iter().flat_map(|topic| &topic.partition_responses);
        let is_well = partitions.all(|one| one.error_code.is_none());
        Answered { reply: if is_well { Reply::Silence } else { Reply::Close }, elsewhere }
    })
}

fn refuse_all(call: &Call, request: ProduceRequest, code: ErrorCode) -> Reply {
    let partition = |data: PartitionProduceData| partition_error(data.index, code.into());
    let topic = |data: TopicProduceData| TopicProduceResponse {
        name: data.name,
        topic_id: data.topic_id,
        partition_responses: data.partition_data.into_iter().map(partition).collect(),
    };
    let responses = request.topic_data.into_iter().map(topic).collect();
    call.reply(&ProduceResponse { responses, ..Default::default() })
}

/// A request whose appends have begun.
#[derive(Default)]
struct BegunAppends {
    /// With refusals filled in; the rest is filled in as acks arrive.
    response: ProduceResponse,
    /// Most requests have one batch: it needs no list.
    first: Option<(ResponseSlot, PendingAck)>,
    others: Vec<(ResponseSlot, PendingAck)>,
    elsewhere: Vec<(Vec<ResponseSlot>, Awaited<ProduceShare>)>,
    /// How long batches were compressed anew before their appends began.
    recompressing: Duration,
}

impl BegunAppends {
    /// Waits for all acks, in place. Returns how long batches were compressed anew, and the slowest batch was on its way
    /// or in its log.
    async fn finish(&mut self, acks: Acks) -> Duration {
        let mut slowest = Duration::ZERO;
        let Self { response, first, others, elsewhere, recompressing } = self;
        for (slot, pending) in first.iter().chain(&*others) {
            // Spelled out, because `Acks::wait` would be a call for each batch.
            let outcome = match acks {
                Acks::All => pending.durable().await,
                Acks::None | Acks::Leader => pending.written().await,
            };
            let outcome = outcome.map_err(ShareError::Append);
            slowest = slowest.max(took(&outcome));
            settle(response, *slot, outcome);
        }
        for (slots, awaited) in elsewhere.drain(..) {
            let (outcomes, hop) = awaited.timed().await.unwrap_or_default();
            let mut outcomes = outcomes.into_iter();
            for slot in slots {
                let outcome = outcomes.next().unwrap_or(Err(ShareError::Unanswered));
                slowest = slowest.max(hop + took(&outcome));
                settle(response, slot, outcome);
            }
        }
        *recompressing + slowest
    }
}

fn settle(response: &mut ProduceResponse, slot: ResponseSlot, outcome: ShareOutcome) {
    let at = &mut response.responses[slot.topic].partition_responses[slot.partition];
    match outcome {
        Ok(ack) => acknowledge(at, ack),
        Err(error) => *at = partition_error(at.index, error.into()),
    }
}

fn took(outcome: &ShareOutcome) -> Duration {
    outcome.as_ref().map_or(Duration::ZERO, |ack| ack.took)
}

/// Sorts a request's batches: appended here, or put aside for other cores.
struct Sorting {
    call: Call,
    acks: Acks,
    now_ms: i64,
    begun: BegunAppends,
    /// What is not appended at once; nothing, most often.
    aside: Option<Box<Aside>>,
}

/// What waits until all batches have been seen once.
#[derive(Default)]
struct Aside {
    elsewhere: Scatter<ResponseSlot, (Uuid, i32, Batch)>,
    /// What the batches for other cores take together, in bytes.
    elsewhere_bytes: usize,
    /// The first batch that must be looked into, and all behind it.
    unseen: Vec<Unseen>,
}

/// A batch that waits for a look, at itself or at one before it.
struct Unseen {
    slot: ResponseSlot,
    local: Rc<LocalTopic>,
    index: i32,
    location: Location,
    batch: Batch,
}

/// The question that gives another core its batches.
fn question(acks: Acks) -> impl Fn(Vec<(Uuid, i32, Batch)>) -> ProduceShare {
    move |batches| ProduceShare { acks, batches }
}

/// Whether a batch's header is not enough. One that is too large is refused without a look.
fn must_be_seen(topic: &Topic, batch: &Batch, now_ms: i64) -> bool {
    topic.record_rules.ask_for_records(batch, now_ms) && batch.size_bytes() <= batch_limit(topic)
}

/// The size of the largest batch that a topic takes, in bytes.
fn batch_limit(topic: &Topic) -> usize {
    usize::try_from(topic.config.max_message_bytes).unwrap_or(0)
}

impl Sorting {
    fn new(call: Call, acks: Acks, topics: usize) -> Self {
        let responses = Vec::with_capacity(topics.min(PARTITIONS_AT_ONCE));
        let response = ProduceResponse { responses, ..Default::default() };
        let begun = BegunAppends { response, ..Default::default() };
        Self { call, acks, now_ms: wall_clock_ms(), begun, aside: None }
    }

    fn aside(&mut self) -> &mut Aside {
        self.aside.get_or_insert_default()
    }

    /// What is left to do after all batches have been seen once.
    async fn look_and_share(&mut self) {
        if self.has_unseen() {
            self.look().await;
        }
        self.share().await;
    }

    /// Gives other cores what has been sorted so far.
    async fn share(&mut self) {
        let Some(aside) = &mut self.aside else { return };
        aside.elsewhere_bytes = 0;
        let elsewhere = std::mem::take(&mut aside.elsewhere);
        // The core that is asked begins all that is in one question at once.
        let asked = elsewhere.ask(&self.call.core.peers, SHARE_AT_ONCE, question(self.acks)).await;
        self.shared(asked);
    }

    /// The same without waiting. `false`: it has to wait, for a look or for room. Not inlined, because requests of
    /// local partitions pass by it.
    #[inline(never)]
    fn share_now(&mut self) -> bool {
        if self.has_unseen() {
            return false;
        }
        let elsewhere = std::mem::take(&mut self.aside().elsewhere);
        match elsewhere.ask_now(&self.call.core.peers, SHARE_AT_ONCE, question(self.acks)) {
            Ok(asked) => {
                self.aside = None;
                self.shared(asked);
                true
            }
            Err(back) => {
                self.aside().elsewhere = back;
                false
            }
        }
    }

    fn shared(&mut self, asked: Vec<(Vec<ResponseSlot>, Awaited<ProduceShare>)>) {
        if !asked.is_empty() && self.begun.elsewhere.is_empty() {
            self.call.core.stages.asks_others();
        }
        match self.begun.elsewhere.is_empty() {
            true => self.begun.elsewhere = asked,
            false => self.begun.elsewhere.extend(asked),
        }
    }

    /// The reply, once it has all its acks.
    #[inline]
    fn pending(self, held: AnswerRoom) -> PendingReply {
        let Self { call, acks, mut begun, .. } = self;
        if acks == Acks::None {
            return silence(begun);
        }
        PendingReply::later(async move {
            let elsewhere = begun.finish(acks).await;
            let reply = match held.counts() {
                true => {
                    let response = begun.response;
                    Box::pin(call.reply_made(Ok(Made { response, held }))).await
                }
                false => call.reply(&begun.response),
            };
            Answered { reply, elsewhere }
        })
    }

    /// Begins many partitions, and lets others in between.
    async fn many(&mut self, topics: Vec<TopicProduceData>) {
        for mut data in topics {
            pace(1).await;
            let partitions = std::mem::take(&mut data.partition_data);
            let (topic, local) = self.open(data, partitions.len());
            for (partition, data) in partitions.into_iter().enumerate() {
                pace(STEPS_AN_APPEND).await;
                self.begin(&local, ResponseSlot { topic, partition }, data);
            }
        }
    }

    fn topic(&mut self, mut data: TopicProduceData) {
        let partitions = std::mem::take(&mut data.partition_data);
        let (topic, local) = self.open(data, partitions.len());
        for (partition, data) in partitions.into_iter().enumerate() {
            self.begin(&local, ResponseSlot { topic, partition }, data);
        }
    }

    /// Finds a topic, and makes a place in the response for so many of its partitions.
    fn open(
        &mut self,
        data: TopicProduceData,
        partitions: usize,
    ) -> (usize, Result<Rc<LocalTopic>, ErrorCode>) {
        let topics = &self.call.core.topics;
        let local = match self.call.version {
            13.. => topics.by_id(&data.topic_id).ok_or(ErrorCode::UnknownTopicId),
            _ => topics.by_name(&data.name).ok_or(ErrorCode::UnknownTopicOrPartition),
        };
        let local = local.and_then(|local| match is_internal(&local.topic.name) {
            true => Err(ErrorCode::InvalidTopicException),
            false => Ok(local),
        });
        let topic = self.begun.response.responses.len();
        let partition_responses = Vec::with_capacity(partitions);
        let response = TopicProduceResponse { name: data.name, topic_id: data.topic_id, partition_responses };
        self.begun.response.responses.push(response);
        (topic, local)
    }

    fn begin(
        &mut self,
        local: &Result<Rc<LocalTopic>, ErrorCode>,
        slot: ResponseSlot,
        data: PartitionProduceData,
    ) {
        let index = data.index;
        let outcome = match local {
            Ok(local) => self.partition(local, slot, data),
            Err(code) => Err((*code).into()),
        };
        let shown = match outcome {
            Ok(()) => PartitionProduceResponse { index, ..Default::default() },
            Err(refusal) => partition_error(index, refusal),
        };
        self.begun.response.responses[slot.topic].partition_responses.push(shown);
    }

    fn partition(
        &mut self,
        local: &Rc<LocalTopic>,
        slot: ResponseSlot,
        data: PartitionProduceData,
    ) -> Result<(), ProduceRefusal> {
        let index = data.index;
        let location = self.call.core.topics.locate(local, index);
        let batch = check(self.call.version, data)?;
        if self.has_unseen() || must_be_seen(&local.topic, &batch, self.now_ms) {
            self.aside().unseen.push(Unseen { slot, local: local.clone(), index, location, batch });
            return Ok(());
        }
        self.append(slot, &local.topic, index, location, batch)
    }

    fn has_unseen(&self) -> bool {
        self.aside.as_ref().is_some_and(|aside| !aside.unseen.is_empty())
    }

    fn append(
        &mut self,
        slot: ResponseSlot,
        topic: &Topic,
        index: i32,
        location: Location,
        batch: Batch,
    ) -> Result<(), ProduceRefusal> {
        match location {
            Location::Local(partition) => {
                let awaits = self.acks.awaits();
                let pending = partition.append_at(&batch, AppendOrigin::Client, awaits, self.now_ms)?;
                match self.begun.first {
                    None => self.begun.first = Some((slot, pending)),
                    Some(_) => self.begun.others.push((slot, pending)),
                }
            }
            Location::Remote(core) => {
                self.call.core.stages.carries(batch.size_bytes());
                let aside = self.aside();
                aside.elsewhere_bytes += batch.size_bytes();
                aside.elsewhere.add(core, slot, (topic.id, index, batch));
            }
            Location::Unavailable(error) => return Err(error.code().into()),
        }
        Ok(())
    }
}

/// Whether the bytes are one batch that a client of this version may send.
fn check(version: i16, data: PartitionProduceData) -> Result<Batch, ProduceRefusal> {
    let batch = UncheckedBatch::new(data.records.inline().clone()).verify()?;
    let attributes = batch.header().attributes;
    if attributes.codec() == Some(Codec::Zstd) && version < ZSTD_FROM {
        let message = "Produce requests before version 7 cannot carry zstd";
        return Err(ProduceRefusal::new(ErrorCode::UnsupportedCompressionType, message));
    }
    if attributes.is_control() {
        return Err(AppendError::InvalidRecord("clients must not write control records").into());
    }
    if attributes.is_transactional() {
        return Err(ProduceRefusal::new(ErrorCode::InvalidTxnState, transactions::WORDS));
    }
    Ok(batch)
}

const KEYLESS: &str = "Compacted topic cannot accept message without key";
const APPEND_TIME: &str = "Only the broker sets the append time";
const OUT_OF_RANGE: &str = "Timestamp is further back than message.timestamp.before.max.ms, or further ahead than message.timestamp.after.max.ms";

/// Fills in the outcome of an append. The rest of the entry stays as it was made.
fn acknowledge(at: &mut PartitionProduceResponse, ack: Ack) {
    at.base_offset = ack.base_offset.get();
    at.log_append_time_ms = ack.log_append_time_ms.unwrap_or(-1);
    at.log_start_offset = ack.log_start.get();
}

fn partition_error(index: i32, refusal: ProduceRefusal) -> PartitionProduceResponse {
    PartitionProduceResponse {
        index,
        error_code: refusal.code,
        base_offset: -1,
        record_errors: refusal.records.into_iter().map(|at| blamed(at, refusal.blame)).collect(),
        error_message: refusal.message.map(Str::from),
        ..Default::default()
    }
}

fn blamed(batch_index: i32, message: &'static str) -> BatchIndexAndErrorMessage {
    let message = Some(Str::from_static(message));
    BatchIndexAndErrorMessage { batch_index, batch_index_error_message: message }
}
