//! Stable: each member has its assignment, or can ask for it.

use creel_io::Instant;

use std::collections::BTreeSet;

use super::{
    core::GroupCx,
    effects::{OnDurable, Return},
    event::{GroupReply, SyncReply, SyncRequest, Token},
    joining::Joining,
    log_lines::{GroupChange, Members, Reason},
    syncing::Assigned,
};

/// All is assigned.
#[derive(Clone, Debug)]
pub(super) struct Stable {
    protocol: String,
    /// Who has not asked for its assignment yet, and until when that is waited for.
    unsynced: BTreeSet<String>,
    deadline: Option<Instant>,
}

impl Stable {
    pub(super) fn enter(cx: &mut GroupCx<'_>, assigned: Assigned) -> Self {
        let Assigned { protocol, unsynced, deadline } = assigned;
        cx.stamp();
        cx.log(GroupChange::Stable { protocol: protocol.clone() });
        Self { protocol, unsynced, deadline }
    }

    /// As it was left by the broker's last run.
    pub(super) const fn loaded(protocol: String) -> Self {
        Self { protocol, unsynced: BTreeSet::new(), deadline: None }
    }

    pub(super) fn protocol(&self) -> &str {
        &self.protocol
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// A member asks for its assignment, late or again.
    #[must_use]
    pub(super) fn sync(mut self, cx: &mut GroupCx<'_>, token: Token, request: &SyncRequest) -> Self {
        self.unsynced.remove(&request.member.member_id);
        if self.unsynced.is_empty() {
            self.deadline = None;
        }
        let member = cx.core.roster.get(&request.member.member_id);
        let reply = SyncReply {
            error: None,
            protocol_type: cx.core.protocol_type.clone(),
            protocol_name: Some(self.protocol.clone()),
            assignment: member.map(|member| member.assignment.clone()).unwrap_or_default(),
        };
        cx.effects.reply(token, GroupReply::Sync(reply));
        self
    }

    /// Members are gone.
    pub(super) fn remove(self, cx: &mut GroupCx<'_>, gone: &[String], reason: Reason) -> Joining {
        for member_id in gone {
            cx.core.roster.remove(member_id);
        }
        Joining::begin(cx, reason)
    }

    /// A static member's new process has taken its place in the roster. If the group's protocol stays, the generation
    /// stays, too: the new id is written down, and the member is told. Otherwise all join anew.
    pub(super) fn replace(
        mut self,
        cx: &mut GroupCx<'_>,
        old_id: &str,
        back: Return,
    ) -> Result<Self, Joining> {
        if self.unsynced.remove(old_id) {
            self.unsynced.insert(back.member.member_id.clone());
        }
        if cx.core.roster.choose_protocol() != self.protocol {
            let (id, token) = (back.member.member_id, back.token);
            let reason = Reason::Replaced(id.clone());
            return Err(Joining::begin(cx, reason).wait(cx, id, token));
        }
        cx.heard(&back.member.member_id);
        let assignments =
            cx.core.roster.iter().map(|member| (member.member_id.clone(), member.assignment.clone()));
        let assignments = assignments.collect();
        let record = cx.core.record(Some(&self.protocol), &assignments, cx.effects.now.wall_ms);
        cx.write_state(record, OnDurable::Return(back));
        Ok(self)
    }

    /// The time to ask for assignments is over.
    pub(super) fn expire(mut self, cx: &mut GroupCx<'_>) -> Joining {
        let silent: Vec<_> = std::mem::take(&mut self.unsynced).into_iter().collect();
        let reason = Reason::NotSynced(Members::of(&silent));
        self.remove(cx, &silent, reason)
    }

    #[cfg(any(test, debug_assertions))]
    pub(super) fn check_invariants(&self, core: &super::core::GroupBase) {
        assert!(!core.roster.is_empty(), "a generation has members");
        assert!(self.unsynced.iter().all(|id| core.roster.contains(id)), "only members are waited for");
        assert_eq!(self.deadline.is_none(), self.unsynced.is_empty(), "waited for while someone is missing");
    }
}
