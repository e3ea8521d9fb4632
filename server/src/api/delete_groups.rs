//! DeleteGroups: forgets groups without members, with all their offsets. A group that is named twice is answered once.

use creel_io::{STEPS_A_TURN, pace};
use creel_wire::api::delete_groups::{DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse};
use creel_wire::{ErrorCode, Str};

use crate::answers::{KafkaError, code_of};
use crate::api::call::{Call, PrepareContext};
use crate::budget::dedup;
use crate::groups::runtime::ask_for_reply;
use crate::groups::{Event, GroupDeletion, GroupError, GroupReply};
use crate::limits::GROUPS_DELETED_AT_ONCE;
use crate::tasks::join::join_bounded;

/// Each group once.
pub(crate) fn prepare(_: PrepareContext, mut request: DeleteGroupsRequest) -> DeleteGroupsRequest {
    dedup(&mut request.groups_names, Str::cmp);
    request
}

/// Answers the request: several groups at the same time, as each waits for the disk.
pub(crate) async fn answer(call: Call, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let mut results = Vec::with_capacity(request.groups_names.len());
    for some in request.groups_names.chunks(GROUPS_DELETED_AT_ONCE) {
        pace(some.len()).await;
        let deleting = some.iter().map(|group_id| delete(&call, group_id));
        let outcomes = join_bounded(deleting, GROUPS_DELETED_AT_ONCE).await;
        let result = |(group_id, error_code): (&Str, _)| DeletableGroupResult {
            group_id: group_id.clone(),
            error_code,
        };
        results.extend(some.iter().zip(outcomes).map(result));
    }
    DeleteGroupsResponse { results, ..Default::default() }
}

/// Takes back what a group has, a piece at a time. If the client asks again, it goes on from there.
async fn delete(call: &Call, group: &Str) -> ErrorCode {
    loop {
        let name = group.as_str().to_owned();
        match ask_for_reply(&call.core, group, move |token| Event::DeleteGroup(token, name)).await {
            Ok(GroupReply::DeleteGroup(Ok(GroupDeletion::InPart))) => pace(STEPS_A_TURN).await,
            Ok(GroupReply::DeleteGroup(deleted)) => return code_of(deleted.err()),
            Ok(_) => return ErrorCode::UnknownServerError,
            // Without `__consumer_offsets` there is no group.
            Err(GroupError::NotCoordinator) => return ErrorCode::GroupIdNotFound,
            Err(error) => return error.code(),
        }
    }
}
