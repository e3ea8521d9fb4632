//! SyncGroup: the leader hands in the assignment. Every member gets its part once the assignment is durable.
//!
//! v3 brings static members, v5 says protocol type and name, which must be the group's.

use bytes::Bytes;
use creel_wire::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse};
use creel_wire::{ErrorCode, Str};

use crate::answers::{KafkaError, code_of};
use crate::api::call::{Call, PrepareContext};
use crate::budget::dedup_merging;
use crate::groups::runtime::ask_for_reply;
use crate::groups::{Event, GroupReply, Member, SyncReply, SyncRequest};
use crate::limits::ASSIGNMENTS_MAX;

/// Since when protocol type and name must be said.
const PROTOCOL_FROM: i16 = 5;

/// Keeps each member once: its last mention counts, as in Kafka. More members than a group can have are not taken.
pub(crate) fn prepare(_: PrepareContext, mut request: SyncGroupRequest) -> PreparedSyncGroup {
    let order = |one: &SyncGroupRequestAssignment, other: &SyncGroupRequestAssignment| {
        one.member_id.cmp(&other.member_id)
    };
    dedup_merging(&mut request.assignments, order, |first, again| *first = again);
    let too_many = request.assignments.len() > ASSIGNMENTS_MAX;
    request.assignments.truncate(ASSIGNMENTS_MAX);
    PreparedSyncGroup {
        too_many,
        names_protocol: request.protocol_type.is_some() && request.protocol_name.is_some(),
        sync: read(request),
    }
}

/// What is handed in.
pub(crate) struct PreparedSyncGroup {
    sync: SyncRequest,
    names_protocol: bool,
    too_many: bool,
}

/// Answers the request.
pub(crate) async fn answer(call: Call, request: PreparedSyncGroup) -> SyncGroupResponse {
    let PreparedSyncGroup { mut sync, names_protocol, too_many } = request;
    sync.client = call.group_client();
    if call.version >= PROTOCOL_FROM && !names_protocol {
        return sync_error(ErrorCode::InconsistentGroupProtocol);
    }
    if too_many {
        return sync_error(ErrorCode::InvalidRequest);
    }
    let group = sync.group.clone();
    match ask_for_reply(&call.core, &group, move |token| Event::Sync(token, sync)).await {
        Ok(GroupReply::Sync(reply)) => show(reply),
        Ok(_) => sync_error(ErrorCode::UnknownServerError),
        Err(error) => sync_error(error.code()),
    }
}

fn read(request: SyncGroupRequest) -> SyncRequest {
    let instance_id = request.group_instance_id.map(String::from);
    // Kept for as long as the generation lasts: copies, so that they do not hold the frame.
    let assignments = request.assignments.into_iter();
    let assignments = assignments.map(|one| (one.member_id.into(), Bytes::copy_from_slice(&one.assignment)));
    SyncRequest {
        group: request.group_id.into(),
        member: Member { member_id: request.member_id.into(), instance_id },
        generation: request.generation_id,
        protocol_type: request.protocol_type.map(String::from),
        protocol_name: request.protocol_name.map(String::from),
        assignments: assignments.collect(),
        ..SyncRequest::default()
    }
}

fn show(reply: SyncReply) -> SyncGroupResponse {
    SyncGroupResponse {
        error_code: code_of(reply.error),
        protocol_type: reply.protocol_type.map(Str::from),
        protocol_name: reply.protocol_name.map(Str::from),
        assignment: reply.assignment,
        ..Default::default()
    }
}

fn sync_error(error_code: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse { error_code, ..Default::default() }
}
