//! Fetch sessions (KIP-227): a client names its partitions once, then only what changes, and is told only what changed.
//!
//! A session lives on the core of the connection that made it; a client that comes back elsewhere is told that its
//! session is not found (70) and makes a new one. Sessions are bounded: when all places are taken by sessions in use, a
//! new one is declined with id 0, and the client goes on without.

use std::collections::BTreeMap;
use std::time::Duration;

use creel_io::{Instant, now, random_u64};
use creel_wire::api::fetch::{FetchRequest, PartitionData};
use creel_wire::{ErrorCode, Str, Uuid};

use crate::limits::SESSION_EVICTION_MS;

/// The epoch of a request that makes a session.
const FIRST_EPOCH: i32 = 0;
/// The epoch of a request that wants none, and ends the one it names.
const LAST_EPOCH: i32 = -1;

/// A partition as a client names it: by its topic's id (v13+) or name, the other being empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) id: Uuid,
    pub(crate) name: Str,
    pub(crate) partition: i32,
}

/// What a client wants of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) key: Key,
    pub(crate) offset: i64,
    pub(crate) bytes_max: i32,
    pub(crate) leader_epoch: i32,
}

/// How a fetch stands to sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// Everything asked for is answered, and nothing remembered.
    Sessionless,
    /// Everything asked for is answered, and a session made of it if there is room.
    Full,
    /// The session's partitions are read, and those that changed are answered.
    Incremental(i32),
}

/// The sessions of a core.
#[derive(Debug)]
pub(crate) struct Sessions {
    slots: usize,
    sessions: BTreeMap<i32, Session>,
}

#[derive(Debug)]
struct Session {
    next_epoch: i32,
    by_id: bool,
    last_used: Instant,
    /// In the order they are read: those that gave records go to the end, so that none starves.
    partitions: BTreeMap<u64, Cached>,
    places: BTreeMap<Key, u64>,
    next_place: u64,
}

#[derive(Debug)]
struct Cached {
    wanted: Wanted,
    /// As the client was last told; -1: it must be told.
    high_watermark: i64,
    log_start: i64,
}

impl Sessions {
    pub(crate) fn new(slots: usize) -> Self {
        Self { slots, sessions: BTreeMap::new() }
    }

    /// What a request asks for, its session taken into account.
    pub(crate) fn resolve(
        &mut self,
        request: &FetchRequest,
        by_id: bool,
    ) -> Result<(Context, Vec<Wanted>), ErrorCode> {
        let (id, epoch) = (request.session_id, request.session_epoch);
        if matches!(epoch, FIRST_EPOCH | LAST_EPOCH) {
            self.sessions.remove(&id);
            let context = if epoch == FIRST_EPOCH { Context::Full } else { Context::Sessionless };
            return Ok((context, wanted(request).collect()));
        }
        let session = self.sessions.get_mut(&id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.next_epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.by_id != by_id {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        session.update(request);
        let wanted = session.partitions.values().map(|cached| cached.wanted.clone()).collect();
        if session.partitions.is_empty() {
            self.sessions.remove(&id);
            return Ok((Context::Sessionless, wanted));
        }
        Ok((Context::Incremental(id), wanted))
    }

    /// Makes a session of what was asked for and answered. Its id, or 0.
    pub(crate) fn create<'a>(
        &mut self,
        by_id: bool,
        answered: impl Iterator<Item = (&'a Wanted, &'a PartitionData)>,
    ) -> i32 {
        if !self.make_room() {
            return 0;
        }
        let mut session = Session::new(by_id);
        for (wanted, data) in answered {
            session.set(wanted.clone());
            session.told(&wanted.key, data);
        }
        let id = self.free_id();
        self.sessions.insert(id, session);
        id
    }

    /// Whether the partition must be in the answer of session `id`; from then on it is taken as told.
    pub(crate) fn must_tell(&mut self, id: i32, key: &Key, data: &PartitionData) -> bool {
        self.sessions.get_mut(&id).is_none_or(|session| session.told(key, data))
    }

    fn make_room(&mut self) -> bool {
        if self.sessions.len() < self.slots {
            return true;
        }
        let idlest = self.sessions.iter().min_by_key(|(_, session)| session.last_used);
        let idle = Duration::from_millis(SESSION_EVICTION_MS);
        let evicted = idlest.filter(|(_, session)| now().saturating_since(session.last_used) > idle);
        let evicted = evicted.map(|(id, _)| *id);
        evicted.and_then(|id| self.sessions.remove(&id)).is_some()
    }

    fn free_id(&self) -> i32 {
        loop {
            let id = (random_u64() >> 33) as i32;
            if id != 0 && !self.sessions.contains_key(&id) {
                return id;
            }
        }
    }
}

impl Session {
    fn new(by_id: bool) -> Self {
        Self {
            next_epoch: 1,
            by_id,
            last_used: now(),
            partitions: BTreeMap::new(),
            places: BTreeMap::new(),
            next_place: 0,
        }
    }

    fn update(&mut self, request: &FetchRequest) {
        // After the largest epoch comes 1: 0 would make a new session.
        self.next_epoch = self.next_epoch.checked_add(1).unwrap_or(1);
        self.last_used = now();
        wanted(request).for_each(|wanted| self.set(wanted));
        for topic in &request.forgotten_topics_data {
            for partition in &topic.partitions {
                self.forget(&Key { id: topic.topic_id, name: topic.topic.clone(), partition: *partition });
            }
        }
    }

    fn set(&mut self, wanted: Wanted) {
        if let Some(cached) = self.places.get(&wanted.key).and_then(|place| self.partitions.get_mut(place)) {
            cached.wanted = Wanted { key: cached.wanted.key.clone(), ..wanted };
            return;
        }
        // What outlives the request must not hold on to its frame.
        let key = Key { name: wanted.key.name.detached(), ..wanted.key };
        let place = self.next_place;
        self.next_place += 1;
        self.places.insert(key.clone(), place);
        let wanted = Wanted { key, ..wanted };
        self.partitions.insert(place, Cached { wanted, high_watermark: -1, log_start: -1 });
    }

    fn forget(&mut self, key: &Key) {
        if let Some(place) = self.places.remove(key) {
            self.partitions.remove(&place);
        }
    }

    /// Notes what the client is told; whether there is anything to tell.
    fn told(&mut self, key: &Key, data: &PartitionData) -> bool {
        let Some(place) = self.places.get(key).copied() else { return true };
        let Some(cached) = self.partitions.get_mut(&place) else { return true };
        let failed = !data.error_code.is_none();
        let moved = cached.high_watermark != data.high_watermark || cached.log_start != data.log_start_offset;
        // A failure is told again and again until it is over.
        cached.high_watermark = if failed { -1 } else { data.high_watermark };
        cached.log_start = data.log_start_offset;
        if data.records.is_empty() {
            return failed || moved;
        }
        if let Some(cached) = self.partitions.remove(&place) {
            self.places.insert(key.clone(), self.next_place);
            self.partitions.insert(self.next_place, cached);
            self.next_place += 1;
        }
        true
    }
}

fn wanted(request: &FetchRequest) -> impl Iterator<Item = Wanted> + '_ {
    request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|asked| Wanted {
            key: Key { id: topic.topic_id, name: topic.topic.clone(), partition: asked.partition },
            offset: asked.fetch_offset,
            bytes_max: asked.partition_max_bytes,
            // Here, other than elsewhere, Kafka takes any negative number for none.
            leader_epoch: asked.current_leader_epoch.max(-1),
        })
    })
}
