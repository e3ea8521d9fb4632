//! One group: what each request does to it, whatever its state.

use creel_io::Instant;

use super::{
    committed::WriteEnd,
    core::{GroupBase, GroupCx, LoggedState},
    effects::{Effects, NewOffset, OnDurable, Return, WriteWaiter},
    empty::Empty,
    error::GroupError,
    event::{
        GroupReply, HeartbeatRequest, JoinReply, LeaveRequest, LeavingMember, Member, SyncRequest, Token,
        WriteId,
    },
    log_lines::{GroupChange, Members, Reason},
    state::GroupState,
};

/// A group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) core: GroupBase,
    pub(super) state: GroupState,
    /// The deadline under which the coordinator looks at this group again.
    pub(super) scheduled: Option<Instant>,
}

impl Group {
    pub(super) fn new(group: String, since_ms: Option<i64>) -> Self {
        Self { core: GroupBase::new(group, since_ms), state: GroupState::Empty(Empty), scheduled: None }
    }

    /// Lets the state take an event and become another.
    pub(super) fn step(
        &mut self,
        effects: &mut Effects,
        change: impl FnOnce(GroupState, &mut GroupCx<'_>) -> GroupState,
    ) {
        let state = std::mem::replace(&mut self.state, GroupState::Empty(Empty));
        self.state = change(state, &mut GroupCx { core: &mut self.core, effects });
    }

    /// Something is worth a line on the log.
    pub(super) fn log(&mut self, effects: &mut Effects, what: GroupChange) {
        GroupCx { core: &mut self.core, effects }.log(what);
    }

    /// A member was heard of, apart from any change of the group. That never brings a deadline closer, so the group
    /// need not be scheduled anew: a newcomer keeps its longer deadline, and a member that waits for us has none.
    pub(super) fn heard(&mut self, effects: &Effects, member_id: &str) {
        if let Some(member) = self.core.roster.get_mut(member_id) {
            let before = member.deadline;
            member.heard(effects.now.monotonic);
            member.deadline = before.max(member.deadline).filter(|_| before.is_some());
        }
    }

    /// SyncGroup.
    pub(super) fn sync(&mut self, effects: &mut Effects, token: Token, request: SyncRequest) {
        if let Err(error) = self.check_sync(&request) {
            return effects.fail_sync(token, error);
        }
        self.step(effects, |state, cx| state.sync(cx, token, request));
    }

    fn check_sync(&self, request: &SyncRequest) -> Result<(), GroupError> {
        self.core.roster.check(&request.member)?;
        if request.generation != self.core.generation {
            return Err(GroupError::IllegalGeneration);
        }
        let differs = |theirs: &Option<String>, ours: Option<&str>| {
            theirs.as_deref().zip(ours).is_some_and(|(theirs, ours)| theirs != ours)
        };
        if differs(&request.protocol_type, self.core.protocol_type.as_deref())
            || differs(&request.protocol_name, self.state.protocol())
        {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        Ok(())
    }

    /// Heartbeat. While members are awaited, its answer tells a member to join.
    pub(super) fn heartbeat(
        &mut self,
        effects: &Effects,
        request: &HeartbeatRequest,
    ) -> Result<(), GroupError> {
        self.core.roster.check(&request.member)?;
        if request.generation != self.core.generation {
            return Err(GroupError::IllegalGeneration);
        }
        self.heard(effects, &request.member.member_id);
        match self.state {
            GroupState::Empty(_) => Err(GroupError::UnknownMemberId),
            GroupState::Joining(_) => Err(GroupError::RebalanceInProgress),
            GroupState::Syncing(_) | GroupState::Stable(_) => Ok(()),
        }
    }

    /// LeaveGroup: any number of members at once, and one rebalance for all of them.
    ///
    /// A client that was given an id and does not come back with it was in no generation. So a stable group stays as
    /// it is (Kafka 4.3 rebalances it all the same).
    pub(super) fn leave(&mut self, effects: &mut Effects, request: LeaveRequest) -> Vec<LeavingMember> {
        let mut gone = Vec::new();
        let mut pending = Vec::new();
        let mut leaving = Vec::new();
        for member in request.members {
            let error = self.leaving(&member).map(|id| {
                let list = if self.core.roster.contains(&id) { &mut gone } else { &mut pending };
                if !list.contains(&id) {
                    list.push(id);
                }
            });
            leaving.push(LeavingMember { member, error: error.err() });
        }
        self.step(effects, |state, cx| state.remove_pending(cx, &pending));
        if !gone.is_empty() {
            self.step(effects, |state, cx| state.remove(cx, &gone, Reason::Left(Members::of(&gone))));
        }
        leaving
    }

    /// The id of a member that may leave. An administrator names a static member by its own name alone.
    fn leaving(&self, member: &Member) -> Result<String, GroupError> {
        let roster = &self.core.roster;
        if member.member_id.is_empty() {
            let id = member.instance_id.as_deref().and_then(|instance_id| roster.static_id(instance_id));
            return id.map(str::to_owned).ok_or(GroupError::UnknownMemberId);
        }
        if !roster.is_pending(&member.member_id) {
            roster.check(member)?;
        }
        Ok(member.member_id.clone())
    }

    /// Ends whatever has timed out: ids that nobody came back with, silent members, the state itself.
    pub(super) fn tick(&mut self, effects: &mut Effects) {
        let now = effects.now.monotonic;
        let pending = self.core.roster.overdue_pending(now);
        if !pending.is_empty() {
            self.step(effects, |state, cx| state.remove_pending(cx, &pending));
        }
        let silent: Vec<_> =
            self.core.roster.overdue(now).into_iter().filter(|id| !self.is_excused(id)).collect();
        if !silent.is_empty() {
            self.step(effects, |state, cx| state.remove(cx, &silent, Reason::Silent(Members::of(&silent))));
        }
        if self.state.deadline().is_some_and(|deadline| deadline <= now) {
            self.step(effects, GroupState::expire);
        }
    }

    /// Whether a silent member waits for us. A newcomer is not excused: its client may be gone.
    fn is_excused(&mut self, member_id: &str) -> bool {
        let Some(member) = self.core.roster.get_mut(member_id) else { return true };
        let excused = !member.newcomer && self.state.awaits(member_id);
        if excused {
            member.deadline = None;
        }
        excused
    }

    /// When the next of these times out.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.core.roster.next_deadline().into_iter().chain(self.state.deadline()).min()
    }

    /// A write of this group is durable, its first record at `log_offset`.
    pub(super) fn persisted(
        &mut self,
        effects: &mut Effects,
        write: WriteId,
        on_durable: OnDurable,
        log_offset: i64,
    ) {
        self.core.writes_in_flight = self.core.writes_in_flight.saturating_sub(1);
        if on_durable.is_of_state() {
            let state = self.core.states_in_flight.pop_front();
            self.core.logged = state.map(|value| LoggedState { value, log_offset });
        }
        match on_durable {
            // These are not a group's.
            OnDurable::GroupRemoved(..) | OnDurable::TopicsRemoved(_) | OnDurable::Folded(_) => {}
            OnDurable::Nothing => {}
            OnDurable::Assign => self.step(effects, |state, cx| state.stored(cx, write, Ok(()))),
            OnDurable::Return(back) => {
                let reply = self.welcome_back(&back);
                effects.reply(back.token, GroupReply::Join(reply));
            }
            OnDurable::Commit(offsets, waiter) => {
                self.store(offsets, log_offset);
                self.tell_waiter(effects, waiter, None);
            }
            OnDurable::RemoveOffsets(keys, waiter) => {
                self.core.offsets.end_removals(&keys, WriteEnd::Durable);
                self.tell_waiter(effects, waiter, None);
            }
        }
    }

    /// Tells the waiting client that a write of offsets is durable, or why not. If it waits for several writes, it is
    /// told of one that failed.
    fn tell_waiter(&mut self, effects: &mut Effects, waiter: WriteWaiter, error: Option<GroupError>) {
        let error = self.core.failed_batch.take().or(error);
        match waiter {
            WriteWaiter::Nobody => {}
            WriteWaiter::WithNext => self.core.failed_batch = error,
            WriteWaiter::Client(token, reply) => effects.reply(
                token,
                match error {
                    Some(error) => reply.with_error(error),
                    None => reply,
                },
            ),
        }
    }

    fn store(&mut self, offsets: Vec<NewOffset>, log_offset: i64) {
        for (one, at) in offsets.into_iter().zip(log_offset..) {
            self.core.offsets.unstage(&one.topic, one.partition);
            self.core.offsets.put(one.topic, one.partition, one.commit, at);
        }
    }

    /// A write of this group has failed.
    pub(super) fn write_failed(
        &mut self,
        effects: &mut Effects,
        write: WriteId,
        on_durable: OnDurable,
        error: GroupError,
    ) {
        self.core.writes_in_flight = self.core.writes_in_flight.saturating_sub(1);
        if on_durable.is_of_state() {
            self.core.states_in_flight.pop_front();
        }
        match on_durable {
            OnDurable::Assign => self.step(effects, |state, cx| state.stored(cx, write, Err(error))),
            OnDurable::Commit(offsets, waiter) => {
                offsets.iter().for_each(|one| self.core.offsets.unstage(&one.topic, one.partition));
                self.tell_waiter(effects, waiter, Some(error));
            }
            OnDurable::RemoveOffsets(keys, waiter) => {
                self.core.offsets.end_removals(&keys, WriteEnd::Failed);
                self.tell_waiter(effects, waiter, Some(error));
            }
            on_durable => on_durable.fail(effects, error),
        }
    }

    /// The reply to a static member that came back, now that its new id is durable. The group may have gone
    /// on meanwhile, even with another process in the member's place.
    fn welcome_back(&self, back: &Return) -> JoinReply {
        let member_id = &back.member.member_id;
        if let Err(error) = self.core.roster.check(&back.member) {
            return JoinReply::failed(member_id.clone(), error);
        }
        let Some(protocol) = self.state.protocol() else {
            return JoinReply::failed(member_id.clone(), GroupError::RebalanceInProgress);
        };
        let mut reply = self.core.joined(member_id, protocol);
        if back.can_skip_assignment {
            reply.skip_assignment =
                self.core.roster.is_leader(member_id) && matches!(self.state, GroupState::Stable(_));
        } else {
            reply.leader.clone_from(&back.leader_before);
            reply.members.clear();
        }
        reply
    }

    /// Whether nothing would be lost if the coordinator forgot this group: it was never written down.
    pub(super) fn is_forgettable(&self) -> bool {
        self.state.is_empty()
            && self.core.generation == 0
            && self.core.logged.is_none()
            && self.core.roster.has_no_pending()
            && self.core.offsets.is_empty()
            && self.core.writes_in_flight == 0
    }

    /// What must hold between any two events.
    #[cfg(any(test, debug_assertions))]
    pub(super) fn check_invariants(&self) {
        self.core.roster.check_invariants();
        match &self.state {
            GroupState::Empty(_) => assert!(self.core.roster.is_empty(), "an empty group has no members"),
            GroupState::Joining(joining) => joining.check_invariants(&self.core),
            GroupState::Syncing(syncing) => syncing.check_invariants(&self.core),
            GroupState::Stable(stable) => stable.check_invariants(&self.core),
        }
        for member in self.core.roster.iter() {
            let excused = member.deadline.is_none() && self.state.awaits(&member.member_id);
            assert!(member.deadline.is_some() || excused, "{} is waited for without end", member.member_id);
        }
        let earliest = self.next_deadline();
        assert!(
            earliest.is_none_or(|earliest| self.scheduled.is_some_and(|scheduled| scheduled <= earliest)),
            "{} is looked at in time: {:?} <= {earliest:?}",
            self.core.group,
            self.scheduled,
        );
    }
}
