//! Syncing (Kafka: CompletingRebalance): a generation is agreed on. The leader's assignment is awaited, and then the
//! durability of its record. Members that ask meanwhile have a token waiting.

use creel_io::Instant;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{
    core::GroupCx,
    effects::OnDurable,
    error::GroupError,
    event::{GroupReply, SyncReply, SyncRequest, Token, WriteId, after},
    joining::Joining,
    log_lines::{Members, Reason},
};

/// The assignment is awaited.
#[derive(Clone, Debug)]
pub(super) struct Syncing {
    protocol: String,
    /// Who waits for its assignment.
    awaiting: BTreeMap<String, Token>,
    /// Who has not asked for it yet, and until when that is waited for.
    unsynced: BTreeSet<String>,
    deadline: Option<Instant>,
    storing: Option<Storing>,
}

/// What comes of the wait.
pub(super) enum SyncProgress {
    /// It goes on.
    Waits(Syncing),
    /// Members have their assignments.
    Assigned(Assigned),
    /// All start over.
    Interrupted(Joining),
}

/// A generation whose members have their assignments.
pub(super) struct Assigned {
    pub(super) protocol: String,
    /// Who has not asked for its assignment yet, and until when that is waited for.
    pub(super) unsynced: BTreeSet<String>,
    pub(super) deadline: Option<Instant>,
}

/// The assignment on its way to the disk.
#[derive(Clone, Debug)]
struct Storing {
    write: WriteId,
    assignments: BTreeMap<String, Bytes>,
}

impl Syncing {
    /// The members are complete: each that waits is told the generation, and the leader everyone.
    pub(super) fn enter(cx: &mut GroupCx<'_>, joined: BTreeMap<String, Token>) -> Self {
        cx.stamp();
        let protocol = cx.core.roster.choose_protocol();
        for (member_id, token) in &joined {
            let reply = cx.core.joined(member_id, &protocol);
            cx.effects.reply(*token, GroupReply::Join(reply));
        }
        let now = cx.effects.now.monotonic;
        let deadline = after(now, cx.core.roster.rebalance_timeout_ms().max(1));
        let mut unsynced = BTreeSet::new();
        for member in cx.core.roster.iter_mut() {
            member.heard(now);
            member.newcomer = false;
            unsynced.insert(member.member_id.clone());
        }
        Self { protocol, awaiting: BTreeMap::new(), unsynced, deadline: Some(deadline), storing: None }
    }

    pub(super) fn protocol(&self) -> &str {
        &self.protocol
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn awaits(&self, member_id: &str) -> bool {
        self.awaiting.contains_key(member_id)
    }

    /// A member asks for its assignment; the leader brings everyone's. If the record would be too large it is not
    /// written, and all start over.
    #[must_use]
    pub(super) fn sync(mut self, cx: &mut GroupCx<'_>, token: Token, request: SyncRequest) -> SyncProgress {
        let member_id = request.member.member_id;
        self.unsynced.remove(&member_id);
        if self.unsynced.is_empty() {
            self.deadline = None;
        }
        let brings = cx.core.roster.is_leader(&member_id) && self.storing.is_none();
        if let Some(earlier) = self.awaiting.insert(member_id, token) {
            cx.effects.fail_sync(earlier, GroupError::RebalanceInProgress);
        }
        if brings {
            let mut assignments: BTreeMap<_, _> = request.assignments.into_iter().collect();
            assignments.retain(|member_id, _| cx.core.roster.contains(member_id));
            if cx.core.record_bytes(&self.protocol, &assignments) > cx.effects.limits.state_bytes_max {
                let error = GroupError::UnknownServerError;
                return SyncProgress::Interrupted(self.interrupt(cx, error, Reason::NotStored(error)));
            }
            self.storing = Some(self.store(cx, assignments));
        }
        SyncProgress::Waits(self)
    }

    fn store(&self, cx: &mut GroupCx<'_>, assignments: BTreeMap<String, Bytes>) -> Storing {
        let record = cx.core.record(Some(&self.protocol), &assignments, cx.effects.now.wall_ms);
        let write = cx.write_state(record, OnDurable::Assign);
        Storing { write, assignments }
    }

    /// A write of assignments is durable; if it is this generation's, the members get theirs.
    pub(super) fn stored(mut self, cx: &mut GroupCx<'_>, write: WriteId) -> SyncProgress {
        let Some(storing) = self.storing.take_if(|storing| storing.write == write) else {
            return SyncProgress::Waits(self);
        };
        cx.core.roster.assign(&storing.assignments);
        for (member_id, token) in self.awaiting {
            let assignment = cx.core.roster.get(&member_id).map(|member| member.assignment.clone());
            let reply = SyncReply {
                error: None,
                protocol_type: cx.core.protocol_type.clone(),
                protocol_name: Some(self.protocol.clone()),
                assignment: assignment.unwrap_or_default(),
            };
            cx.effects.reply(token, GroupReply::Sync(reply));
            cx.heard(&member_id);
        }
        let Self { protocol, unsynced, deadline, .. } = self;
        SyncProgress::Assigned(Assigned { protocol, unsynced, deadline })
    }

    /// The write of the assignments has failed: all start over, and those who wait are told.
    pub(super) fn not_stored(self, cx: &mut GroupCx<'_>, write: WriteId, error: GroupError) -> SyncProgress {
        match &self.storing {
            Some(storing) if storing.write == write => {
                SyncProgress::Interrupted(self.interrupt(cx, error, Reason::NotStored(error)))
            }
            _ => SyncProgress::Waits(self),
        }
    }

    /// The generation ends before it began: those who wait are told, and the members join anew.
    pub(super) fn interrupt(self, cx: &mut GroupCx<'_>, error: GroupError, reason: Reason) -> Joining {
        cx.core.roster.assign(&BTreeMap::new());
        for (member_id, token) in self.awaiting {
            cx.effects.fail_sync(token, error);
            cx.heard(&member_id);
        }
        Joining::begin(cx, reason)
    }

    /// Members are gone.
    pub(super) fn remove(mut self, cx: &mut GroupCx<'_>, gone: &[String], reason: Reason) -> Joining {
        for member_id in gone {
            if let Some(token) = self.awaiting.remove(member_id) {
                cx.effects.fail_sync(token, GroupError::UnknownMemberId);
            }
            cx.core.roster.remove(member_id);
        }
        self.interrupt(cx, GroupError::RebalanceInProgress, reason)
    }

    /// A static member's new process takes its place. The leader may have been told the old id already,
    /// so the generation cannot be kept.
    pub(super) fn replace(mut self, cx: &mut GroupCx<'_>, old_id: &str, new_id: &str) -> Joining {
        if let Some(token) = self.awaiting.remove(old_id) {
            cx.effects.fail_sync(token, GroupError::FencedInstanceId);
        }
        let reason = Reason::Replaced(new_id.to_owned());
        self.interrupt(cx, GroupError::RebalanceInProgress, reason)
    }

    /// The time to ask for assignments is over: the others go on without those who have not.
    pub(super) fn expire(mut self, cx: &mut GroupCx<'_>) -> Joining {
        let silent: Vec<_> = std::mem::take(&mut self.unsynced).into_iter().collect();
        let reason = Reason::NotSynced(Members::of(&silent));
        self.remove(cx, &silent, reason)
    }

    #[cfg(any(test, debug_assertions))]
    pub(super) fn check_invariants(&self, core: &super::core::GroupBase) {
        assert!(!core.roster.is_empty(), "a generation has members");
        assert!(
            self.awaiting.keys().chain(&self.unsynced).all(|id| core.roster.contains(id)),
            "only members"
        );
        assert_eq!(self.deadline.is_none(), self.unsynced.is_empty(), "waited for while someone is missing");
    }
}
