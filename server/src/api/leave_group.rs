//! LeaveGroup: members leave at once, before their sessions time out. v3+ names several, static ones by their
//! instance id.

use creel_io::pace;
use creel_wire::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberResponse};
use creel_wire::{ErrorCode, Str};

use crate::answers::{KafkaError, code_of};
use crate::api::call::{Call, PrepareContext};
use crate::budget::dedup;
use crate::groups::runtime::ask_for_reply;
use crate::groups::{Event, GroupReply, LeaveReply, LeaveRequest, LeavingMember, Member};
use crate::limits::GROUP_NAMES_AT_ONCE;

/// Each member once.
pub(crate) fn prepare(_: PrepareContext, mut request: LeaveGroupRequest) -> LeaveGroupRequest {
    dedup(&mut request.members, |one, other| {
        (&one.member_id, &one.group_instance_id).cmp(&(&other.member_id, &other.group_instance_id))
    });
    request
}

/// Answers the request. Many members leave in pieces.
pub(crate) async fn answer(call: Call, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let version = call.version;
    let LeaveRequest { group, members } = read(version, request);
    let mut left = members.into_iter();
    let mut all = LeaveReply { error: None, members: Vec::new() };
    loop {
        let members: Vec<_> = left.by_ref().take(GROUP_NAMES_AT_ONCE).collect();
        pace(members.len()).await;
        let leave = LeaveRequest { group: group.clone(), members };
        match ask_for_reply(&call.core, &group, move |token| Event::Leave(token, leave)).await {
            Ok(GroupReply::Leave(reply)) if reply.error.is_some() => return show(version, reply),
            Ok(GroupReply::Leave(reply)) => all.members.extend(reply.members),
            Ok(_) => return leave_error(ErrorCode::UnknownServerError),
            Err(error) => return leave_error(error.code()),
        }
        if left.len() == 0 {
            return show(version, all);
        }
    }
}

fn read(version: i16, request: LeaveGroupRequest) -> LeaveRequest {
    let members = match version {
        0..=2 => vec![Member { member_id: request.member_id.into(), instance_id: None }],
        _ => request
            .members
            .into_iter()
            .map(|member| Member {
                member_id: member.member_id.into(),
                instance_id: member.group_instance_id.map(String::from),
            })
            .collect(),
    };
    LeaveRequest { group: request.group_id.into(), members }
}

/// Before v3 the one member's error is the whole answer's.
fn show(version: i16, reply: LeaveReply) -> LeaveGroupResponse {
    let of_member = reply.members.first().and_then(|member| member.error);
    let error = if version < 3 { reply.error.or(of_member) } else { reply.error };
    let member = |leaving: LeavingMember| MemberResponse {
        member_id: leaving.member.member_id.into(),
        group_instance_id: leaving.member.instance_id.map(Str::from),
        error_code: code_of(leaving.error),
    };
    let members = reply.members.into_iter().map(member).collect();
    LeaveGroupResponse { error_code: code_of(error), members, ..Default::default() }
}

fn leave_error(error_code: ErrorCode) -> LeaveGroupResponse {
    LeaveGroupResponse { error_code, ..Default::default() }
}
