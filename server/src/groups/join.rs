//! JoinGroup: who may join, and as whom.

use super::{
    effects::{Desk, Return},
    error::GroupError,
    event::{JoinRequest, Reply, Token},
    group::Group,
    log_lines::Reason,
    roster::Enrolled,
    state::State,
};

impl Group {
    /// JoinGroup. The reply comes when the group's next generation is complete, but for errors and for
    /// members to whom nothing has changed.
    pub(super) fn join(&mut self, desk: &mut Desk, token: Token, request: JoinRequest) {
        let member_id = &request.member.member_id;
        if !self.has_room(member_id, desk.limits.members_max) {
            self.turn_away(desk, member_id);
            desk.refuse_join(token, "", GroupError::GroupMaxSizeReached);
        } else if !self.agrees(&request) {
            desk.refuse_join(token, member_id, GroupError::InconsistentGroupProtocol);
        } else if member_id.is_empty() {
            self.join_new(desk, token, request);
        } else {
            self.join_known(desk, token, request);
        }
    }

    /// While members are awaited those who have come are counted: the limit may have been lowered, and then
    /// the last to come find no room.
    fn has_room(&self, member_id: &str, members_max: usize) -> bool {
        match &self.state {
            State::Empty(_) => true,
            State::Joining(joining) => joining.awaits(member_id) || joining.arrived() < members_max,
            State::Syncing(_) | State::Stable(_) => {
                self.core.roster.contains(member_id) || self.core.roster.len() < members_max
            }
        }
    }

    fn turn_away(&mut self, desk: &mut Desk, member_id: &str) {
        let gone = [member_id.to_owned()];
        if self.core.roster.contains(member_id) {
            self.step(desk, |state, turn| state.remove(turn, &gone, Reason::TooMany));
        } else {
            self.step(desk, |state, turn| state.forget_pending(turn, &gone));
        }
    }

    /// Whether the group and the member have a kind and a protocol in common.
    fn agrees(&self, request: &JoinRequest) -> bool {
        if self.state.is_empty() {
            return !request.protocol_type.is_empty() && !request.protocols.is_empty();
        }
        self.core.protocol_type.as_ref() == Some(&request.protocol_type)
            && self.core.roster.supports(&request.protocols)
    }

    fn join_new(&mut self, desk: &mut Desk, token: Token, request: JoinRequest) {
        let instance_id = request.member.instance_id.as_deref();
        let member_id = fresh_member_id(instance_id.unwrap_or(&request.client_id), request.entropy);
        match instance_id.and_then(|instance_id| self.core.roster.static_id(instance_id)) {
            Some(old_id) => {
                let old_id = old_id.to_owned();
                self.take_place(desk, token, &old_id, member_id, request);
            }
            None if instance_id.is_none() && request.member_id_required => {
                let deadline = desk.now.monotonic.after(request.session_timeout_ms);
                self.core.roster.expect(member_id.clone(), request.client, deadline);
                desk.refuse_join(token, member_id, GroupError::MemberIdRequired);
            }
            None => self.enroll(desk, token, member_id, request),
        }
    }

    fn enroll(&mut self, desk: &mut Desk, token: Token, member_id: String, request: JoinRequest) {
        if self.core.roster.is_empty() {
            self.core.protocol_type = Some(request.protocol_type.clone());
        }
        let reason = Reason::Joined(member_id.clone(), request.reason.clone());
        let member = Enrolled::newcomer(member_id.clone(), request, desk.now.monotonic);
        self.core.roster.enroll(member);
        self.step(desk, |state, turn| state.rejoin(turn, member_id, token, reason));
    }

    fn join_known(&mut self, desk: &mut Desk, token: Token, request: JoinRequest) {
        let member_id = request.member.member_id.clone();
        if self.core.roster.expects(&member_id) && request.member.instance_id.is_none() {
            return self.enroll(desk, token, member_id, request);
        }
        if let Err(error) = self.core.roster.check(&request.member) {
            return desk.refuse_join(token, member_id, error);
        }
        if let Some(protocol) = self.unchanged(&request) {
            let reply = self.core.joined(&member_id, protocol);
            return desk.reply(token, Reply::Join(reply));
        }
        let reason = Reason::Rejoined(member_id.clone(), request.reason.clone());
        self.core.roster.update(&member_id, request);
        self.step(desk, |state, turn| state.rejoin(turn, member_id, token, reason));
    }

    /// The protocol of the generation that a member is in already and stays in: it asks again because a
    /// reply was lost. The leader of a stable group that asks again wants to assign anew.
    fn unchanged(&self, request: &JoinRequest) -> Option<&str> {
        let member = self.core.roster.get(&request.member.member_id)?;
        let wants_anew =
            matches!(self.state, State::Stable(_)) && self.core.roster.is_leader(&member.member_id);
        let same = !wants_anew && member.protocols == request.protocols;
        self.state.protocol().filter(|_| same)
    }

    /// A static member's new process takes the place of the old one, which is fenced.
    fn take_place(
        &mut self,
        desk: &mut Desk,
        token: Token,
        old_id: &str,
        member_id: String,
        request: JoinRequest,
    ) {
        let leader_before = self.core.roster.leader().unwrap_or_default().to_owned();
        let back = Return {
            token,
            member: super::event::Member {
                member_id: member_id.clone(),
                instance_id: request.member.instance_id.clone(),
            },
            can_skip_assignment: request.can_skip_assignment,
            leader_before,
        };
        let roster = &mut self.core.roster;
        roster.replace(old_id, &member_id);
        roster.update(&member_id, request);
        if let Some(member) = roster.get_mut(&member_id) {
            member.heard(desk.now.monotonic);
        }
        self.step(desk, |state, turn| match state {
            State::Joining(joining) => joining.replace(turn, old_id, member_id, token).settle(turn),
            State::Syncing(syncing) => {
                syncing.replace(turn, old_id, &member_id).wait(turn, member_id, token).settle(turn)
            }
            State::Stable(stable) => stable.replace(turn, old_id, back),
            State::Empty(empty) => {
                turn.desk.refuse_join(token, member_id, GroupError::UnknownMemberId);
                State::Empty(empty)
            }
        });
    }
}

/// A member id as Kafka makes them: the client's name and a random UUID.
fn fresh_member_id(prefix: &str, mut entropy: [u8; 16]) -> String {
    entropy[6] = (entropy[6] & 0x0f) | 0x40;
    entropy[8] = (entropy[8] & 0x3f) | 0x80;
    let hex: String = entropy.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    format!("{prefix}-{a}-{b}-{c}-{d}-{e}")
}
