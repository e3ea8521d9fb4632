//! Heartbeat: a member is alive; it learns whether the group rebalances (27). v3 brings static members.

use creel_wire::ErrorCode;
use creel_wire::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};

use crate::answers::{KafkaError, code_of};
use crate::api::call::Call;
use crate::groups::runtime::ask_for_reply;
use crate::groups::{self, Event, GroupReply, Member};

/// Answers the request.
pub(crate) async fn answer(call: Call, request: HeartbeatRequest) -> HeartbeatResponse {
    let heartbeat = groups::HeartbeatRequest {
        group: request.group_id.into(),
        member: Member {
            member_id: request.member_id.into(),
            instance_id: request.group_instance_id.map(String::from),
        },
        generation: request.generation_id,
    };
    let group = heartbeat.group.clone();
    let error_code =
        match ask_for_reply(&call.core, &group, move |token| Event::Heartbeat(token, heartbeat)).await {
            Ok(GroupReply::Heartbeat(alive)) => code_of(alive.err()),
            Ok(_) => ErrorCode::UnknownServerError,
            Err(error) => error.code(),
        };
    HeartbeatResponse { error_code, ..Default::default() }
}
