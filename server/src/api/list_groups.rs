//! ListGroups: the groups of this broker. v4 filters by state, v5 by type; every group here is of the classic type.

use creel_wire::Str;
use creel_wire::api::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};

use crate::call::Call;
use crate::coordinators::list_all;
use crate::groups::FoundGroup;

const TYPE: &str = "classic";

/// Answers the request.
pub(crate) async fn answer(call: Call, request: ListGroupsRequest) -> ListGroupsResponse {
    let is_wanted = |filter: &[Str], value: &str| {
        filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(value))
    };
    if !is_wanted(&request.types_filter, TYPE) {
        return ListGroupsResponse::default();
    }
    let found =
        list_all(&call.core).await.into_iter().filter(|group| is_wanted(&request.states_filter, group.state));
    let groups = found.map(show).collect();
    ListGroupsResponse { groups, ..Default::default() }
}

fn show(group: FoundGroup) -> ListedGroup {
    ListedGroup {
        group_id: Str::from(group.group),
        protocol_type: Str::from(group.protocol_type),
        group_state: Str::from_static(group.state),
        group_type: Str::from_static(TYPE),
    }
}
