//! ListGroups: the groups of this broker. v4 filters by state, v5 by type; every group here is of the classic type.

use creel_io::pace_tenth;
use creel_wire::Str;
use creel_wire::api::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};

use crate::api::call::{Call, Made, PrepareContext};
use crate::budget::AnswerTooLarge;
use crate::groups::FoundGroup;
use crate::groups::runtime::list_all;

const TYPE: &str = "classic";

/// The states that a group here can be in, as `groups` names them.
const STATES: [&str; 4] = ["Empty", "PreparingRebalance", "CompletingRebalance", "Stable"];

/// What a group takes in memory, and again in the frame.
const BYTES_OF_A_GROUP: usize = 400;

/// Which groups are asked for.
pub(crate) struct PreparedListGroups {
    /// Of these states; `None`: of any.
    states: Option<Vec<&'static str>>,
    of_this_type: bool,
}

/// No filter asks for all.
pub(crate) fn prepare(_: PrepareContext, request: ListGroupsRequest) -> PreparedListGroups {
    let names = |filter: &[Str], value: &str| filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(value));
    let (states, types) = (&request.states_filter, &request.types_filter);
    let wanted = STATES.into_iter().filter(|state| names(states, state)).collect();
    PreparedListGroups {
        states: (!states.is_empty()).then_some(wanted),
        of_this_type: types.is_empty() || names(types, TYPE),
    }
}

/// Answers the request.
pub(crate) async fn answer(
    call: Call,
    request: PreparedListGroups,
    counted: usize,
) -> Result<Made<ListGroupsResponse>, AnswerTooLarge> {
    if !request.of_this_type {
        return Ok(Made { response: ListGroupsResponse::default(), held: call.hold(0).await? });
    }
    // One request at a time: nobody knows beforehand how many groups there are.
    let turn = call.core.listing_groups.lock().await;
    let found = list_all(&call.core).await;
    let held = call.hold(counted + found.len() * BYTES_OF_A_GROUP).await?;
    drop(turn);
    let mut groups = Vec::new();
    for (at, group) in found.into_iter().enumerate() {
        pace_tenth(at).await;
        if request.states.as_ref().is_none_or(|states| states.contains(&group.state)) {
            groups.push(show(group));
        }
    }
    Ok(Made { response: ListGroupsResponse { groups, ..Default::default() }, held })
}

fn show(group: FoundGroup) -> ListedGroup {
    ListedGroup {
        group_id: Str::from(group.group),
        protocol_type: Str::from(group.protocol_type),
        group_state: Str::from_static(group.state),
        group_type: Str::from_static(TYPE),
    }
}
