//! The coordinator of one partition of `__consumer_offsets`: its groups, their deadlines and their writes.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{
    batches::Place,
    effects::{Desk, Then},
    error::GroupError,
    event::{
        Client, CommitReply, CommitRequest, Event, FetchReply, FetchRequest, FoundGroup, GroupDeletion,
        GroupDescription, GroupLimits, JoinReply, JoinRequest, LeaveReply, LeaveRequest, LeavingMember,
        Millis, Now, Outputs, Reply, SyncRequest, Token, Write, WriteId,
    },
    expire::Expiry,
    fold::Fold,
    group::Group,
    log_lines::Happened,
    memory::{Room, Taken},
    writes::{Fate, Settled, Writes},
};

/// Between two pieces of the search for what has expired, in milliseconds.
const EXPIRY_PAUSE_MS: i32 = 1;

/// The groups of one partition.
#[derive(Debug)]
pub struct Coordinator {
    pub(super) limits: GroupLimits,
    pub(super) groups: BTreeMap<String, Group>,
    deadlines: BTreeSet<(Millis, String)>,
    /// What all members take in memory, and how much more they may.
    taken: Taken,
    room: Room,
    next_expiry: Option<Millis>,
    /// How far the groups have been looked through for what has expired, if that is not over.
    expiring: Option<Place>,
    pub(super) writes: Writes,
    pub(super) next_write: u64,
    pub(super) fold: Option<Fold>,
    /// The last write that takes a whole group back, which is in memory no more.
    pub(super) last_removal: Option<WriteId>,
    /// Keys of records that are not ours to understand, and are not taken back.
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
            last_removal: None,
            foreign: BTreeSet::new(),
            is_log_unread: false,
        }
    }

    /// Takes in an event. Deadlines that have come are looked at after it, so that a heartbeat which waited
    /// in a busy broker's queue still counts.
    pub fn handle(&mut self, now: Now, event: Event) -> Outputs {
        let mut desk = Desk::new(now, self.limits, self.next_write);
        let mut touched = self.take(&mut desk, event);
        touched.extend(self.tick(&mut desk));
        self.finish(desk, touched)
    }

    /// When `handle` is to be called with `Tick`, if no other event comes before.
    pub fn next_deadline(&self) -> Option<Millis> {
        let expiry = self.next_expiry.filter(|_| !self.groups.is_empty());
        self.deadlines.first().map(|(deadline, _)| *deadline).into_iter().chain(expiry).min()
    }

    /// What the members of all groups take in memory, about, in bytes.
    pub const fn members_bytes(&self) -> usize {
        self.taken.all
    }

    /// The same of the members that one client has brought.
    pub fn members_bytes_of(&self, client: Client) -> usize {
        client.0.and_then(|client| self.taken.by_client.get(&client)).copied().unwrap_or(0)
    }

    /// How much more members may take: who would need more is turned away, but not one that comes back as it was.
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
        self.groups.values().map(Group::found).collect()
    }

    /// DescribeGroups, one of them.
    pub fn describe(&self, group: &str) -> GroupDescription {
        self.groups.get(group).map_or_else(|| GroupDescription::dead(group), Group::describe)
    }

    /// Gives an event to its group; tells which group has changed.
    fn take(&mut self, desk: &mut Desk, event: Event) -> Vec<String> {
        match event {
            Event::Join(token, request) => self.join(desk, token, request),
            Event::Sync(token, request) => self.sync(desk, token, request),
            Event::Heartbeat(token, request) => {
                let group = check_name(&request.group).and_then(|()| self.find(&request.group));
                let alive = group.and_then(|group| group.heartbeat(desk, &request));
                desk.reply(token, Reply::Heartbeat(alive));
                // Its deadline has moved away: the one that is scheduled finds that out by itself.
                Vec::new()
            }
            Event::Leave(token, request) => self.leave(desk, token, request),
            Event::Commit(token, request) => self.commit(desk, token, request),
            Event::DeleteOffsets(token, name, topics) => {
                match self.groups.get_mut(&name) {
                    Some(group) => group.delete_offsets(desk, token, topics),
                    None => {
                        let refused = super::DeleteOffsetsReply::refused(GroupError::GroupIdNotFound);
                        desk.reply(token, Reply::DeleteOffsets(refused));
                    }
                }
                vec![name]
            }
            Event::DeleteGroup(token, name) => {
                self.delete(desk, token, &name);
                vec![name]
            }
            Event::Persisted(write, log_offset) => self.settle(desk, write, Ok(log_offset)),
            Event::Refused(write, error) => self.settle(desk, write, Err(error)),
            Event::Tick => Vec::new(),
        }
    }

    fn find(&mut self, name: &str) -> Result<&mut Group, GroupError> {
        self.groups.get_mut(name).ok_or(GroupError::UnknownMemberId)
    }

    fn find_or_create(&mut self, desk: &Desk, name: &str) -> &mut Group {
        let group = || Group::new(name.to_owned(), Some(desk.now.wall_ms));
        self.groups.entry(name.to_owned()).or_insert_with(group)
    }

    /// A group comes into being with its first member; a member that has an id must come from somewhere.
    fn join(&mut self, desk: &mut Desk, token: Token, request: JoinRequest) -> Vec<String> {
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
            Ok(()) if !self.room.has_for_member(self.groups.get(&request.group), &request) => {
                Some(GroupError::GroupMaxSizeReached)
            }
            Ok(()) => None,
        };
        if let Some(error) = refusal {
            desk.reply(token, Reply::Join(JoinReply::refused(member_id, error)));
            return Vec::new();
        }
        let name = request.group.clone();
        self.find_or_create(desk, &name).join(desk, token, request);
        vec![name]
    }

    fn sync(&mut self, desk: &mut Desk, token: Token, request: SyncRequest) -> Vec<String> {
        let name = request.group.clone();
        let has_room = self.room.has_for_assignments(self.groups.get(&name), &request);
        match check_name(&name).and_then(|()| self.find(&name)) {
            Ok(_) if !has_room => desk.refuse_sync(token, GroupError::CoordinatorNotAvailable),
            Ok(group) => group.sync(desk, token, request),
            Err(error) => desk.refuse_sync(token, error),
        }
        vec![name]
    }

    fn leave(&mut self, desk: &mut Desk, token: Token, request: LeaveRequest) -> Vec<String> {
        let name = request.group.clone();
        let (error, members) = match (check_name(&name), self.groups.get_mut(&name)) {
            (Err(error), _) => (Some(error), Vec::new()),
            (Ok(()), Some(group)) => (None, group.leave(desk, request)),
            (Ok(()), None) => {
                let unknown = |member| LeavingMember { member, error: Some(GroupError::UnknownMemberId) };
                (None, request.members.into_iter().map(unknown).collect())
            }
        };
        desk.reply(token, Reply::Leave(LeaveReply { error, members }));
        vec![name]
    }

    /// A commit of no generation makes a group that only commits.
    fn commit(&mut self, desk: &mut Desk, token: Token, request: CommitRequest) -> Vec<String> {
        let name = request.group.clone();
        if request.generation >= 0 && !self.groups.contains_key(&name) {
            let error = match request.knows_group_id_not_found {
                true => GroupError::GroupIdNotFound,
                false => GroupError::IllegalGeneration,
            };
            desk.reply(token, Reply::Commit(CommitReply::refused(&request, error)));
            return Vec::new();
        }
        self.find_or_create(desk, &name).commit(desk, token, request);
        vec![name]
    }

    fn delete(&mut self, desk: &mut Desk, token: Token, name: &str) {
        let at_once = desk.limits.tombstones_at_once(name);
        let error = match self.groups.get_mut(name) {
            None => GroupError::GroupIdNotFound,
            Some(group) if !group.state.is_empty() => GroupError::NonEmptyGroup,
            Some(group) if group.core.writes_in_flight > 0 => GroupError::CoordinatorNotAvailable,
            Some(group) if group.core.offsets.are_more_than(at_once) => {
                let some = group.core.offsets.keys().take(at_once).collect();
                let reply = Reply::DeleteGroup(Ok(GroupDeletion::InPart));
                return group.take_back(desk, some, Some((token, reply)));
            }
            Some(group) => {
                group.tell(desk, Happened::Deleted);
                let reply = Reply::DeleteGroup(Ok(GroupDeletion::Whole));
                return self.remove(desk, name, Some((token, reply)));
            }
        };
        desk.reply(token, Reply::DeleteGroup(Err(error)));
    }

    /// Forgets a group, and writes its tombstones.
    fn remove(&mut self, desk: &mut Desk, name: &str, answer: Option<(Token, Reply)>) {
        let Some(mut group) = self.groups.remove(name) else { return };
        self.unschedule(&group);
        group.scheduled = None;
        // Who was given an id is told that it is unknown, and asks for another.
        group.core.roster.forget_pending();
        group.core.roster.take_changes().iter().for_each(|change| self.taken.take_in(change));
        let tombstones = group.tombstones();
        self.last_removal = Some(desk.write(None, tombstones, Then::Removed(Box::new(group), answer)));
    }

    /// The log has not taken a group's tombstones: what it holds counts on, but for what has been said since.
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

    /// A write's fate is known: it, and those that waited for it, count now.
    fn settle(&mut self, desk: &mut Desk, write: WriteId, fate: Fate) -> Vec<String> {
        self.writes.settle(write, fate);
        let mut touched = Vec::new();
        while let Some(Settled { write, group: name, then, fate }) = self.writes.next_settled() {
            let then = match (then, fate) {
                (Then::Folded(keys), Ok(log_offset)) => {
                    self.folded(keys, log_offset);
                    continue;
                }
                (Then::Folded(_), Err(error)) => {
                    self.not_folded(error);
                    continue;
                }
                (Then::Forgotten(forgotten), fate) => {
                    touched.extend(self.forgotten(forgotten, fate.is_ok()));
                    continue;
                }
                (Then::Removed(group, answer), Err(error)) => {
                    touched.push(group.core.group.clone());
                    self.put_back(*group);
                    answer.into_iter().for_each(|(token, reply)| desk.reply(token, reply.refused(error)));
                    continue;
                }
                (then, _) => then,
            };
            let group = name.as_ref().and_then(|name| self.groups.get_mut(name));
            match (group, fate) {
                (Some(group), Ok(log_offset)) => group.persisted(desk, write, then, log_offset),
                (Some(group), Err(error)) => group.refused(desk, write, then, error),
                (None, Ok(_)) => {
                    then.answer().into_iter().for_each(|(token, reply)| desk.reply(token, reply))
                }
                (None, Err(error)) => then.refuse(desk, error),
            }
            touched.extend(name);
        }
        touched
    }

    /// Looks at the groups whose deadline has come, and from time to time for what has expired.
    fn tick(&mut self, desk: &mut Desk) -> Vec<String> {
        let now = desk.now.monotonic;
        let mut touched = Vec::new();
        while let Some((deadline, _)) = self.deadlines.first()
            && *deadline <= now
        {
            let (_, name) = self.deadlines.pop_first().expect("there is a first");
            if let Some(group) = self.groups.get_mut(&name) {
                group.scheduled = None;
                group.tick(desk);
                touched.push(name);
            }
        }
        if self.is_time_to_expire(now) {
            touched.extend(self.expire(desk));
        }
        touched
    }

    fn is_time_to_expire(&mut self, now: Millis) -> bool {
        let interval = i32::try_from(self.limits.expiry_interval_ms).unwrap_or(i32::MAX).max(1);
        let due = self.next_expiry.is_some_and(|at| at <= now);
        if due || self.next_expiry.is_none() {
            self.next_expiry = Some(now.after(interval));
        }
        due
    }

    /// Looks at some more groups. What is left is looked at soon.
    fn expire(&mut self, desk: &mut Desk) -> Vec<String> {
        let (mut touched, mut gone) = (Vec::new(), Vec::new());
        let mut left = desk.limits.offsets_at_once;
        let at = self.expiring.take();
        for (name, group) in self.groups.range_mut::<str, _>(Place::groups(at.as_ref())) {
            let behind = Place::offset_in(at.as_ref(), name).cloned();
            let mut offset = None;
            match group.expire_offsets(desk, behind, &mut left) {
                Expiry::Whole => gone.push(name.clone()),
                Expiry::Done => touched.push(name.clone()),
                Expiry::Behind(last) => offset = Some(last),
            }
            if offset.is_some() || left == 0 {
                self.expiring = Some(Place { group: name.clone(), offset });
                self.next_expiry = Some(desk.now.monotonic.after(EXPIRY_PAUSE_MS));
                break;
            }
        }
        for name in gone {
            self.remove(desk, &name, None);
        }
        touched
    }

    /// Ends the handling of an event: writes are remembered, deadlines set, empty husks forgotten.
    pub(super) fn finish(&mut self, desk: Desk, touched: Vec<String>) -> Outputs {
        self.next_write = desk.next_write();
        let mut writes = Vec::with_capacity(desk.staged.len());
        for staged in desk.staged {
            if let Some(group) = staged.group.as_ref().and_then(|name| self.groups.get_mut(name)) {
                group.core.writes_in_flight = group.core.writes_in_flight.saturating_add(1);
            }
            self.writes.begin(staged.id, staged.group, staged.then);
            writes.push(Write { id: staged.id, records: staged.records });
        }
        for name in touched {
            self.reschedule(&name);
        }
        Outputs { replies: desk.replies, writes, news: desk.news }
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
