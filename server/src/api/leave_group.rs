//! LeaveGroup: members leave at once instead of being missed. v3+ names several, static ones by their instance id.

use creel_wire::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberResponse};
use creel_wire::{ErrorCode, Str};

use crate::call::Call;
use crate::coordinators::{ask_for_reply, code_of};
use crate::groups::{Event, LeaveReply, LeaveRequest, LeavingMember, Member, Reply};

/// Answers the request.
pub(crate) async fn answer(call: Call, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let (version, leave) = (call.version, read(call.version, request));
    let group = leave.group.clone();
    match ask_for_reply(&call.core, &group, move |token| Event::Leave(token, leave)).await {
        Ok(Reply::Leave(reply)) => show(version, reply),
        Ok(_) => refused(ErrorCode::UnknownServerError),
        Err(code) => refused(code),
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

fn refused(error_code: ErrorCode) -> LeaveGroupResponse {
    LeaveGroupResponse { error_code, ..Default::default() }
}
