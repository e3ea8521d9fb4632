//! JoinGroup: a member enters its group, or comes back, and waits until all members have. The leader is told all
//! members.
//!
//! v0 has no rebalance timeout: the session's counts. From v4 on a new member must come back with the id it is given
//! (KIP-394); v5 brings static members (KIP-345); from v9 on a returning leader may skip the assignment (KIP-814).

use bytes::Bytes;
use creel_io::random_bytes;
use creel_wire::api::join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};
use creel_wire::{ErrorCode, Str};

use crate::answers::{KafkaError, code_of};
use crate::api::call::{Call, Made, PrepareContext};
use crate::budget::AnswerTooLarge;
use crate::groups::runtime::ask_for_reply;
use crate::groups::{Event, GroupReply, JoinReply, JoinRequest, JoinedMember, Member, Protocol};
use crate::limits::PROTOCOLS_MAX;

/// What a member takes in memory beside its data, and again in the frame.
const BYTES_OF_A_MEMBER: usize = 300;

/// Characters kept of a member's reason to join, until it is logged: as many as Kafka's own clients send.
const REASON_CHARS: usize = 255;

/// Shortens the list of protocols: one more than a member may offer says as much as a million.
pub(crate) fn prepare(_: PrepareContext, mut request: JoinGroupRequest) -> JoinGroupRequest {
    request.protocols.truncate(PROTOCOLS_MAX + 1);
    request
}

/// Answers the request. Its leader is told of all members and their data.
pub(crate) async fn answer(
    call: Call,
    request: JoinGroupRequest,
    _: usize,
) -> Result<Made<JoinGroupResponse>, AnswerTooLarge> {
    let member_id = request.member_id.clone();
    let response = match request.protocols.len() > PROTOCOLS_MAX {
        true => join_error(member_id, ErrorCode::InconsistentGroupProtocol),
        false => join(&call, request, member_id).await,
    };
    let member = |member: &JoinGroupResponseMember| BYTES_OF_A_MEMBER + member.metadata.len();
    let held = call.hold(response.members.iter().map(member).sum::<usize>()).await?;
    Ok(Made { response, held })
}

async fn join(call: &Call, request: JoinGroupRequest, member_id: Str) -> JoinGroupResponse {
    let join = read(call, request);
    let group = join.group.clone();
    match ask_for_reply(&call.core, &group, move |token| Event::Join(token, join)).await {
        Ok(GroupReply::Join(reply)) => show(reply),
        Ok(_) => join_error(member_id, ErrorCode::UnknownServerError),
        Err(error) => join_error(member_id, error.code()),
    }
}

fn read(call: &Call, request: JoinGroupRequest) -> JoinRequest {
    let rebalance_timeout_ms =
        if call.version == 0 { request.session_timeout_ms } else { request.rebalance_timeout_ms };
    let instance_id = request.group_instance_id.map(String::from);
    let mut entropy = [0; 16];
    random_bytes(&mut entropy);
    // Copied: it is kept for as long as the member is there, and must not hold the frame.
    let protocols = request.protocols.into_iter().map(|protocol| Protocol {
        name: protocol.name.into(),
        metadata: Bytes::copy_from_slice(&protocol.metadata),
    });
    JoinRequest {
        group: request.group_id.into(),
        client: call.group_client(),
        client_id: call.client_id.as_deref().unwrap_or_default().to_owned(),
        client_host: format!("/{}", call.client.peer.ip().to_canonical()),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms,
        protocol_type: request.protocol_type.into(),
        protocols: protocols.collect(),
        member_id_required: call.version >= 4 && instance_id.is_none(),
        can_skip_assignment: call.version >= 9,
        member: Member { member_id: request.member_id.into(), instance_id },
        entropy,
        reason: request.reason.map(|words| words.chars().take(REASON_CHARS).collect()),
    }
}

fn show(reply: JoinReply) -> JoinGroupResponse {
    let member = |member: JoinedMember| JoinGroupResponseMember {
        member_id: member.member_id.into(),
        group_instance_id: member.instance_id.map(Str::from),
        metadata: member.metadata,
    };
    JoinGroupResponse {
        error_code: code_of(reply.error),
        generation_id: reply.generation,
        protocol_type: reply.protocol_type.map(Str::from),
        protocol_name: reply.protocol_name.map(Str::from),
        leader: reply.leader.into(),
        skip_assignment: reply.skip_assignment,
        member_id: reply.member_id.into(),
        members: reply.members.into_iter().map(member).collect(),
        ..Default::default()
    }
}

fn join_error(member_id: Str, error_code: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse { error_code, member_id, ..Default::default() }
}
