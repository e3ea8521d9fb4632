//! JoinGroup: who may join, and as whom.

use super::{
    effects::{Effects, Return},
    error::GroupError,
    event::{GroupReply, JoinRequest, Token, after},
    group::Group,
    log_lines::Reason,
    roster::Enrolled,
    state::GroupState,
};

/// JoinGroup. The reply comes when the group's next generation is complete. Errors, and members for whom nothing has
/// changed, are answered at once.
pub(super) fn join(group: &mut Group, effects: &mut Effects, token: Token, request: JoinRequest) {
    let member_id = &request.member.member_id;
    if !has_room(group, member_id, effects.limits.members_max) {
        turn_away(group, effects, member_id);
        effects.fail_join(token, "", GroupError::GroupMaxSizeReached);
    } else if !agrees(group, &request) {
        effects.fail_join(token, member_id, GroupError::InconsistentGroupProtocol);
    } else if member_id.is_empty() {
        join_new(group, effects, token, request);
    } else {
        join_known(group, effects, token, request);
    }
}

/// Whether the group has room. While members are awaited only those who have come count: the limit may have been
/// lowered, and then the last to come find no room.
fn has_room(group: &Group, member_id: &str, members_max: usize) -> bool {
    match &group.state {
        GroupState::Empty(_) => true,
        GroupState::Joining(joining) => joining.awaits(member_id) || joining.arrived() < members_max,
        GroupState::Syncing(_) | GroupState::Stable(_) => {
            group.core.roster.contains(member_id) || group.core.roster.len() < members_max
        }
    }
}

fn turn_away(group: &mut Group, effects: &mut Effects, member_id: &str) {
    let gone = [member_id.to_owned()];
    if group.core.roster.contains(member_id) {
        group.step(effects, |state, cx| state.remove(cx, &gone, Reason::TooMany));
    } else {
        group.step(effects, |state, cx| state.remove_pending(cx, &gone));
    }
}

/// Whether the group and the member have a kind and a protocol in common.
fn agrees(group: &Group, request: &JoinRequest) -> bool {
    if group.state.is_empty() {
        return !request.protocol_type.is_empty() && !request.protocols.is_empty();
    }
    group.core.protocol_type.as_ref() == Some(&request.protocol_type)
        && group.core.roster.supports(&request.protocols)
}

fn join_new(group: &mut Group, effects: &mut Effects, token: Token, request: JoinRequest) {
    let instance_id = request.member.instance_id.as_deref();
    let member_id = fresh_member_id(instance_id.unwrap_or(&request.client_id), request.entropy);
    match instance_id.and_then(|instance_id| group.core.roster.static_id(instance_id)) {
        Some(old_id) => {
            let old_id = old_id.to_owned();
            take_place(group, effects, token, &old_id, member_id, request);
        }
        None if instance_id.is_none() && request.member_id_required => {
            let deadline = after(effects.now.monotonic, request.session_timeout_ms);
            group.core.roster.add_pending(member_id.clone(), request.client, deadline);
            effects.fail_join(token, member_id, GroupError::MemberIdRequired);
        }
        None => enroll(group, effects, token, member_id, request),
    }
}

fn enroll(group: &mut Group, effects: &mut Effects, token: Token, member_id: String, request: JoinRequest) {
    if group.core.roster.is_empty() {
        group.core.protocol_type = Some(request.protocol_type.clone());
    }
    let reason = Reason::Joined(member_id.clone(), request.reason.clone());
    let member = Enrolled::newcomer(member_id.clone(), request, effects.now.monotonic);
    group.core.roster.enroll(member);
    group.step(effects, |state, cx| state.rejoin(cx, member_id, token, reason));
}

fn join_known(group: &mut Group, effects: &mut Effects, token: Token, request: JoinRequest) {
    let member_id = request.member.member_id.clone();
    if group.core.roster.is_pending(&member_id) && request.member.instance_id.is_none() {
        return enroll(group, effects, token, member_id, request);
    }
    if let Err(error) = group.core.roster.check(&request.member) {
        return effects.fail_join(token, member_id, error);
    }
    if let Some(protocol) = unchanged(group, &request) {
        let reply = group.core.joined(&member_id, protocol);
        return effects.reply(token, GroupReply::Join(reply));
    }
    let reason = Reason::Rejoined(member_id.clone(), request.reason.clone());
    group.core.roster.update(&member_id, request);
    group.step(effects, |state, cx| state.rejoin(cx, member_id, token, reason));
}

/// The protocol of the generation that the member is in already and stays in. It asks again because a reply was lost.
/// If the leader of a stable group asks again, it wants to assign anew.
fn unchanged<'a>(group: &'a Group, request: &JoinRequest) -> Option<&'a str> {
    let member = group.core.roster.get(&request.member.member_id)?;
    let wants_anew =
        matches!(group.state, GroupState::Stable(_)) && group.core.roster.is_leader(&member.member_id);
    let same = !wants_anew && member.protocols == request.protocols;
    group.state.protocol().filter(|_| same)
}

/// A static member's new process takes the place of the old one, which is fenced.
fn take_place(
    group: &mut Group,
    effects: &mut Effects,
    token: Token,
    old_id: &str,
    member_id: String,
    request: JoinRequest,
) {
    let leader_before = group.core.roster.leader().unwrap_or_default().to_owned();
    let back = Return {
        token,
        member: super::event::Member {
            member_id: member_id.clone(),
            instance_id: request.member.instance_id.clone(),
        },
        can_skip_assignment: request.can_skip_assignment,
        leader_before,
    };
    let roster = &mut group.core.roster;
    roster.replace(old_id, &member_id);
    roster.update(&member_id, request);
    if let Some(member) = roster.get_mut(&member_id) {
        member.heard(effects.now.monotonic);
    }
    group.step(effects, |state, cx| state.replace(cx, old_id, back));
}

/// A member id as Kafka makes them: the client's name and a random UUID.
fn fresh_member_id(prefix: &str, mut entropy: [u8; 16]) -> String {
    entropy[6] = (entropy[6] & 0x0f) | 0x40;
    entropy[8] = (entropy[8] & 0x3f) | 0x80;
    let hex: String = entropy.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    format!("{prefix}-{a}-{b}-{c}-{d}-{e}")
}
