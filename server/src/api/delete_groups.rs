//! DeleteGroups: forgets groups without members, with all their offsets.

use creel_wire::ErrorCode;
use creel_wire::api::delete_groups::{DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse};

use crate::call::Call;
use crate::coordinators::{ask_for_reply, code_of};
use crate::groups::{Event, Reply};

/// Answers the request.
pub(crate) async fn answer(call: Call, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let mut results = Vec::with_capacity(request.groups_names.len());
    for group_id in request.groups_names {
        let name = group_id.as_str().to_owned();
        let reply = ask_for_reply(&call.core, &group_id, move |token| Event::DeleteGroup(token, name)).await;
        let error_code = match reply {
            Ok(Reply::DeleteGroup(deleted)) => code_of(deleted.err()),
            Ok(_) => ErrorCode::UnknownServerError,
            // Without any group's topic there is no group.
            Err(ErrorCode::NotCoordinator) => ErrorCode::GroupIdNotFound,
            Err(code) => code,
        };
        results.push(DeletableGroupResult { group_id, error_code });
    }
    DeleteGroupsResponse { results, ..Default::default() }
}
