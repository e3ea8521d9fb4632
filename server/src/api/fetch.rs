//! Fetch: whole batches from the one that holds the wanted offset on, up to the high watermark.
//!
//! Answered at once when something is wrong, when `min_bytes` are there, or when nothing may be waited for; else parked
//! until one of the partitions moves or `max_wait_ms` is over. The first partition that has records ignores both byte
//! limits, so that a batch larger than them gets through (KIP-74). `records` is never null. Records stay in their files:
//! the reply has cuts that this connection's core fills with sendfile, wherever the partition lives.
//!
//! v7: sessions (KIP-227, see `sessions`). v13: topics are named by id.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use creel_engine::{Isolation, Offset, Partition, ReadError, ReadOutcome};
use creel_io::fs::FileSlice;
use creel_io::{CoreId, now};
use creel_wire::api::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use creel_wire::{ErrorCode, Records, Uuid};

use crate::call::Call;
use crate::core::Core;
use crate::epochs::{check_epoch, read_error};
use crate::parked::{self, Watched};
use crate::reply::{Answered, Pending, Reply};
use crate::route::{self, Awaited};
use crate::sessions::{Context, Wanted};
use crate::topics::Place;

/// Since when topics are named by id.
const IDS_FROM: i16 = 13;

/// What to read of one partition.
#[derive(Clone, Copy, Debug)]
struct Read {
    offset: Offset,
    bytes_max: usize,
    leader_epoch: i32,
}

/// Limits of a whole fetch.
#[derive(Clone, Copy, Debug)]
struct Limits {
    isolation: Isolation,
    bytes_max: usize,
}

/// What to read of the partitions of one other core.
pub(crate) struct FetchShare {
    limits: Limits,
    partitions: Vec<(Uuid, i32, Read)>,
}

/// What was found in a partition.
#[derive(Clone, Debug)]
pub(crate) struct FoundPartition {
    error: ErrorCode,
    high_watermark: Offset,
    last_stable: Offset,
    log_start: Offset,
    slice: Option<FileSlice>,
}

impl FoundPartition {
    fn failed(error: ErrorCode) -> Self {
        let unknown = Offset(-1);
        Self { error, high_watermark: unknown, last_stable: unknown, log_start: unknown, slice: None }
    }

    fn size_bytes(&self) -> usize {
        self.slice.as_ref().map_or(0, |slice| slice.length as usize)
    }
}

impl From<ReadOutcome> for FoundPartition {
    fn from(outcome: ReadOutcome) -> Self {
        let ReadOutcome { slice, high_watermark, last_stable, log_start } = outcome;
        Self { error: ErrorCode::None, high_watermark, last_stable, log_start, slice }
    }
}

/// Where a wanted partition is.
enum Located {
    Here(Partition),
    There(CoreId, Uuid),
    Missing(ErrorCode),
}

/// Begins a request.
pub(crate) fn begin(call: Call, request: FetchRequest) -> Pending {
    Pending::later(answer(call, request))
}

async fn answer(call: Call, request: FetchRequest) -> Answered {
    let by_id = call.version >= IDS_FROM;
    let resolved = call.core.sessions.borrow_mut().resolve(&request, by_id);
    let (context, wanted) = match resolved {
        Ok(resolved) => resolved,
        Err(error_code) => {
            let refused = FetchResponse { error_code, ..Default::default() };
            return Reply::from(call.encode(&refused)).into();
        }
    };
    let fetch = Fetch::new(&call, &request, wanted, by_id);
    let mut found = fetch.wait_and_read().await;
    fetch.keep_within_budget(&mut found);
    let reply = fetch.reply(context, found);
    Answered { reply, elsewhere: fetch.elsewhere.get() }
}

struct Fetch<'a> {
    call: &'a Call,
    by_id: bool,
    read_committed: bool,
    limits: Limits,
    bytes_min: usize,
    wait: Duration,
    wanted: Vec<Wanted>,
    located: Vec<Located>,
    /// Spent parked, and on the way to other cores and back.
    elsewhere: Cell<Duration>,
}

impl<'a> Fetch<'a> {
    fn new(call: &'a Call, request: &FetchRequest, wanted: Vec<Wanted>, by_id: bool) -> Self {
        let read_committed = request.isolation_level == 1;
        let isolation = if read_committed { Isolation::LastStable } else { Isolation::HighWatermark };
        let bytes_max = size(request.max_bytes.min(call.core.node.broker().fetch_max_bytes));
        let located = wanted.iter().map(|wanted| locate(&call.core, wanted, by_id)).collect();
        Self {
            call,
            by_id,
            read_committed,
            limits: Limits { isolation, bytes_max },
            bytes_min: size(request.min_bytes),
            wait: Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)),
            wanted,
            located,
            elsewhere: Cell::default(),
        }
    }

    /// Reads, and again whenever something has moved, until there is enough to answer.
    async fn wait_and_read(&self) -> Vec<FoundPartition> {
        let deadline = now() + self.wait;
        loop {
            let found = self.read().await;
            let since = now();
            let waits = since < deadline && !self.call.core.stopping.has_begun();
            if !waits || self.is_enough(&found) {
                return found;
            }
            parked::wait(&self.call.core, self.watched(&found), deadline).await;
            self.was_elsewhere(since.elapsed());
        }
    }

    fn was_elsewhere(&self, time: Duration) {
        self.elsewhere.set(self.elsewhere.get() + time);
    }

    /// A topic that does not exist is no reason to answer at once, unless there is nothing else: a client that asks
    /// for it again and again must not do so in a tight loop.
    fn is_enough(&self, found: &[FoundPartition]) -> bool {
        let mut readable = 0;
        let mut bytes = 0;
        for ((located, found), wanted) in self.located.iter().zip(found).zip(&self.wanted) {
            match located {
                Located::Missing(_) => {}
                _ if !found.error.is_none() => return true,
                _ => {
                    readable += 1;
                    bytes += found.size_bytes().min(size(wanted.bytes_max));
                }
            }
        }
        readable == 0 || bytes >= self.bytes_min
    }

    fn watched(&self, found: &[FoundPartition]) -> Watched {
        let mut watched = Watched::default();
        for ((located, found), wanted) in self.located.iter().zip(found).zip(&self.wanted) {
            match located {
                Located::Here(partition) => watched.here(partition.clone(), found.high_watermark),
                Located::There(core, topic) => {
                    watched.there(*core, *topic, wanted.key.partition, found.high_watermark);
                }
                Located::Missing(_) => {}
            }
        }
        watched
    }

    /// Reads all partitions: other cores' by asking, this core's meanwhile.
    async fn read(&self) -> Vec<FoundPartition> {
        let mut found: Vec<_> = self.located.iter().map(unread).collect();
        let awaited = self.ask_others().await;
        let mut budget = Budget::new(&self.call.core, self.limits);
        for (at, (located, wanted)) in self.located.iter().zip(&self.wanted).enumerate() {
            if let Located::Here(partition) = located {
                found[at] = budget.read(partition, Read::from(wanted)).await;
            }
        }
        let mut longest = Duration::ZERO;
        for (slots, awaited) in awaited {
            let (shares, hop) = awaited.timed().await.unwrap_or_default();
            longest = longest.max(hop);
            for (at, one) in slots.into_iter().zip(shares) {
                found[at] = one;
            }
        }
        self.was_elsewhere(longest);
        found
    }

    /// Asks the other cores for their shares; with each answer, the places of its partitions.
    async fn ask_others(&self) -> Vec<(Vec<usize>, Awaited<FetchShare>)> {
        let mut shares: BTreeMap<CoreId, (Vec<usize>, FetchShare)> = BTreeMap::new();
        for (at, (located, wanted)) in self.located.iter().zip(&self.wanted).enumerate() {
            if let Located::There(core, topic) = located {
                let empty = || (Vec::new(), FetchShare { limits: self.limits, partitions: Vec::new() });
                let (slots, share) = shares.entry(*core).or_insert_with(empty);
                slots.push(at);
                share.partitions.push((*topic, wanted.key.partition, Read::from(wanted)));
            }
        }
        let mut awaited = Vec::with_capacity(shares.len());
        for (core, (slots, share)) in shares {
            awaited.push((slots, route::ask(&self.call.core, core, share).await));
        }
        awaited
    }

    /// Each core has kept within the limits by itself; together they must too.
    fn keep_within_budget(&self, found: &mut [FoundPartition]) {
        let mut left = self.limits.bytes_max;
        let mut is_first = true;
        for (found, wanted) in found.iter_mut().zip(&self.wanted) {
            let bytes = found.size_bytes();
            if bytes > 0 && !is_first && bytes > left.min(size(wanted.bytes_max)) {
                found.slice = None;
            } else if bytes > 0 {
                is_first = false;
                left = left.saturating_sub(bytes);
            }
        }
    }

    fn reply(&self, context: Context, found: Vec<FoundPartition>) -> Reply {
        let mut slices = Vec::new();
        let mut answered = Vec::with_capacity(found.len());
        for ((wanted, located), mut found) in self.wanted.iter().zip(&self.located).zip(found) {
            let slice = found.slice.take();
            let data = self.partition_data(wanted, &found, slice.as_ref());
            // Of what was never looked at, there is a list, and nothing in it.
            let aborted_transactions = match located {
                Located::Missing(_) => Some(Vec::new()),
                Located::Here(_) | Located::There(..) => data.aborted_transactions,
            };
            answered.push((wanted, PartitionData { aborted_transactions, ..data }));
            slices.extend(slice);
        }
        let session_id = self.remember(context, &mut answered);
        let responses = self.by_topic(answered);
        let frame = self.call.encode(&FetchResponse { session_id, responses, ..Default::default() });
        Reply::Sliced(frame, slices)
    }

    fn partition_data(
        &self,
        wanted: &Wanted,
        found: &FoundPartition,
        slice: Option<&FileSlice>,
    ) -> PartitionData {
        PartitionData {
            partition_index: wanted.key.partition,
            error_code: found.error,
            high_watermark: found.high_watermark.0,
            last_stable_offset: found.last_stable.0,
            log_start_offset: found.log_start.0,
            aborted_transactions: (self.read_committed && found.error.is_none()).then(Vec::new),
            records: slice.map_or(Records::EMPTY, |slice| Records::External { len: slice.length as u32 }),
            ..Default::default()
        }
    }

    /// Lets the session know, and leaves out what its client knows already. The session's id.
    fn remember(&self, context: Context, answered: &mut Vec<(&Wanted, PartitionData)>) -> i32 {
        let mut sessions = self.call.core.sessions.borrow_mut();
        match context {
            Context::Sessionless => 0,
            Context::Full => {
                sessions.create(self.by_id, answered.iter().map(|(wanted, data)| (*wanted, data)))
            }
            Context::Incremental(id) => {
                answered.retain(|(wanted, data)| sessions.must_tell(id, &wanted.key, data));
                id
            }
        }
    }

    /// Neighbours of the same topic share its entry; the order stays.
    fn by_topic(&self, answered: Vec<(&Wanted, PartitionData)>) -> Vec<FetchableTopicResponse> {
        let mut topics: Vec<FetchableTopicResponse> = Vec::new();
        for (wanted, data) in answered {
            let key = &wanted.key;
            match topics.last_mut() {
                Some(last) if last.topic_id == key.id && last.topic == key.name => last.partitions.push(data),
                _ => topics.push(FetchableTopicResponse {
                    topic: key.name.clone(),
                    topic_id: key.id,
                    partitions: vec![data],
                }),
            }
        }
        topics
    }
}

/// What is shown of a partition that is not read after all: it is missing, or its core ends before it answers.
fn unread(located: &Located) -> FoundPartition {
    FoundPartition::failed(match located {
        Located::Missing(error) => *error,
        Located::There(..) | Located::Here(_) => ErrorCode::NotLeaderOrFollower,
    })
}

fn locate(core: &Core, wanted: &Wanted, by_id: bool) -> Located {
    let (local, missing) = match by_id {
        true => (core.topics.by_id(&wanted.key.id), ErrorCode::UnknownTopicId),
        false => (core.topics.by_name(&wanted.key.name), ErrorCode::UnknownTopicOrPartition),
    };
    let Some(local) = local else { return Located::Missing(missing) };
    match core.topics.place(&local, wanted.key.partition) {
        Place::Here(partition) => Located::Here(partition),
        Place::There(core) => Located::There(core, local.topic.id),
        Place::Nowhere(code) => Located::Missing(code),
    }
}

impl From<&Wanted> for Read {
    fn from(wanted: &Wanted) -> Self {
        let (offset, leader_epoch) = (Offset(wanted.offset), wanted.leader_epoch);
        Self { offset, bytes_max: size(wanted.bytes_max), leader_epoch }
    }
}

/// Reads this core's share for another core.
pub(crate) async fn read_share(core: &Rc<Core>, share: FetchShare) -> Vec<FoundPartition> {
    let mut budget = Budget::new(core, share.limits);
    let mut found = Vec::with_capacity(share.partitions.len());
    for (topic, index, read) in share.partitions {
        found.push(match core.topics.own(&topic, index) {
            Ok(partition) => budget.read(&partition, read).await,
            Err(code) => FoundPartition::failed(code),
        });
    }
    found
}

/// Bytes that a core may still add.
struct Budget {
    isolation: Isolation,
    left: usize,
    has_some: bool,
    is_stopping: bool,
}

impl Budget {
    fn new(core: &Core, limits: Limits) -> Self {
        let is_stopping = core.stopping.has_begun();
        Self { isolation: limits.isolation, left: limits.bytes_max, has_some: false, is_stopping }
    }

    async fn read(&mut self, partition: &Partition, read: Read) -> FoundPartition {
        if let Err(error) = check_epoch(partition, read.leader_epoch) {
            return FoundPartition::failed(error);
        }
        let bytes_max = read.bytes_max.min(self.left);
        match partition.read(read.offset, self.isolation, bytes_max, !self.has_some).await {
            Ok(outcome) => {
                let found = FoundPartition::from(outcome);
                self.has_some |= found.slice.is_some();
                self.left = self.left.saturating_sub(found.size_bytes());
                found
            }
            // A partition that is closed while the broker goes on belongs to a topic that was deleted.
            Err(ReadError::Closed) if !self.is_stopping => {
                FoundPartition::failed(ErrorCode::UnknownTopicOrPartition)
            }
            Err(error) => FoundPartition::failed(read_error(&error)),
        }
    }
}

/// A size from the wire; a negative one asks for nothing.
fn size(bytes: i32) -> usize {
    usize::try_from(bytes).unwrap_or(0)
}
