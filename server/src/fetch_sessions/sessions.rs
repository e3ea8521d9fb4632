//! Fetch sessions (KIP-227): a client names its partitions once, then only what changes, and is told only what changed.
//!
//! A session belongs to the connection that made it and ends with it. A client that comes back, here or on another
//! core, is told that its session is not found (70) and makes a new one, as after a restart. Sessions are bounded in
//! number and in size. If there is no place or no room for a new one, it is declined with id 0 and the client goes on
//! without. A session that grows beyond the room is given up (70), and the next one that its client asks for is
//! declined. One connection may have only a part of both (`SESSIONS_SHARED_BY`), so that it keeps nobody else out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use creel_io::{Instant, count_work, now, pace, random_u64, spawn};
use creel_wire::ErrorCode;
use creel_wire::api::fetch::FetchRequest;

use crate::fetch_sessions::fetch_list::{FetchItem, FetchList, FetchTopicKey, items_of};
use crate::limits::{
    SESSION_BYTES, SESSION_EVICTION, SESSION_PARTITION_BYTES, SESSION_TOPIC_BYTES, SESSIONS_BYTES,
    SESSIONS_SHARED_BY,
};
use crate::tasks::gradual_vec::AT_ONCE;

/// The epoch of a request that makes a session.
const FIRST_EPOCH: i32 = 0;
/// The epoch of a request that wants none, and ends the one it names.
const LAST_EPOCH: i32 = -1;

/// How a fetch stands to sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// Everything asked for is answered, and nothing remembered.
    Sessionless,
    /// Everything asked for is answered, and a session made of it if there is room.
    Full,
    /// The session's partitions are read, and those that changed are answered. Holds the session's id, and the places
    /// that its partitions had when they were asked for.
    Incremental(i32, Vec<u64>),
}

/// What a client is to be told of a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartitionState {
    pub(crate) has_failed: bool,
    pub(crate) has_records: bool,
    pub(crate) high_watermark: i64,
    pub(crate) log_start: i64,
}

/// The sessions of a core.
#[derive(Debug)]
pub(crate) struct Sessions {
    slots: usize,
    sessions: BTreeMap<i32, FetchSession>,
    /// Which session is whose, by the number of its connection.
    owned: BTreeSet<(u64, i32)>,
    /// What all sessions take, and those of each connection.
    bytes: usize,
    bytes_of: BTreeMap<u64, usize>,
}

#[derive(Debug)]
struct FetchSession {
    owner: u64,
    next_epoch: i32,
    by_id: bool,
    last_used: Instant,
    bytes: usize,
    numbers: BTreeMap<FetchTopicKey, u32>,
    topics: Vec<SessionTopic>,
    /// Numbers that are not in use.
    free: Vec<u32>,
    places: BTreeMap<(u32, i32), u64>,
    /// In the order they are read: those that gave records go to the end, so that none starves.
    partitions: BTreeMap<u64, Cached>,
    next_place: u64,
}

#[derive(Debug, Default)]
struct SessionTopic {
    key: FetchTopicKey,
    partitions: usize,
}

#[derive(Debug)]
struct Cached {
    wanted: FetchItem,
    /// As the client was last told; -1: it must be told.
    high_watermark: i64,
    log_start: i64,
}

/// What a request asks for, its session taken into account. The connection it came by is `client`.
pub(crate) async fn resolve(
    sessions: &RefCell<Sessions>,
    client: u64,
    request: &FetchRequest,
    by_id: bool,
) -> Result<(Context, FetchList), ErrorCode> {
    let (id, epoch) = (request.session_id, request.session_epoch);
    if matches!(epoch, FIRST_EPOCH | LAST_EPOCH) {
        sessions.borrow_mut().end(id);
        let context = if epoch == FIRST_EPOCH { Context::Full } else { Context::Sessionless };
        return Ok((context, FetchList::of(request).await));
    }
    sessions.borrow_mut().continue_with(id, client, epoch, by_id)?;
    update(sessions, id, request).await?;
    let (places, list) = list(sessions, id).await;
    if list.partitions.is_empty() {
        sessions.borrow_mut().end(id);
        return Ok((Context::Sessionless, list));
    }
    Ok((Context::Incremental(id, places), list))
}

async fn update(sessions: &RefCell<Sessions>, id: i32, request: &FetchRequest) -> Result<(), ErrorCode> {
    for topic in &request.topics {
        let key = FetchTopicKey { id: topic.topic_id, name: topic.topic.clone() };
        for wanted in items_of(topic, 0) {
            let taken = sessions.borrow_mut().set(id, &key, wanted);
            if taken.is_none() {
                sessions.borrow_mut().end(id);
                return Err(ErrorCode::FetchSessionIdNotFound);
            }
            pace(1).await;
        }
    }
    for topic in &request.forgotten_topics_data {
        let key = FetchTopicKey { id: topic.topic_id, name: topic.topic.clone() };
        for partition in &topic.partitions {
            sessions.borrow_mut().forget(id, &key, *partition);
            pace(1).await;
        }
    }
    Ok(())
}

/// The partitions of a session with their places, in the order they are read.
async fn list(sessions: &RefCell<Sessions>, id: i32) -> (Vec<u64>, FetchList) {
    let (mut places, mut list) = (Vec::new(), FetchList::default());
    while sessions.borrow().list_more(id, &mut places, &mut list) {
        pace(1).await;
    }
    (places, list)
}

/// Makes a session of what was asked for and answered. Its id, or 0.
pub(crate) async fn create(
    sessions: &RefCell<Sessions>,
    client: u64,
    by_id: bool,
    list: &FetchList,
    mut state: impl FnMut(usize) -> PartitionState,
) -> i32 {
    let added = sessions.borrow_mut().add(client, by_id, list);
    let Some(id) = added else { return 0 };
    for (at, wanted) in list.partitions.iter().enumerate() {
        let Some(key) = list.topic(wanted) else { continue };
        let taken = sessions.borrow_mut().set(id, key, *wanted);
        let Some(place) = taken else {
            sessions.borrow_mut().end(id);
            return 0;
        };
        sessions.borrow_mut().must_tell(id, place, &state(at));
        pace(1).await;
    }
    id
}

impl Sessions {
    pub(crate) fn new(slots: usize) -> Self {
        let (sessions, owned, bytes_of) = Default::default();
        Self { slots, sessions, owned, bytes: 0, bytes_of }
    }

    /// A connection has ended, and its sessions with it.
    pub(crate) fn end_of(&mut self, client: u64) {
        while let Some((_, id)) = self.owned.range((client, i32::MIN)..=(client, i32::MAX)).next() {
            self.end(*id);
        }
    }

    /// Whether the partition that had `place` in session `id` must be in its answer; from then on it is taken as told.
    pub(crate) fn must_tell(&mut self, id: i32, place: u64, state: &PartitionState) -> bool {
        self.sessions.get_mut(&id).is_none_or(|session| session.told(place, state))
    }

    /// The next request of a session.
    fn continue_with(&mut self, id: i32, client: u64, epoch: i32, by_id: bool) -> Result<(), ErrorCode> {
        let session = self.sessions.get_mut(&id).filter(|session| session.owner == client);
        let session = session.ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.next_epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.by_id != by_id {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        // After the largest epoch comes 1: 0 would make a new session.
        session.next_epoch = session.next_epoch.checked_add(1).unwrap_or(1);
        session.last_used = now();
        Ok(())
    }

    fn end(&mut self, id: i32) {
        if let Some(session) = self.sessions.remove(&id) {
            self.give_back(session.owner, session.bytes);
            self.owned.remove(&(session.owner, id));
            session.put_down();
        }
    }

    /// An empty session that `list` is to be put into, if there is a place and room for it.
    fn add(&mut self, client: u64, by_id: bool, list: &FetchList) -> Option<i32> {
        let names: usize = list.topics.iter().map(|topic| SESSION_TOPIC_BYTES + topic.name.len()).sum();
        let expected = SESSION_BYTES + names + SESSION_PARTITION_BYTES * list.partitions.len();
        let of_client =
            self.owned.range((client, i32::MIN)..=(client, i32::MAX)).take(self.slots_of_one()).count();
        if of_client == self.slots_of_one() || !self.make_room(client, expected, 1) {
            return None;
        }
        let id = self.free_id();
        self.sessions.insert(id, FetchSession::new(client, by_id));
        self.owned.insert((client, id));
        self.take(client, SESSION_BYTES);
        Some(id)
    }

    fn slots_of_one(&self) -> usize {
        self.slots.div_ceil(SESSIONS_SHARED_BY)
    }

    fn take(&mut self, client: u64, bytes: usize) {
        self.bytes += bytes;
        *self.bytes_of.entry(client).or_default() += bytes;
    }

    fn give_back(&mut self, client: u64, bytes: usize) {
        self.bytes -= bytes;
        if let Some(of_client) = self.bytes_of.get_mut(&client) {
            *of_client -= bytes;
            if *of_client == 0 {
                self.bytes_of.remove(&client);
            }
        }
    }

    /// Whether there is room, and so many places, for a connection's sessions. Sessions that are idle for long make
    /// way. They stay if there would be no room even then, or if the connection has had its part already.
    fn make_room(&mut self, client: u64, bytes: usize, places: usize) -> bool {
        let of_client = self.bytes_of.get(&client).copied().unwrap_or(0);
        if bytes > (SESSIONS_BYTES / SESSIONS_SHARED_BY).saturating_sub(of_client) {
            return false;
        }
        if self.has_room_for(bytes, places) {
            return true;
        }
        let idle = self.sessions.values().filter(|session| session.is_idle());
        let (count, idle_bytes) = idle.fold((0, 0), |(count, sum), session| (count + 1, sum + session.bytes));
        let used = (self.bytes - idle_bytes, self.sessions.len() - count);
        if bytes > SESSIONS_BYTES.saturating_sub(used.0) || used.1 + places > self.slots {
            return false;
        }
        while !self.has_room_for(bytes, places) && self.evict_idlest() {}
        self.has_room_for(bytes, places)
    }

    fn has_room_for(&self, bytes: usize, places: usize) -> bool {
        bytes <= SESSIONS_BYTES.saturating_sub(self.bytes) && self.sessions.len() + places <= self.slots
    }

    /// Ends the session that was not used for longest, if that is long. Whether there was one.
    fn evict_idlest(&mut self) -> bool {
        let idlest = self.sessions.iter().min_by_key(|(_, session)| session.last_used);
        let evicted = idlest.filter(|(_, session)| session.is_idle());
        let evicted = evicted.map(|(id, _)| *id);
        evicted.into_iter().for_each(|id| self.end(id));
        evicted.is_some()
    }

    fn free_id(&self) -> i32 {
        loop {
            let id = (random_u64() >> 33) as i32;
            if id != 0 && !self.sessions.contains_key(&id) {
                return id;
            }
        }
    }

    /// Adds a partition to a session, or changes what is wanted of it. Returns its place; `None` if there is no room
    /// for it, or no such session any more.
    fn set(&mut self, id: i32, key: &FetchTopicKey, wanted: FetchItem) -> Option<u64> {
        let session = self.sessions.get_mut(&id)?;
        let number = session.numbers.get(key).copied();
        if let Some(number) = number
            && let Some(place) = session.places.get(&(number, wanted.partition)).copied()
        {
            let cached = session.partitions.get_mut(&place)?;
            cached.wanted = FetchItem { topic: number, ..wanted };
            return Some(place);
        }
        let of_topic = if number.is_none() { SESSION_TOPIC_BYTES + key.name.len() } else { 0 };
        let bytes = of_topic + SESSION_PARTITION_BYTES;
        let owner = session.owner;
        if !self.make_room(owner, bytes, 0) {
            return None;
        }
        let session = self.sessions.get_mut(&id)?;
        session.bytes += bytes;
        self.take(owner, bytes);
        let session = self.sessions.get_mut(&id)?;
        Some(session.add(key, wanted))
    }

    fn forget(&mut self, id: i32, key: &FetchTopicKey, partition: i32) {
        if let Some(session) = self.sessions.get_mut(&id) {
            let before = session.bytes;
            session.forget(key, partition);
            let (owner, freed) = (session.owner, before - session.bytes);
            self.give_back(owner, freed);
        }
    }

    /// Copies some more of a session's partitions. Whether there are yet more.
    fn list_more(&self, id: i32, places: &mut Vec<u64>, list: &mut FetchList) -> bool {
        let Some(session) = self.sessions.get(&id) else { return false };
        if places.is_empty() {
            list.topics.extend(session.topics.iter().map(|topic| topic.key.clone()));
            list.partitions.reserve_exact(session.partitions.len());
            places.reserve_exact(session.partitions.len());
        }
        let from = places.last().map_or(0, |last| last + 1);
        for (place, cached) in session.partitions.range(from..).take(AT_ONCE) {
            count_work(1);
            places.push(*place);
            list.partitions.push(cached.wanted);
        }
        places.len() < session.partitions.len()
    }
}

impl FetchSession {
    fn new(owner: u64, by_id: bool) -> Self {
        Self {
            owner,
            next_epoch: 1,
            by_id,
            last_used: now(),
            bytes: SESSION_BYTES,
            numbers: BTreeMap::new(),
            topics: Vec::new(),
            free: Vec::new(),
            places: BTreeMap::new(),
            partitions: BTreeMap::new(),
            next_place: 0,
        }
    }

    /// Whether it was not used for so long that another may take its place.
    fn is_idle(&self) -> bool {
        now().saturating_since(self.last_used) > SESSION_EVICTION
    }

    /// Adds a partition that is not in it. Its place.
    fn add(&mut self, key: &FetchTopicKey, wanted: FetchItem) -> u64 {
        let number = self.numbers.get(key).copied().unwrap_or_else(|| self.add_topic(key));
        if let Some(topic) = self.topics.get_mut(number as usize) {
            topic.partitions += 1;
        }
        let place = self.take_place();
        self.places.insert((number, wanted.partition), place);
        let wanted = FetchItem { topic: number, ..wanted };
        self.partitions.insert(place, Cached { wanted, high_watermark: -1, log_start: -1 });
        place
    }

    fn add_topic(&mut self, key: &FetchTopicKey) -> u32 {
        // What outlives the request must not hold on to its frame.
        let key = FetchTopicKey { id: key.id, name: key.name.detached() };
        let number = self.free.pop().unwrap_or_else(|| {
            self.topics.push(SessionTopic::default());
            self.topics.len() as u32 - 1
        });
        self.numbers.insert(key.clone(), number);
        if let Some(topic) = self.topics.get_mut(number as usize) {
            topic.key = key;
        }
        number
    }

    fn take_place(&mut self) -> u64 {
        self.next_place += 1;
        self.next_place
    }

    fn forget(&mut self, key: &FetchTopicKey, partition: i32) {
        let Some(number) = self.numbers.get(key).copied() else { return };
        let Some(place) = self.places.remove(&(number, partition)) else { return };
        self.partitions.remove(&place);
        self.bytes -= SESSION_PARTITION_BYTES;
        let Some(topic) = self.topics.get_mut(number as usize) else { return };
        topic.partitions -= 1;
        if topic.partitions == 0 {
            *topic = SessionTopic::default();
            self.bytes -= SESSION_TOPIC_BYTES + key.name.len();
            self.numbers.remove(key);
            self.free.push(number);
        }
    }

    /// Notes what the client is told; whether there is anything to tell.
    fn told(&mut self, place: u64, state: &PartitionState) -> bool {
        let Some(cached) = self.partitions.get_mut(&place) else { return true };
        let moved = cached.high_watermark != state.high_watermark || cached.log_start != state.log_start;
        // A failure is told again and again until it is over.
        cached.high_watermark = if state.has_failed { -1 } else { state.high_watermark };
        cached.log_start = state.log_start;
        if !state.has_records {
            return state.has_failed || moved;
        }
        if let Some(cached) = self.partitions.remove(&place) {
            let last = self.take_place();
            self.places.insert((cached.wanted.topic, cached.wanted.partition), last);
            self.partitions.insert(last, cached);
        }
        true
    }

    /// Frees its memory, a large one's bit by bit.
    fn put_down(mut self) {
        if self.partitions.len() <= AT_ONCE {
            return;
        }
        spawn(async move {
            while self.partitions.pop_first().is_some() {
                self.places.pop_first();
                self.numbers.pop_first();
                self.topics.pop();
                pace(1).await;
            }
        });
    }
}
