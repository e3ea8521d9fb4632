//! Joining (Kafka: PreparingRebalance): members are awaited; each that has come has a token waiting.
//!
//! The state ends when all have come, or at the deadline without those who have not. A group that was empty always
//! waits, and longer while members keep arriving, so that it does not rebalance once for each.

use creel_io::Instant;

use std::collections::BTreeMap;

use super::{
    core::GroupCx,
    error::GroupError,
    event::{Token, after},
    log_lines::{GroupChange, Members, Reason},
};

/// Members are awaited.
#[derive(Clone, Debug)]
pub(super) struct Joining {
    /// Who has come.
    awaiting: BTreeMap<String, Token>,
    deadline: Instant,
    initial: Option<InitialDelay>,
}

/// What comes of the wait.
pub(super) enum JoinProgress {
    /// Others are awaited.
    Waits(Joining),
    /// These are the members that have come, with their tokens: a generation begins.
    Complete(BTreeMap<String, Token>),
    /// No member is left.
    Nobody,
}

/// The wait of a group that was empty.
#[derive(Clone, Copy, Debug)]
struct InitialDelay {
    /// The delay that is running.
    delay_ms: i32,
    /// How much longer the wait may become after it.
    remaining_ms: i32,
    /// Whether someone came since it started.
    grown: bool,
}

impl Joining {
    /// A rebalance of a group that has members. They must all come, or have no more time.
    pub(super) fn begin(cx: &mut GroupCx<'_>, reason: Reason) -> Self {
        cx.stamp();
        cx.log(GroupChange::Rebalances(reason));
        let deadline = after(cx.effects.now.monotonic, cx.core.roster.rebalance_timeout_ms().max(1));
        Self { awaiting: BTreeMap::new(), deadline, initial: None }
    }

    /// The first rebalance of a group that was empty.
    pub(super) fn begin_initial(cx: &mut GroupCx<'_>, reason: Reason) -> Self {
        cx.stamp();
        cx.log(GroupChange::Rebalances(reason));
        let delay_ms = cx.effects.limits.initial_rebalance_delay_ms;
        let remaining_ms = cx.core.roster.rebalance_timeout_ms().saturating_sub(delay_ms).max(0);
        let initial = InitialDelay { delay_ms, remaining_ms, grown: false };
        let deadline = after(cx.effects.now.monotonic, delay_ms);
        Self { awaiting: BTreeMap::new(), deadline, initial: Some(initial) }
    }

    pub(super) const fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn awaits(&self, member_id: &str) -> bool {
        self.awaiting.contains_key(member_id)
    }

    pub(super) fn arrived(&self) -> usize {
        self.awaiting.len()
    }

    /// A member has come and waits for the others.
    ///
    /// If it was waiting already, its client has given up on the first request and asks again. The first request is
    /// answered too, so that nothing waits forever.
    #[must_use]
    pub(super) fn wait(mut self, cx: &mut GroupCx<'_>, member_id: String, token: Token) -> Self {
        let newcomer = cx.core.roster.get(&member_id).is_some_and(|member| member.newcomer);
        match self.awaiting.insert(member_id.clone(), token) {
            Some(earlier) => cx.effects.fail_join(earlier, member_id, GroupError::RebalanceInProgress),
            None if newcomer => self.grow(),
            None => {}
        }
        self
    }

    fn grow(&mut self) {
        if self.awaiting.len() > 1
            && let Some(initial) = &mut self.initial
        {
            initial.grown = true;
        }
    }

    /// A static member's new process takes the place of the one that was waiting.
    #[must_use]
    pub(super) fn replace(
        mut self,
        cx: &mut GroupCx<'_>,
        old_id: &str,
        new_id: String,
        token: Token,
    ) -> Self {
        if let Some(earlier) = self.awaiting.remove(old_id) {
            cx.effects.fail_join(earlier, old_id, GroupError::FencedInstanceId);
        }
        self.wait(cx, new_id, token)
    }

    /// Members are gone. Those that wait are told to start over, if they are still there.
    #[must_use]
    pub(super) fn remove(mut self, cx: &mut GroupCx<'_>, gone: &[String]) -> Self {
        for member_id in gone {
            if let Some(token) = self.awaiting.remove(member_id) {
                cx.effects.fail_join(token, "", GroupError::UnknownMemberId);
            }
            cx.core.roster.remove(member_id);
        }
        self
    }

    /// Goes on if nobody else is awaited.
    pub(super) fn settle(self, cx: &mut GroupCx<'_>) -> JoinProgress {
        let roster = &cx.core.roster;
        let ready = match self.initial {
            Some(initial) => initial.delay_ms == 0,
            None => self.awaiting.len() == roster.len() && roster.has_no_pending(),
        };
        if ready { self.complete(cx) } else { JoinProgress::Waits(self) }
    }

    /// The deadline has come.
    pub(super) fn expire(mut self, cx: &mut GroupCx<'_>) -> JoinProgress {
        match self.initial {
            Some(initial) if initial.grown && initial.remaining_ms > 0 => {
                let delay_ms = cx.effects.limits.initial_rebalance_delay_ms.min(initial.remaining_ms);
                let remaining_ms = initial.remaining_ms.saturating_sub(initial.delay_ms).max(0);
                self.initial = Some(InitialDelay { delay_ms, remaining_ms, grown: false });
                self.deadline = after(cx.effects.now.monotonic, delay_ms.max(1));
                JoinProgress::Waits(self)
            }
            _ => self.complete(cx),
        }
    }

    /// Goes on with those who have come. Static members keep their place without coming: their process may
    /// be back before their session ends.
    fn complete(mut self, cx: &mut GroupCx<'_>) -> JoinProgress {
        self.drop_the_missing(cx);
        let roster = &mut cx.core.roster;
        if self.awaiting.is_empty() && !roster.is_empty() {
            // Nobody could lead. The group waits for their sessions to end.
            self.initial = None;
            self.deadline = after(cx.effects.now.monotonic, roster.rebalance_timeout_ms().max(1));
            return JoinProgress::Waits(self);
        }
        if !roster.leader().is_some_and(|leader| self.awaiting.contains_key(leader)) {
            let elected = self.awaiting.keys().next().cloned();
            roster.set_leader(elected);
        }
        cx.core.generation = cx.core.generation.checked_add(1).unwrap_or(0);
        match cx.core.roster.is_empty() {
            true => JoinProgress::Nobody,
            false => JoinProgress::Complete(self.awaiting),
        }
    }

    fn drop_the_missing(&self, cx: &mut GroupCx<'_>) {
        let is_missing = |id: &str| !self.awaiting.contains_key(id);
        let members = cx.core.roster.iter().filter(|member| member.instance_id.is_none());
        let missing: Vec<_> =
            members.map(|member| member.member_id.clone()).filter(|id| is_missing(id)).collect();
        for member_id in &missing {
            cx.core.roster.remove(member_id);
        }
        if !missing.is_empty() {
            cx.log(GroupChange::Missing(Members::of(&missing)));
        }
    }

    #[cfg(any(test, debug_assertions))]
    pub(super) fn check_invariants(&self, core: &super::core::GroupBase) {
        assert!(self.awaiting.keys().all(|id| core.roster.contains(id)), "only members wait");
    }
}
