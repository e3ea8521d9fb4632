//! The members of a group, whatever the group is doing.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{
    error::GroupError,
    event::{JoinRequest, JoinedMember, Member, Millis, Protocol},
};

/// How long a member's first JoinGroup may wait. It cannot send heartbeats yet, and its client may be
/// gone without notice: nobody reads the socket while the request waits.
const NEWCOMER_TIMEOUT_MS: i32 = 5 * 60 * 1000;

/// A member.
#[derive(Clone, Debug)]
pub(super) struct Enrolled {
    pub(super) member_id: String,
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) session_timeout_ms: i32,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Bytes,
    /// When it is taken for dead. None while it waits for us: then the silence is ours.
    pub(super) deadline: Option<Millis>,
    /// It has not been told a generation yet.
    pub(super) newcomer: bool,
}

impl Enrolled {
    /// A member that joins for the first time.
    pub(super) fn newcomer(member_id: String, request: JoinRequest, now: Millis) -> Self {
        Self {
            member_id,
            instance_id: request.member.instance_id,
            client_id: request.client_id,
            client_host: request.client_host,
            session_timeout_ms: request.session_timeout_ms,
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            protocols: request.protocols,
            assignment: Bytes::new(),
            deadline: Some(now.after(NEWCOMER_TIMEOUT_MS)),
            newcomer: true,
        }
    }

    /// Takes over what a later JoinGroup says.
    pub(super) fn update(&mut self, request: JoinRequest) {
        self.session_timeout_ms = request.session_timeout_ms;
        self.rebalance_timeout_ms = request.rebalance_timeout_ms;
        self.protocols = request.protocols;
    }

    /// The member was heard of.
    pub(super) fn heard(&mut self, now: Millis) {
        self.deadline = Some(now.after(self.session_timeout_ms.max(1)));
    }

    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|one| one.name == protocol);
        found.map(|one| one.metadata.clone()).unwrap_or_default()
    }

    fn vote(&self, candidates: &BTreeSet<&str>) -> Option<&str> {
        self.protocols.iter().map(|one| one.name.as_str()).find(|name| candidates.contains(name))
    }
}

/// The members, the static ones by their own names, the leader, and those who were given an id and have not
/// come back with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    members: BTreeMap<String, Enrolled>,
    statics: BTreeMap<String, String>,
    leader: Option<String>,
    pub(super) pending: BTreeMap<String, Millis>,
}

impl Roster {
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
        self.pending.remove(&member.member_id);
        if let Some(instance_id) = &member.instance_id {
            self.statics.insert(instance_id.clone(), member.member_id.clone());
        }
        self.leader.get_or_insert_with(|| member.member_id.clone());
        self.members.insert(member.member_id.clone(), member);
    }

    /// Removes a member, or an id given to one that has not come back. Another becomes the leader.
    pub(super) fn remove(&mut self, member_id: &str) {
        self.pending.remove(member_id);
        let Some(member) = self.members.remove(member_id) else { return };
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
        let candidates = self.candidates();
        protocols.iter().any(|one| self.is_empty() || candidates.contains(one.name.as_str()))
    }

    /// The protocols that every member can follow.
    fn candidates(&self) -> BTreeSet<&str> {
        let mut members = self.members.values();
        let Some(first) = members.next() else { return BTreeSet::new() };
        let mut candidates: BTreeSet<&str> = first.protocols.iter().map(|one| one.name.as_str()).collect();
        for member in members {
            candidates.retain(|name| member.protocols.iter().any(|one| one.name == *name));
        }
        candidates
    }

    /// The protocol most members prefer among those that all can follow.
    pub(super) fn choose_protocol(&self) -> String {
        let candidates = self.candidates();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for vote in self.members.values().filter_map(|member| member.vote(&candidates)) {
            let count = votes.entry(vote).or_default();
            *count = count.saturating_add(1);
        }
        votes.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.to_owned()).unwrap_or_default()
    }

    /// How long a rebalance waits: as long as the most patient member.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0)
    }

    /// What the leader is told of everyone.
    pub(super) fn as_joined(&self, protocol: &str) -> Vec<JoinedMember> {
        let joined = |member: &Enrolled| JoinedMember {
            member_id: member.member_id.clone(),
            instance_id: member.instance_id.clone(),
            metadata: member.metadata(protocol),
        };
        self.members.values().map(joined).collect()
    }

    /// The earliest time at which a member is taken for dead.
    pub(super) fn next_deadline(&self) -> Option<Millis> {
        let members = self.members.values().filter_map(|member| member.deadline);
        members.chain(self.pending.values().copied()).min()
    }

    /// The ids, given out and not come back, whose time is over.
    pub(super) fn overdue_pending(&self, now: Millis) -> Vec<String> {
        self.pending.iter().filter(|(_, deadline)| **deadline <= now).map(|(id, _)| id.clone()).collect()
    }

    /// The members whose time is over.
    pub(super) fn overdue(&self, now: Millis) -> Vec<String> {
        let due = |member: &&Enrolled| member.deadline.is_some_and(|deadline| deadline <= now);
        self.members.values().filter(due).map(|member| member.member_id.clone()).collect()
    }

    #[cfg(any(test, debug_assertions))]
    pub(super) fn check_invariants(&self) {
        for (instance_id, member_id) in &self.statics {
            let member = self.get(member_id).expect("a static name stands for a member");
            assert_eq!(member.instance_id.as_ref(), Some(instance_id));
        }
        let statics = self.members.values().filter(|member| member.instance_id.is_some()).count();
        assert_eq!(statics, self.statics.len(), "each static member has its name to itself");
        assert_eq!(self.leader.is_none(), self.members.is_empty(), "someone leads while someone is there");
        assert!(self.leader.iter().all(|leader| self.contains(leader)), "the leader is a member");
        assert!(self.pending.keys().all(|id| !self.contains(id)), "who is a member is not pending");
    }
}
