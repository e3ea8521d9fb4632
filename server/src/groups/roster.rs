//! The members of a group, whatever the group is doing.

use creel_io::Instant;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

#[cfg(any(test, debug_assertions))]
use super::memory::Taken;
use super::{
    error::GroupError,
    event::{GroupClient, JoinRequest, JoinedMember, Member, Protocol, after},
    memory::{MemoryChange, assignment_bytes},
};

/// How long a member's first JoinGroup may wait. It cannot send heartbeats yet, and its client may be
/// gone without notice: nobody reads the socket while the request waits.
const NEWCOMER_TIMEOUT_MS: i32 = 5 * 60 * 1000;

/// What an id that was given out takes in memory beside its letters.
const PENDING_BYTES: usize = 100;

const fn pending_bytes(member_id: &str) -> usize {
    member_id.len().saturating_add(PENDING_BYTES)
}

/// A member.
#[derive(Clone, Debug)]
pub(super) struct Enrolled {
    pub(super) member_id: String,
    pub(super) instance_id: Option<String>,
    pub(super) client: GroupClient,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) session_timeout_ms: i32,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) protocols: Vec<Protocol>,
    /// What it takes in memory, about, without its assignment.
    pub(super) bytes: usize,
    pub(super) assignment: Bytes,
    /// When it is taken for dead. None while it waits for us: then the silence is ours.
    pub(super) deadline: Option<Instant>,
    /// It has not been told a generation yet.
    pub(super) newcomer: bool,
}

impl Enrolled {
    /// A member that joins for the first time.
    pub(super) fn newcomer(member_id: String, request: JoinRequest, now: Instant) -> Self {
        Self {
            bytes: request.bytes(),
            client: request.client,
            member_id,
            instance_id: request.member.instance_id,
            client_id: request.client_id,
            client_host: request.client_host,
            session_timeout_ms: request.session_timeout_ms,
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            protocols: request.protocols,
            assignment: Bytes::new(),
            deadline: Some(after(now, NEWCOMER_TIMEOUT_MS)),
            newcomer: true,
        }
    }

    /// Takes over what a later JoinGroup says.
    fn update(&mut self, request: JoinRequest) {
        self.bytes = request.bytes();
        self.client = request.client;
        self.session_timeout_ms = request.session_timeout_ms;
        self.rebalance_timeout_ms = request.rebalance_timeout_ms;
        self.protocols = request.protocols;
    }

    /// The member was heard of.
    pub(super) fn heard(&mut self, now: Instant) {
        self.deadline = Some(after(now, self.session_timeout_ms.max(1)));
    }

    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|one| one.name == protocol);
        found.map(|one| one.metadata.clone()).unwrap_or_default()
    }

    /// The same, as a slice.
    pub(super) fn data(&self, protocol: &str) -> &[u8] {
        self.protocols.iter().find(|one| one.name == protocol).map_or(&[], |one| &one.metadata)
    }

    /// What it takes in memory, about.
    const fn held_bytes(&self) -> usize {
        self.bytes.saturating_add(assignment_bytes(self.assignment.len()))
    }

    /// The protocols it can follow, each once.
    fn names(&self) -> BTreeSet<&str> {
        self.protocols.iter().map(|one| one.name.as_str()).collect()
    }
}

/// The members, the static ones by their own names, the leader, and those who were given an id and have not
/// come back with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    members: BTreeMap<String, Enrolled>,
    statics: BTreeMap<String, String>,
    leader: Option<String>,
    /// How many members can follow each protocol. Asking all members each time would be slow in a full group.
    supported: BTreeMap<String, usize>,
    pending: BTreeMap<String, PendingMember>,
    /// What members and ids take in memory, about, and the changes of it that were not asked for yet.
    bytes: usize,
    changes: Vec<MemoryChange>,
}

/// An id that was given out.
#[derive(Clone, Debug)]
struct PendingMember {
    client: GroupClient,
    /// Until when it is remembered.
    deadline: Instant,
}

impl Roster {
    /// Gives out an id.
    pub(super) fn add_pending(&mut self, member_id: String, client: GroupClient, deadline: Instant) {
        self.note(client, pending_bytes(&member_id), 0);
        let before = self.pending.insert(member_id.clone(), PendingMember { client, deadline });
        before.iter().for_each(|before| self.note(before.client, 0, pending_bytes(&member_id)));
    }

    /// Whether an id was given out, and nobody has come back with it.
    pub(super) fn is_pending(&self, member_id: &str) -> bool {
        self.pending.contains_key(member_id)
    }

    /// Whether that is so of any.
    pub(super) fn has_no_pending(&self) -> bool {
        self.pending.is_empty()
    }

    /// Stops waiting for the client that was given an id.
    pub(super) fn remove_pending(&mut self, member_id: &str) {
        if let Some((id, pending)) = self.pending.remove_entry(member_id) {
            self.note(pending.client, 0, pending_bytes(&id));
        }
    }

    /// Stops waiting for all such clients.
    pub(super) fn clear_pending(&mut self) {
        for (id, pending) in std::mem::take(&mut self.pending) {
            self.note(pending.client, 0, pending_bytes(&id));
        }
    }

    fn note(&mut self, client: GroupClient, more: usize, less: usize) {
        self.bytes = self.bytes.saturating_add(more).saturating_sub(less);
        self.changes.push(MemoryChange { client, more, less });
    }

    /// What has changed in the memory of clients' members since this was last called.
    pub(super) fn take_changes(&mut self) -> Vec<MemoryChange> {
        std::mem::take(&mut self.changes)
    }

    /// What the assignments take, about.
    pub(super) fn assigned_bytes(&self) -> usize {
        let bytes = self.members.values().map(|member| assignment_bytes(member.assignment.len()));
        bytes.fold(0, usize::saturating_add)
    }

    /// Gives each member its assignment, which may be empty.
    pub(super) fn assign(&mut self, assignments: &BTreeMap<String, Bytes>) {
        for member in self.members.values_mut() {
            let less = member.held_bytes();
            member.assignment = assignments.get(&member.member_id).cloned().unwrap_or_default();
            let (client, more) = (member.client, member.held_bytes());
            self.bytes = self.bytes.saturating_add(more).saturating_sub(less);
            self.changes.push(MemoryChange { client, more, less });
        }
    }

    pub(super) fn get(&self, member_id: &str) -> Option<&Enrolled> {
        self.members.get(member_id)
    }

    pub(super) fn get_mut(&mut self, member_id: &str) -> Option<&mut Enrolled> {
        self.members.get_mut(member_id)
    }

    pub(super) fn contains(&self, member_id: &str) -> bool {
        self.members.contains_key(member_id)
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Enrolled> {
        self.members.values()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Enrolled> {
        self.members.values_mut()
    }

    pub(super) fn leader(&self) -> Option<&str> {
        self.leader.as_deref()
    }

    pub(super) fn set_leader(&mut self, leader: Option<String>) {
        self.leader = leader;
    }

    pub(super) fn is_leader(&self, member_id: &str) -> bool {
        self.leader() == Some(member_id)
    }

    /// The member id behind a static member's own name.
    pub(super) fn static_id(&self, instance_id: &str) -> Option<&str> {
        self.statics.get(instance_id).map(String::as_str)
    }

    /// Adds a member; the first becomes the leader.
    pub(super) fn enroll(&mut self, member: Enrolled) {
        self.remove_pending(&member.member_id);
        if let Some(instance_id) = &member.instance_id {
            self.statics.insert(instance_id.clone(), member.member_id.clone());
        }
        self.leader.get_or_insert_with(|| member.member_id.clone());
        self.count(&member);
        let before = self.members.insert(member.member_id.clone(), member);
        before.iter().for_each(|before| self.discount(before));
    }

    /// Takes over what a member's later JoinGroup says.
    pub(super) fn update(&mut self, member_id: &str, request: JoinRequest) {
        let Some(mut member) = self.members.remove(member_id) else { return };
        self.discount(&member);
        member.update(request);
        self.count(&member);
        self.members.insert(member_id.to_owned(), member);
    }

    fn count(&mut self, member: &Enrolled) {
        self.note(member.client, member.held_bytes(), 0);
        for name in member.names() {
            match self.supported.get_mut(name) {
                Some(count) => *count = count.saturating_add(1),
                None => drop(self.supported.insert(name.to_owned(), 1)),
            }
        }
    }

    fn discount(&mut self, member: &Enrolled) {
        self.note(member.client, 0, member.held_bytes());
        for name in member.names() {
            match self.supported.get_mut(name) {
                Some(count) if *count > 1 => *count = count.saturating_sub(1),
                _ => drop(self.supported.remove(name)),
            }
        }
    }

    /// What the members and the ids that were given out take in memory, about.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// What the member takes whose place this one has or will have.
    pub(super) fn bytes_of(&self, member: &Member) -> usize {
        let of_instance = member.instance_id.as_deref().and_then(|instance_id| self.static_id(instance_id));
        let known = self.get(of_instance.unwrap_or(&member.member_id)).map(|member| member.bytes);
        known
            .or_else(|| self.is_pending(&member.member_id).then(|| pending_bytes(&member.member_id)))
            .unwrap_or(0)
    }

    /// Removes a member, or an id given to one that has not come back. Another becomes the leader.
    pub(super) fn remove(&mut self, member_id: &str) {
        self.remove_pending(member_id);
        let Some(member) = self.members.remove(member_id) else { return };
        self.discount(&member);
        if let Some(instance_id) = &member.instance_id {
            self.statics.remove(instance_id);
        }
        if self.is_leader(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    /// Gives a static member's place, with its assignment and perhaps leadership, to a new member id.
    pub(super) fn replace(&mut self, old_id: &str, new_id: &str) {
        let Some(mut member) = self.members.remove(old_id) else { return };
        if let Some(instance_id) = &member.instance_id {
            self.statics.insert(instance_id.clone(), new_id.to_owned());
        }
        if self.is_leader(old_id) {
            self.leader = Some(new_id.to_owned());
        }
        member.member_id = new_id.to_owned();
        member.newcomer = false;
        self.members.insert(new_id.to_owned(), member);
    }

    /// Whether a request may speak for the member it names.
    pub(super) fn check(&self, member: &Member) -> Result<(), GroupError> {
        if let Some(instance_id) = &member.instance_id {
            match self.static_id(instance_id) {
                None => return Err(GroupError::UnknownMemberId),
                Some(current) if current != member.member_id => return Err(GroupError::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.contains(&member.member_id) { Ok(()) } else { Err(GroupError::UnknownMemberId) }
    }

    /// Whether some protocol among these is one that every member can follow.
    pub(super) fn supports(&self, protocols: &[Protocol]) -> bool {
        protocols.iter().any(|one| self.is_empty() || self.is_common(&one.name))
    }

    /// Whether every member can follow the protocol.
    fn is_common(&self, protocol: &str) -> bool {
        self.supported.get(protocol) == Some(&self.len())
    }

    /// The protocol most members prefer among those that all can follow.
    pub(super) fn choose_protocol(&self) -> String {
        let everyone = self.len();
        let common = self.supported.iter().filter(|(_, count)| **count == everyone);
        let mut votes: BTreeMap<&str, usize> = common.map(|(name, _)| (name.as_str(), 0)).collect();
        for member in self.members.values() {
            let preferred = member.protocols.iter().find(|one| votes.contains_key(one.name.as_str()));
            if let Some(count) = preferred.and_then(|one| votes.get_mut(one.name.as_str())) {
                *count = count.saturating_add(1);
            }
        }
        votes.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.to_owned()).unwrap_or_default()
    }

    /// How long a rebalance waits: as long as the most patient member.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0)
    }

    /// All members, as the leader is told of them.
    pub(super) fn as_joined(&self, protocol: &str) -> Vec<JoinedMember> {
        let joined = |member: &Enrolled| JoinedMember {
            member_id: member.member_id.clone(),
            instance_id: member.instance_id.clone(),
            metadata: member.metadata(protocol),
        };
        self.members.values().map(joined).collect()
    }

    /// The earliest time at which a member is taken for dead.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let members = self.members.values().filter_map(|member| member.deadline);
        members.chain(self.pending.values().map(|pending| pending.deadline)).min()
    }

    /// The ids that were given out, did not come back, and have timed out.
    pub(super) fn overdue_pending(&self, now: Instant) -> Vec<String> {
        let due = self.pending.iter().filter(|(_, pending)| pending.deadline <= now);
        due.map(|(id, _)| id.clone()).collect()
    }

    /// The members whose time is over.
    pub(super) fn overdue(&self, now: Instant) -> Vec<String> {
        let due = |member: &&Enrolled| member.deadline.is_some_and(|deadline| deadline <= now);
        self.members.values().filter(due).map(|member| member.member_id.clone()).collect()
    }

    /// Counts anew.
    #[cfg(any(test, debug_assertions))]
    pub(super) fn count_into(&self, taken: &mut Taken) {
        let members = self.members.values().map(|member| (member.client, member.held_bytes()));
        let pending = self.pending.iter().map(|(id, pending)| (pending.client, pending_bytes(id)));
        let all = members.chain(pending).map(|(client, more)| MemoryChange { client, more, less: 0 });
        all.for_each(|change| taken.take_in(&change));
    }

    #[cfg(any(test, debug_assertions))]
    pub(super) fn check_invariants(&self) {
        let mut taken = Taken::default();
        self.count_into(&mut taken);
        assert_eq!(taken.all, self.bytes, "what members take is counted");

        for (instance_id, member_id) in &self.statics {
            let member = self.get(member_id).expect("a static name stands for a member");
            assert_eq!(member.instance_id.as_ref(), Some(instance_id));
        }
        let statics = self.members.values().filter(|member| member.instance_id.is_some()).count();
        assert_eq!(statics, self.statics.len(), "each static member has its name to itself");
        assert_eq!(self.leader.is_none(), self.members.is_empty(), "someone leads while someone is there");
        assert!(self.leader.iter().all(|leader| self.contains(leader)), "the leader is a member");
        assert!(self.pending.keys().all(|id| !self.contains(id)), "who is a member is not pending");
        let mut names: Vec<&str> = self.members.values().flat_map(Enrolled::names).collect();
        names.sort_unstable();
        let counted =
            names.chunk_by(|one, next| one == next).filter_map(|same| Some((*same.first()?, same.len())));
        let supported = self.supported.iter().map(|(name, count)| (name.as_str(), *count));
        assert!(counted.eq(supported), "who can follow which protocol is counted");
    }
}
