//! The coordinator of one partition of `__consumer_offsets`: its groups, their deadlines and their writes.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use creel_io::Instant;

use super::{
    batches::Cursor,
    committed::WriteEnd,
    deleted_topics::{self, CleanupStep, OffsetCleanup},
    effects::{Effects, OnDurable},
    error::GroupError,
    event::{
        CommitReply, CommitRequest, Event, FetchReply, FetchRequest, FoundGroup, GroupClient, GroupDeletion,
        GroupDescription, GroupLimits, GroupReply, JoinReply, JoinRequest, LeaveReply, LeaveRequest,
        LeavingMember, Now, Outputs, SyncRequest, Token, Write, WriteId, after,
    },
    expire::{Expiry, expire_offsets, tombstones},
    fold::{self, Fold, FoldStep},
    group::Group,
    join::join,
    log_lines::GroupChange,
    memory::Taken,
    room::Room,
    roster::Roster,
    writes::{Settled, WriteResult, Writes},
};

/// Between two pieces of the search for what has expired, in milliseconds.
const EXPIRY_PAUSE_MS: i32 = 1;

/// Deletions of one group that wait for its writes. Further ones are told to try again.
const DELETIONS_WAITING_MAX: usize = 8;

/// The groups of one partition.
#[derive(Debug)]
pub struct Coordinator {
    pub(super) limits: GroupLimits,
    pub(super) groups: BTreeMap<String, Group>,
    deadlines: BTreeSet<(Instant, String)>,
    /// What all members take in memory, and how much more they may.
    taken: Taken,
    room: Room,
    next_expiry: Option<Instant>,
    /// How far the groups have been looked through for what has expired, if that is not over.
    expiring: Option<Cursor>,
    writes: Writes,
    pub(super) next_write: u64,
    fold: Option<Fold>,
    /// Groups that are gone once a write is durable, by that write. They come back if the log does not take it.
    removing: BTreeMap<WriteId, Group>,
    /// Deletions of groups that are being written: each waits until the group's writes have ended.
    deleting: BTreeMap<String, Vec<Token>>,
    /// Keys of records that this broker does not understand. They are not taken back.
    pub(super) foreign: BTreeSet<Bytes>,
    /// Part of the log could not be read.
    pub(super) is_log_unread: bool,
}

impl Coordinator {
    /// A coordinator without groups: `replay` and `loaded` bring in those of the log.
    pub const fn new(limits: GroupLimits) -> Self {
        Self {
            limits,
            groups: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            taken: Taken { all: 0, by_client: BTreeMap::new() },
            room: Room::UNBOUNDED,
            next_expiry: None,
            expiring: None,
            writes: Writes::new(),
            next_write: 0,
            fold: None,
            removing: BTreeMap::new(),
            deleting: BTreeMap::new(),
            foreign: BTreeSet::new(),
            is_log_unread: false,
        }
    }

    /// Takes in an event. Deadlines that have come are looked at after it. So a heartbeat that waited in a busy
    /// broker's queue still counts.
    pub fn handle(&mut self, now: Now, event: Event) -> Outputs {
        let mut effects = Effects::new(now, self.limits, self.next_write);
        let mut touched = self.take(&mut effects, event);
        touched.extend(self.tick(&mut effects));
        self.finish(effects, touched)
    }

    /// When `handle` is to be called with `Tick`, if no other event comes before.
    pub fn next_deadline(&self) -> Option<Instant> {
        let expiry = self.next_expiry.filter(|_| !self.groups.is_empty());
        self.deadlines.first().map(|(deadline, _)| *deadline).into_iter().chain(expiry).min()
    }

    /// What the members of all groups take in memory, about, in bytes.
    pub const fn members_bytes(&self) -> usize {
        self.taken.all
    }

    /// The same of the members that one client has brought.
    pub fn members_bytes_of(&self, client: GroupClient) -> usize {
        client.0.and_then(|client| self.taken.by_client.get(&client)).copied().unwrap_or(0)
    }

    /// How much more memory members may take. A member that needs more is turned away, but not one that comes back as
    /// it was.
    pub const fn set_room(&mut self, room: Room) {
        self.room = room;
    }

    /// How large a batch the log takes, in bytes.
    pub const fn set_batch_bytes_max(&mut self, bytes: usize) {
        self.limits.set_batch_bytes_max(bytes);
    }

    /// OffsetFetch, which changes nothing. Offsets that are not durable yet are not shown.
    pub fn fetch(&self, request: &FetchRequest) -> FetchReply {
        let group = self.groups.get(&request.group);
        group.map_or_else(|| FetchReply::of_no_group(request), |group| group.fetch(request))
    }

    /// ListGroups.
    pub fn list(&self) -> Vec<FoundGroup> {
        self.groups.values().map(FoundGroup::of).collect()
    }

    /// DescribeGroups, one of them.
    pub fn describe(&self, group: &str) -> GroupDescription {
        self.groups.get(group).map_or_else(|| GroupDescription::dead(group), GroupDescription::of)
    }

    /// Gives an event to its group; tells which group has changed.
    fn take(&mut self, effects: &mut Effects, event: Event) -> Vec<String> {
        match event {
            Event::Join(token, request) => self.join(effects, token, request),
            Event::Sync(token, request) => self.sync(effects, token, request),
            Event::Heartbeat(token, request) => {
                let group = check_name(&request.group).and_then(|()| self.find(&request.group));
                let alive = group.and_then(|group| group.heartbeat(effects, &request));
                effects.reply(token, GroupReply::Heartbeat(alive));
                // Its deadline has moved later. The scheduled one finds that out when it comes.
                Vec::new()
            }
            Event::Leave(token, request) => self.leave(effects, token, request),
            Event::Commit(token, request) => self.commit(effects, token, request),
            Event::DeleteOffsets(token, name, topics) => {
                match self.groups.get_mut(&name) {
                    Some(group) => group.delete_offsets(effects, token, topics),
                    None => {
                        let reply = super::DeleteOffsetsReply::failed(GroupError::GroupIdNotFound);
                        effects.reply(token, GroupReply::DeleteOffsets(reply));
                    }
                }
                vec![name]
            }
            Event::DeleteGroup(token, name) => {
                self.delete(effects, token, &name);
                vec![name]
            }
            Event::Persisted(write, log_offset) => self.settle(effects, write, Ok(log_offset)),
            Event::WriteFailed(write, error) => self.settle(effects, write, Err(error)),
            Event::Tick => Vec::new(),
        }
    }

    fn find(&mut self, name: &str) -> Result<&mut Group, GroupError> {
        self.groups.get_mut(name).ok_or(GroupError::UnknownMemberId)
    }

    fn roster(&self, name: &str) -> Option<&Roster> {
        self.groups.get(name).map(|group| &group.core.roster)
    }

    fn find_or_create(&mut self, effects: &Effects, name: &str) -> &mut Group {
        let group = || Group::new(name.to_owned(), Some(effects.now.wall_ms));
        self.groups.entry(name.to_owned()).or_insert_with(group)
    }

    /// A group begins with its first member. A member that already has an id must have got it from a group that
    /// exists.
    fn join(&mut self, effects: &mut Effects, token: Token, request: JoinRequest) -> Vec<String> {
        let (min, max) = (self.limits.session_timeout_min_ms, self.limits.session_timeout_max_ms);
        let member_id = request.member.member_id.clone();
        let refusal = match check_name(&request.group) {
            Err(error) => Some(error),
            Ok(()) if !(min..=max).contains(&request.session_timeout_ms) => {
                Some(GroupError::InvalidSessionTimeout)
            }
            Ok(()) if !member_id.is_empty() && !self.groups.contains_key(&request.group) => {
                Some(GroupError::UnknownMemberId)
            }
            Ok(()) if !self.room.has_for_member(self.roster(&request.group), &request) => {
                Some(GroupError::GroupMaxSizeReached)
            }
            Ok(()) => None,
        };
        if let Some(error) = refusal {
            effects.reply(token, GroupReply::Join(JoinReply::failed(member_id, error)));
            return Vec::new();
        }
        let name = request.group.clone();
        join(self.find_or_create(effects, &name), effects, token, request);
        vec![name]
    }

    fn sync(&mut self, effects: &mut Effects, token: Token, request: SyncRequest) -> Vec<String> {
        let name = request.group.clone();
        let has_room = self.room.has_for_assignments(self.roster(&name), &request);
        match check_name(&name).and_then(|()| self.find(&name)) {
            Ok(_) if !has_room => effects.fail_sync(token, GroupError::CoordinatorNotAvailable),
            Ok(group) => group.sync(effects, token, request),
            Err(error) => effects.fail_sync(token, error),
        }
        vec![name]
    }

    fn leave(&mut self, effects: &mut Effects, token: Token, request: LeaveRequest) -> Vec<String> {
        let name = request.group.clone();
        let (error, members) = match (check_name(&name), self.groups.get_mut(&name)) {
            (Err(error), _) => (Some(error), Vec::new()),
            (Ok(()), Some(group)) => (None, group.leave(effects, request)),
            (Ok(()), None) => {
                let unknown = |member| LeavingMember { member, error: Some(GroupError::UnknownMemberId) };
                (None, request.members.into_iter().map(unknown).collect())
            }
        };
        effects.reply(token, GroupReply::Leave(LeaveReply { error, members }));
        vec![name]
    }

    /// A commit of no generation makes a group that only commits.
    fn commit(&mut self, effects: &mut Effects, token: Token, request: CommitRequest) -> Vec<String> {
        let name = request.group.clone();
        if request.generation >= 0 && !self.groups.contains_key(&name) {
            let error = match request.knows_group_id_not_found {
                true => GroupError::GroupIdNotFound,
                false => GroupError::IllegalGeneration,
            };
            effects.reply(token, GroupReply::Commit(CommitReply::failed(&request, error)));
            return Vec::new();
        }
        self.find_or_create(effects, &name).commit(effects, token, request);
        vec![name]
    }

    fn delete(&mut self, effects: &mut Effects, token: Token, name: &str) {
        let at_once = effects.limits.tombstones_at_once(name);
        let error = match self.groups.get_mut(name) {
            None => GroupError::GroupIdNotFound,
            Some(group) if !group.state.is_empty() => GroupError::NonEmptyGroup,
            // Its tombstones must not come before what is being written.
            Some(group) if group.core.writes_in_flight > 0 || effects.has_staged(name) => {
                let waiting = self.deleting.entry(name.to_owned()).or_default();
                if waiting.len() < DELETIONS_WAITING_MAX {
                    waiting.push(token);
                    return;
                }
                GroupError::CoordinatorNotAvailable
            }
            Some(group) if group.core.offsets.are_more_than(at_once) => {
                let some = group.core.offsets.keys().take(at_once).collect();
                let reply = GroupReply::DeleteGroup(Ok(GroupDeletion::InPart));
                return group.remove_offsets(effects, some, Some((token, reply)));
            }
            Some(group) => {
                group.log(effects, GroupChange::Deleted);
                let reply = GroupReply::DeleteGroup(Ok(GroupDeletion::Whole));
                return self.remove(effects, name, Some((token, reply)));
            }
        };
        effects.reply(token, GroupReply::DeleteGroup(Err(error)));
    }

    /// Forgets a group, and writes its tombstones.
    fn remove(&mut self, effects: &mut Effects, name: &str, answer: Option<(Token, GroupReply)>) {
        let Some(mut group) = self.groups.remove(name) else { return };
        self.unschedule(&group);
        group.scheduled = None;
        // A client that was given an id is told that it is unknown, and asks for another.
        group.core.roster.clear_pending();
        group.core.roster.take_changes().iter().for_each(|change| self.taken.take_in(change));
        let write = effects.write(None, tombstones(&group), OnDurable::GroupRemoved(answer));
        self.removing.insert(write, group);
    }

    /// The log has not taken a group's tombstones. What it holds still counts, except for what has been said since.
    fn put_back(&mut self, group: Group) {
        match self.groups.entry(group.core.group.clone()) {
            Entry::Vacant(vacant) => drop(vacant.insert(group)),
            Entry::Occupied(mut newer) => {
                let is_new = newer.get().state.is_empty() && newer.get().core.generation == 0;
                let newer = &mut newer.get_mut().core;
                if is_new {
                    newer.generation = group.core.generation;
                    newer.protocol_type = group.core.protocol_type;
                    newer.since_ms = group.core.since_ms;
                }
                newer.offsets.add_older(group.core.offsets);
                newer.logged = newer.logged.take().or(group.core.logged);
            }
        }
    }

    /// A write has ended: it, and those that waited for it, count now.
    fn settle(&mut self, effects: &mut Effects, write: WriteId, result: WriteResult) -> Vec<String> {
        self.writes.settle(write, result);
        let mut touched = Vec::new();
        while let Some(Settled { write, group: name, on_durable, result }) = self.writes.next_settled() {
            let on_durable = match (on_durable, result) {
                (OnDurable::Folded(keys), Ok(log_offset)) => {
                    fold::moved(&mut self.groups, keys, log_offset);
                    continue;
                }
                (OnDurable::Folded(_), Err(error)) => {
                    self.fold.iter_mut().for_each(|fold| fold.fail(error));
                    continue;
                }
                (OnDurable::TopicsRemoved(all), result) => {
                    let end = if result.is_ok() { WriteEnd::Durable } else { WriteEnd::Failed };
                    touched.extend(deleted_topics::removed(&mut self.groups, all, end));
                    continue;
                }
                (on_durable @ OnDurable::GroupRemoved(_), result) => {
                    let group = self.removing.remove(&write).filter(|_| result.is_err());
                    if let Some(group) = group {
                        touched.push(group.core.group.clone());
                        self.put_back(group);
                    }
                    on_durable
                }
                (on_durable, _) => on_durable,
            };
            let group = name.as_ref().and_then(|name| self.groups.get_mut(name));
            match (group, result) {
                (Some(group), Ok(log_offset)) => group.persisted(effects, write, on_durable, log_offset),
                (Some(group), Err(error)) => group.write_failed(effects, write, on_durable, error),
                (None, Ok(_)) => {
                    on_durable.answer().into_iter().for_each(|(token, reply)| effects.reply(token, reply))
                }
                (None, Err(error)) => on_durable.fail(effects, error),
            }
            touched.extend(name);
        }
        touched.sort_unstable();
        touched.dedup();
        touched.iter().for_each(|name| self.delete_those_that_waited(effects, name));
        touched
    }

    /// A group's writes may have ended: deletions that waited for that go on.
    fn delete_those_that_waited(&mut self, effects: &mut Effects, name: &str) {
        if self.groups.get(name).is_some_and(|group| group.core.writes_in_flight > 0) {
            return;
        }
        for token in self.deleting.remove(name).unwrap_or_default() {
            self.delete(effects, token, name);
        }
    }

    /// Looks at the groups whose deadline has come, and from time to time for what has expired.
    fn tick(&mut self, effects: &mut Effects) -> Vec<String> {
        let now = effects.now.monotonic;
        let mut touched = Vec::new();
        while let Some((deadline, _)) = self.deadlines.first()
            && *deadline <= now
        {
            let (_, name) = self.deadlines.pop_first().expect("there is a first");
            if let Some(group) = self.groups.get_mut(&name) {
                group.scheduled = None;
                group.tick(effects);
                touched.push(name);
            }
        }
        if self.is_time_to_expire(now) {
            touched.extend(self.expire(effects));
        }
        touched
    }

    fn is_time_to_expire(&mut self, now: Instant) -> bool {
        let interval = i32::try_from(self.limits.expiry_interval_ms).unwrap_or(i32::MAX).max(1);
        let due = self.next_expiry.is_some_and(|at| at <= now);
        if due || self.next_expiry.is_none() {
            self.next_expiry = Some(after(now, interval));
        }
        due
    }

    /// Looks at some more groups. What is left is looked at soon.
    fn expire(&mut self, effects: &mut Effects) -> Vec<String> {
        let (mut touched, mut gone) = (Vec::new(), Vec::new());
        let mut left = effects.limits.offsets_at_once;
        let at = self.expiring.take();
        for (name, group) in self.groups.range_mut::<str, _>(Cursor::groups(at.as_ref())) {
            let behind = Cursor::offset_in(at.as_ref(), name).cloned();
            let mut offset = None;
            match expire_offsets(group, effects, behind, &mut left) {
                Expiry::Whole => gone.push(name.clone()),
                Expiry::Done => touched.push(name.clone()),
                Expiry::Behind(last) => offset = Some(last),
            }
            if offset.is_some() || left == 0 {
                self.expiring = Some(Cursor { group: name.clone(), offset });
                self.next_expiry = Some(after(effects.now.monotonic, EXPIRY_PAUSE_MS));
                break;
            }
        }
        for name in gone {
            self.remove(effects, &name, None);
        }
        touched
    }

    /// Takes back what was committed for deleted topics: looks at some more groups.
    pub fn clean_up_topics(&mut self, now: Now, cleanup: &mut OffsetCleanup) -> (Outputs, CleanupStep) {
        let mut effects = Effects::new(now, self.limits, self.next_write);
        let step = cleanup.step(&mut self.groups, &mut effects);
        (self.finish(effects, Vec::new()), step)
    }

    /// Whether memory holds everything of the log that is worth keeping: no record in it was not understood, and no
    /// transaction is undecided.
    pub fn can_fold(&self) -> bool {
        !self.is_log_unread
            && self.foreign.is_empty()
            && !self.groups.values().any(|group| group.core.offsets.has_open())
    }

    /// About how many bytes of the log the live records take.
    pub fn live_bytes(&self) -> u64 {
        self.groups.values().map(fold::live_bytes).sum()
    }

    /// Begins to write anew what lies before `from`, the present end of the log. All that was appended earlier lies
    /// before it, and all that is appended from now on does not.
    pub fn begin_fold(&mut self, from: i64) {
        self.fold = Some(Fold::begin(from, self.next_write));
    }

    /// Takes a step; `Done` when none has begun.
    pub fn fold(&mut self, now: Now) -> (Outputs, FoldStep) {
        let Some(mut fold) = self.fold.take() else { return (Outputs::default(), FoldStep::Done(0)) };
        let mut effects = Effects::new(now, self.limits, self.next_write);
        let step = fold.step(&self.groups, &self.writes, !self.removing.is_empty(), &mut effects);
        if matches!(step, FoldStep::More { .. } | FoldStep::Waits) {
            self.fold = Some(fold);
        }
        (self.finish(effects, Vec::new()), step)
    }

    /// Ends the handling of an event: writes are remembered, deadlines set, empty groups removed.
    pub(super) fn finish(&mut self, effects: Effects, touched: Vec<String>) -> Outputs {
        self.next_write = effects.next_write();
        let mut writes = Vec::with_capacity(effects.staged.len());
        for staged in effects.staged {
            if let Some(group) = staged.group.as_ref().and_then(|name| self.groups.get_mut(name)) {
                group.core.writes_in_flight = group.core.writes_in_flight.saturating_add(1);
            }
            self.writes.begin(staged.id, staged.group, staged.on_durable);
            writes.push(Write { id: staged.id, records: staged.records });
        }
        for name in touched {
            self.reschedule(&name);
        }
        Outputs { replies: effects.replies, writes, log_lines: effects.log_lines }
    }

    fn reschedule(&mut self, name: &str) {
        let Some(group) = self.groups.get_mut(name) else { return };
        group.core.roster.take_changes().iter().for_each(|change| self.taken.take_in(change));
        let forgettable = group.is_forgettable();
        let next = group.next_deadline().filter(|_| !forgettable);
        let before = std::mem::replace(&mut group.scheduled, next);
        if forgettable {
            self.groups.remove(name);
        }
        if before != next {
            before.into_iter().for_each(|deadline| {
                self.deadlines.remove(&(deadline, name.to_owned()));
            });
            self.deadlines.extend(next.map(|deadline| (deadline, name.to_owned())));
        }
    }

    fn unschedule(&mut self, group: &Group) {
        if let Some(deadline) = group.scheduled {
            self.deadlines.remove(&(deadline, group.core.group.clone()));
        }
    }

    /// What must hold between any two events.
    #[cfg(any(test, debug_assertions))]
    pub fn check_invariants(&self) {
        for (name, group) in &self.groups {
            assert_eq!(name, &group.core.group);
            group.check_invariants();
            let scheduled = group.scheduled.map(|deadline| (deadline, name.clone()));
            assert!(scheduled.iter().all(|entry| self.deadlines.contains(entry)), "{name} is scheduled");
            assert_eq!(self.writes.count_of(name), group.core.writes_in_flight);
        }
        for (name, waiting) in &self.deleting {
            let is_written = self.groups.get(name).is_some_and(|group| group.core.writes_in_flight > 0);
            assert!(is_written && !waiting.is_empty(), "{name} is deleted once it is written");
        }
        let mut taken = Taken::default();
        self.groups.values().for_each(|group| group.core.roster.count_into(&mut taken));
        assert_eq!(taken.all, self.taken.all, "what members take is counted");
        assert_eq!(taken.by_client, self.taken.by_client, "by whom is counted");
        for (_, name) in &self.deadlines {
            assert!(self.groups.contains_key(name), "{name} has a deadline");
        }
    }
}

fn check_name(group: &str) -> Result<(), GroupError> {
    if group.is_empty() { Err(GroupError::InvalidGroupId) } else { Ok(()) }
}
