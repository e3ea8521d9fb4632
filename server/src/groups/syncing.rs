//! Syncing (Kafka: CompletingRebalance): a generation is agreed on, the leader's assignment is awaited, then
//! its record's durability. Members that ask meanwhile have a token waiting.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{
    core::Turn,
    effects::Then,
    error::GroupError,
    event::{Millis, Reply, SyncReply, SyncRequest, Token, WriteId},
    joining::Joining,
    log_lines::{Members, Reason},
    stable::Stable,
    state::State,
};

/// The assignment is awaited.
#[derive(Clone, Debug)]
pub(super) struct Syncing {
    protocol: String,
    /// Who waits for its assignment.
    awaiting: BTreeMap<String, Token>,
    /// Who has not asked for it yet, and until when that is waited for.
    unsynced: BTreeSet<String>,
    deadline: Option<Millis>,
    storing: Option<Storing>,
}

/// The assignment on its way to the disk.
#[derive(Clone, Debug)]
struct Storing {
    write: WriteId,
    assignments: BTreeMap<String, Bytes>,
}

impl Syncing {
    /// The members are complete: each that waits is told the generation, and the leader everyone.
    pub(super) fn enter(turn: &mut Turn<'_>, joined: BTreeMap<String, Token>) -> Self {
        turn.stamp();
        let protocol = turn.core.roster.choose_protocol();
        for (member_id, token) in &joined {
            let reply = turn.core.joined(member_id, &protocol);
            turn.desk.reply(*token, Reply::Join(reply));
        }
        let now = turn.desk.now.monotonic;
        let deadline = now.after(turn.core.roster.rebalance_timeout_ms().max(1));
        let mut unsynced = BTreeSet::new();
        for member in turn.core.roster.iter_mut() {
            member.heard(now);
            member.newcomer = false;
            unsynced.insert(member.member_id.clone());
        }
        Self { protocol, awaiting: BTreeMap::new(), unsynced, deadline: Some(deadline), storing: None }
    }

    pub(super) fn protocol(&self) -> &str {
        &self.protocol
    }

    pub(super) const fn deadline(&self) -> Option<Millis> {
        self.deadline
    }

    pub(super) fn awaits(&self, member_id: &str) -> bool {
        self.awaiting.contains_key(member_id)
    }

    /// A member asks for its assignment; the leader brings everyone's. What makes too large a record is not written: all
    /// start over.
    #[must_use]
    pub(super) fn sync(mut self, turn: &mut Turn<'_>, token: Token, request: SyncRequest) -> State {
        let member_id = request.member.member_id;
        self.unsynced.remove(&member_id);
        if self.unsynced.is_empty() {
            self.deadline = None;
        }
        let brings = turn.core.roster.is_leader(&member_id) && self.storing.is_none();
        if let Some(earlier) = self.awaiting.insert(member_id, token) {
            turn.desk.refuse_sync(earlier, GroupError::RebalanceInProgress);
        }
        if brings {
            let mut assignments: BTreeMap<_, _> = request.assignments.into_iter().collect();
            assignments.retain(|member_id, _| turn.core.roster.contains(member_id));
            if turn.core.record_bytes(&self.protocol, &assignments) > turn.desk.limits.state_bytes_max {
                let error = GroupError::UnknownServerError;
                return self.interrupt(turn, error, Reason::NotStored(error)).settle(turn);
            }
            self.storing = Some(self.store(turn, assignments));
        }
        State::Syncing(self)
    }

    fn store(&self, turn: &mut Turn<'_>, assignments: BTreeMap<String, Bytes>) -> Storing {
        let record = turn.core.record(Some(&self.protocol), &assignments, turn.desk.now.wall_ms);
        let write = turn.write_state(record, Then::Assign);
        Storing { write, assignments }
    }

    /// A write of assignments is durable; if it is this generation's, the members get theirs.
    pub(super) fn stored(mut self, turn: &mut Turn<'_>, write: WriteId) -> State {
        let Some(storing) = self.storing.take_if(|storing| storing.write == write) else {
            return State::Syncing(self);
        };
        turn.core.roster.assign(&storing.assignments);
        for (member_id, token) in self.awaiting {
            let assignment = turn.core.roster.get(&member_id).map(|member| member.assignment.clone());
            let reply = SyncReply {
                error: None,
                protocol_type: turn.core.protocol_type.clone(),
                protocol_name: Some(self.protocol.clone()),
                assignment: assignment.unwrap_or_default(),
            };
            turn.desk.reply(token, Reply::Sync(reply));
            turn.heard(&member_id);
        }
        State::Stable(Stable::enter(turn, self.protocol, self.unsynced, self.deadline))
    }

    /// The write of the assignments has failed: all start over, and those who wait are told.
    pub(super) fn not_stored(self, turn: &mut Turn<'_>, write: WriteId, error: GroupError) -> State {
        match &self.storing {
            Some(storing) if storing.write == write => {
                self.interrupt(turn, error, Reason::NotStored(error)).settle(turn)
            }
            _ => State::Syncing(self),
        }
    }

    /// The generation ends before it began: those who wait are told, and the members join anew.
    pub(super) fn interrupt(self, turn: &mut Turn<'_>, error: GroupError, reason: Reason) -> Joining {
        turn.core.roster.assign(&BTreeMap::new());
        for (member_id, token) in self.awaiting {
            turn.desk.refuse_sync(token, error);
            turn.heard(&member_id);
        }
        Joining::begin(turn, reason)
    }

    /// Members are gone.
    pub(super) fn remove(mut self, turn: &mut Turn<'_>, gone: &[String], reason: Reason) -> Joining {
        for member_id in gone {
            if let Some(token) = self.awaiting.remove(member_id) {
                turn.desk.refuse_sync(token, GroupError::UnknownMemberId);
            }
            turn.core.roster.remove(member_id);
        }
        self.interrupt(turn, GroupError::RebalanceInProgress, reason)
    }

    /// A static member's new process takes its place. The leader may have been told the old id already,
    /// so the generation cannot be kept.
    pub(super) fn replace(mut self, turn: &mut Turn<'_>, old_id: &str, new_id: &str) -> Joining {
        if let Some(token) = self.awaiting.remove(old_id) {
            turn.desk.refuse_sync(token, GroupError::FencedInstanceId);
        }
        let reason = Reason::Replaced(new_id.to_owned());
        self.interrupt(turn, GroupError::RebalanceInProgress, reason)
    }

    /// The time to ask for assignments is over: the others go on without those who have not.
    pub(super) fn expire(mut self, turn: &mut Turn<'_>) -> State {
        let silent: Vec<_> = std::mem::take(&mut self.unsynced).into_iter().collect();
        let reason = Reason::NotSynced(Members::of(&silent));
        self.remove(turn, &silent, reason).settle(turn)
    }

    #[cfg(any(test, debug_assertions))]
    pub(super) fn check_invariants(&self, core: &super::core::Core) {
        assert!(!core.roster.is_empty(), "a generation has members");
        assert!(
            self.awaiting.keys().chain(&self.unsynced).all(|id| core.roster.contains(id)),
            "only members"
        );
        assert_eq!(self.deadline.is_none(), self.unsynced.is_empty(), "waited for while someone is missing");
    }
}
