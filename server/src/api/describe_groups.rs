//! DescribeGroups: state and members of groups. A group that is not there is Dead without an error up to v5; from v6 on it
//! is GROUP_ID_NOT_FOUND (69).

use creel_wire::api::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use creel_wire::{ErrorCode, Str};

use crate::authorized;
use crate::call::Call;
use crate::coordinators::{GroupAnswer, GroupRequest, ask};
use crate::groups::{GroupDescription, MemberDescription};

/// Answers the request.
pub(crate) async fn answer(call: Call, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
    let mut groups = Vec::with_capacity(request.groups.len());
    for group_id in request.groups {
        let question = GroupRequest::Describe(group_id.as_str().to_owned());
        groups.push(match ask(&call.core, &group_id, question).await {
            Ok(GroupAnswer::Described(description)) => {
                let asked = request.include_authorized_operations && description.state != "Dead";
                let authorized_operations = authorized::if_asked(asked, authorized::ON_GROUP);
                DescribedGroup { authorized_operations, ..show(call.version, description) }
            }
            Ok(_) => refused(group_id, ErrorCode::UnknownServerError),
            Err(code) => refused(group_id, code),
        });
    }
    DescribeGroupsResponse { groups, ..Default::default() }
}

fn show(version: i16, description: GroupDescription) -> DescribedGroup {
    let is_missing = version >= 6 && description.state == "Dead";
    let message = || Str::from(format!("Group {} not found.", description.group));
    DescribedGroup {
        error_code: if is_missing { ErrorCode::GroupIdNotFound } else { ErrorCode::None },
        error_message: is_missing.then(message),
        group_id: Str::from(description.group),
        group_state: Str::from_static(description.state),
        protocol_type: Str::from(description.protocol_type),
        protocol_data: Str::from(description.protocol),
        members: description.members.into_iter().map(member).collect(),
        ..Default::default()
    }
}

fn member(member: MemberDescription) -> DescribedGroupMember {
    DescribedGroupMember {
        member_id: Str::from(member.member_id),
        group_instance_id: member.instance_id.map(Str::from),
        client_id: Str::from(member.client_id),
        client_host: Str::from(member.client_host),
        member_metadata: member.metadata,
        member_assignment: member.assignment,
    }
}

fn refused(group_id: Str, error_code: ErrorCode) -> DescribedGroup {
    DescribedGroup { error_code, group_id, ..Default::default() }
}
