//! Fetch: whole batches from the one that holds the wanted offset on, up to the high watermark.
//!
//! A fetch is answered at once in three cases: something is wrong, `min_bytes` are there, or it may not wait.
//! Otherwise it is parked until enough has come or `max_wait_ms` is over. The first partition that has records
//! ignores both byte limits, so a batch larger than the limits gets through (KIP-74). `records` is never null.
//! Records stay in their files: the reply names pieces of files, and this connection's core sends them with sendfile,
//! whichever core owns the partition.
//!
//! A partition that is named twice is read and answered once (see `fetch_list`). The memory of a fetch is bounded by
//! what it names. While it waits, it holds its frame (16 MiB at most, which the connection counts), 32 bytes a
//! partition, 48 a topic, and less than 200 more for each partition that exists. When it is answered, it holds some
//! 200 bytes a partition until it is encoded, and then the frame until it is sent. Both have room of their core's
//! (`budget`). Its work lets other tasks run in between.
//!
//! v7: sessions (KIP-227, see `sessions`). v13: topics are named by id.

mod parked;
mod read;
mod reading;

use std::time::Duration;

use creel_engine::{Isolation, Offset};
use creel_io::fs::FileSlice;
use creel_io::{offload, pace};
use creel_wire::api::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use creel_wire::{EncodedFrame, ErrorCode, Records};

use self::read::size;
use self::reading::{FetchTerms, Located, Reading};
use crate::api::call::Call;
use crate::budget::{AnswerRoom, AnswerTooLarge};
use crate::fetch_sessions::fetch_list::{FetchItem, FetchList};
use crate::fetch_sessions::sessions::{self, Context, PartitionState};
use crate::limits::{ANSWER_BYTES_FREE, FETCH_BYTES_MAX};
use crate::net::reply::{Answered, FilePiece, PendingReply, Reply, Slices};
use crate::peers::questions::{Bounds, FoundPartition};
use crate::tasks::gradual_vec::AT_ONCE;

pub(crate) use self::parked::watch_for;

/// Since when topics are named by id.
const IDS_FROM: i16 = 13;

/// A request of more topics is freed off the core: each of them is a list.
const TOPICS_HERE_MAX: usize = 1_000;

/// What a partition takes in memory in the answer and in its frame together, and what a topic takes beside its name.
const BYTES_OF_A_PARTITION: usize = 200;
const BYTES_OF_A_TOPIC: usize = 150;

/// An answer of at most so many partitions, each in a topic of its own, needs no room, if all names together take no
/// more than `NAMES_BYTES_FREE`.
const PARTITIONS_FREE: usize = 90;
const NAMES_BYTES_FREE: usize = ANSWER_BYTES_FREE / 2;
const _: () = assert!(
    PARTITIONS_FREE * (BYTES_OF_A_PARTITION + BYTES_OF_A_TOPIC) + NAMES_BYTES_FREE <= ANSWER_BYTES_FREE
);

/// Begins a request.
pub(crate) fn begin(call: Call, request: FetchRequest) -> PendingReply {
    PendingReply::later(answer(call, request))
}

async fn answer(call: Call, request: FetchRequest) -> Answered {
    let by_id = call.version >= IDS_FROM;
    let terms = FetchTerms::of(&call, &request);
    let client = call.client.number;
    let resolved = sessions::resolve(&call.core.sessions, client, &request, by_id).await;
    // While it waits, what it asks for is held once.
    if request.topics.len() <= TOPICS_HERE_MAX {
        drop(request);
    } else {
        offload(move || drop(request)).await;
    }
    let (context, list) = match resolved {
        Ok(resolved) => resolved,
        Err(error_code) => {
            let refused = FetchResponse { error_code, ..Default::default() };
            return call.reply(&refused).into();
        }
    };
    let mut reading = Reading::new(&call.core, terms, list.partitions.len());
    reading.locate(&list, by_id).await;
    reading.wait_and_read().await;
    reading.keep_within_budget().await;
    let fetch = Fetch { call: &call, by_id, terms, list };
    let reply = fetch.reply(&context, &mut reading).await;
    Answered {
        reply: reply.unwrap_or_else(|too_large| call.refuse(&too_large)),
        elsewhere: reading.elsewhere,
    }
}

impl FetchTerms {
    fn of(call: &Call, request: &FetchRequest) -> Self {
        let isolation =
            if request.isolation_level == 1 { Isolation::LastStable } else { Isolation::HighWatermark };
        let most = size(request.max_bytes.min(call.core.node.broker().fetch_max_bytes));
        let bytes_max = most.min(FETCH_BYTES_MAX);
        Self {
            isolation,
            bytes_max,
            // More than may be answered can't be waited for.
            bytes_min: size(request.min_bytes).min(bytes_max),
            wait: Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)),
        }
    }
}

struct Fetch<'a> {
    call: &'a Call,
    by_id: bool,
    terms: FetchTerms,
    list: FetchList,
}

impl Fetch<'_> {
    async fn reply(self, context: &Context, reading: &mut Reading<'_>) -> Result<Reply, AnswerTooLarge> {
        let session_id = self.session(context, reading).await;
        let (mut told, free, mut held) = (0, self.partitions_free(), AnswerRoom::NOTHING);
        let mut pieces = Vec::with_capacity(reading.with_records());
        let mut responses = Vec::with_capacity(self.list.topics.len().min(AT_ONCE));
        for (at, wanted) in self.list.partitions.iter().enumerate() {
            if self.must_tell(context, at, reading) {
                if told == free {
                    held = Box::pin(self.room()).await?;
                }
                let (data, slice) = self.partition_data(wanted, reading.located(at));
                pieces.extend(slice.map(|slice| FilePiece { at: 0, slice }));
                self.add(&mut responses, wanted, data);
                told += 1;
            }
            pace(1).await;
        }
        let response = FetchResponse { session_id, responses, ..Default::default() };
        let frame = match held.counts() {
            false => self.call.encode(&response),
            true => Box::pin(self.large(response, &mut held)).await,
        };
        let Some(frame) = frame else { return Ok(Reply::Close) };
        debug_assert_eq!(frame.cuts.len(), pieces.len());
        for (piece, cut) in pieces.iter_mut().zip(&frame.cuts) {
            debug_assert_eq!(u64::from(cut.len), piece.slice.length);
            piece.at = cut.at;
        }
        let slices = Slices { pieces, hold: reading.take_hold() };
        Ok(match held.counts() {
            false => Reply::Sliced(frame.bytes, slices),
            true => Reply::LargeSliced(Box::new((frame.bytes, slices, held))),
        })
    }

    /// How many partitions its answer may have without room.
    fn partitions_free(&self) -> usize {
        let topics = &self.list.topics;
        let has_long_names =
            topics.len() > 1 && topics.iter().map(|topic| topic.name.len()).sum::<usize>() > NAMES_BYTES_FREE;
        if has_long_names { 0 } else { PARTITIONS_FREE }
    }

    /// Room for an answer that tells of all that is asked for.
    async fn room(&self) -> Result<AnswerRoom, AnswerTooLarge> {
        let topics = self.list.topics.iter().map(|topic| BYTES_OF_A_TOPIC + topic.name.len()).sum::<usize>();
        self.call.hold(topics + self.list.partitions.len() * BYTES_OF_A_PARTITION).await
    }

    /// The frame of an answer that has room.
    async fn large(self, response: FetchResponse, held: &mut AnswerRoom) -> Option<EncodedFrame> {
        let list = self.list;
        if list.partitions.len() > AT_ONCE {
            offload(move || drop(list)).await;
        }
        self.call.encode_made(response, held).await
    }

    /// The session's id. A new session remembers what is answered.
    async fn session(&self, context: &Context, reading: &mut Reading<'_>) -> i32 {
        match context {
            Context::Sessionless => 0,
            Context::Incremental(id, _) => *id,
            Context::Full => {
                let (sessions, client) = (&self.call.core.sessions, self.call.client.number);
                let state = |at| state(&reading.located(at));
                Box::pin(sessions::create(sessions, client, self.by_id, &self.list, state)).await
            }
        }
    }

    /// Whether the client does not know yet what was found in a partition.
    fn must_tell(&self, context: &Context, at: usize, reading: &mut Reading<'_>) -> bool {
        let Context::Incremental(id, places) = context else { return true };
        let Some(place) = places.get(at) else { return true };
        self.call.core.sessions.borrow_mut().must_tell(*id, *place, &state(&reading.located(at)))
    }

    fn partition_data(
        &self,
        wanted: &FetchItem,
        located: Located<&mut FoundPartition>,
    ) -> (PartitionData, Option<FileSlice>) {
        let found = match located {
            Located::Somewhere(found) => found,
            Located::Missing(error_code) => {
                // A partition that was never read still has a list of records: an empty one.
                let missing = PartitionData {
                    partition_index: wanted.partition,
                    error_code,
                    high_watermark: -1,
                    aborted_transactions: Some(Vec::new()),
                    ..Default::default()
                };
                return (missing, None);
            }
        };
        let slice = found.slice.take();
        let bounds = found.bounds;
        let unless_failed = |number: fn(Bounds) -> Offset| bounds.map_or(-1, |bounds| number(bounds).get());
        let is_read_committed = self.terms.isolation == Isolation::LastStable;
        let data = PartitionData {
            partition_index: wanted.partition,
            error_code: bounds.err().unwrap_or(ErrorCode::None),
            high_watermark: unless_failed(|bounds| bounds.high_watermark),
            last_stable_offset: unless_failed(|bounds| bounds.last_stable),
            log_start_offset: unless_failed(|bounds| bounds.log_start),
            aborted_transactions: (is_read_committed && bounds.is_ok()).then(Vec::new),
            records: slice
                .as_ref()
                .map_or(Records::EMPTY, |slice| Records::External { len: slice.length as u32 }),
            ..Default::default()
        };
        (data, slice)
    }

    /// Adds a partition's answer. Neighbours of the same topic share its entry; the order stays.
    fn add(&self, responses: &mut Vec<FetchableTopicResponse>, wanted: &FetchItem, data: PartitionData) {
        let Some(key) = self.list.topic(wanted) else { return };
        match responses.last_mut() {
            Some(last) if last.topic_id == key.id && last.topic == key.name => last.partitions.push(data),
            _ => {
                let expected = self.list.partitions.len() / self.list.topics.len().max(1);
                let mut partitions = Vec::with_capacity(expected.clamp(1, AT_ONCE));
                partitions.push(data);
                let (topic, topic_id) = (key.name.clone(), key.id);
                responses.push(FetchableTopicResponse { topic, topic_id, partitions });
            }
        }
    }
}

fn state(located: &Located<&mut FoundPartition>) -> PartitionState {
    match located {
        Located::Somewhere(found) => found.state(),
        Located::Missing(_) => {
            PartitionState { has_failed: true, has_records: false, high_watermark: -1, log_start: -1 }
        }
    }
}
