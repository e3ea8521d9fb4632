//! DescribeGroups: state and members of groups. Up to v5 a group that does not exist is Dead, without an error; from
//! v6 on it is GROUP_ID_NOT_FOUND (69). A group that is named twice is answered once.

use creel_io::pace;
use creel_wire::api::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use creel_wire::{ErrorCode, Str};

use crate::answers::KafkaError;
use crate::api::authorized_operations;
use crate::api::call::{Call, Made, PrepareContext};
use crate::budget::{AnswerTooLarge, dedup};
use crate::groups::runtime::ask;
use crate::groups::runtime::question::{GroupAnswer, GroupRequest};
use crate::groups::{GroupDescription, MemberDescription};

/// What a member takes in memory beside its data, and again in the frame.
const BYTES_OF_A_MEMBER: usize = 600;

/// Each group once.
pub(crate) fn prepare(_: PrepareContext, mut request: DescribeGroupsRequest) -> DescribeGroupsRequest {
    dedup(&mut request.groups, Str::cmp);
    request
}

/// Answers the request.
pub(crate) async fn answer(
    call: Call,
    request: DescribeGroupsRequest,
    counted: usize,
) -> Result<Made<DescribeGroupsResponse>, AnswerTooLarge> {
    let held = call.hold(counted).await?;
    let mut groups = Vec::with_capacity(request.groups.len());
    for group_id in request.groups {
        pace(1).await;
        let question = GroupRequest::Describe(group_id.as_str().to_owned());
        groups.push(match ask(&call.core, &group_id, question).await {
            Ok(GroupAnswer::Described(description)) => {
                pace(description.members.len()).await;
                let asked = request.include_authorized_operations && description.state != "Dead";
                let authorized_operations =
                    authorized_operations::if_asked(asked, authorized_operations::ON_GROUP);
                DescribedGroup { authorized_operations, ..show(call.version, description) }
            }
            Ok(_) => described_group_error(group_id, ErrorCode::UnknownServerError),
            Err(error) => described_group_error(group_id, error.code()),
        });
    }
    // The number of members is known only now. The groups still hold the members' data; the frame copies it.
    let members = groups.iter().flat_map(|group| &group.members).map(bytes_of).sum::<usize>();
    drop(held);
    let held = call.hold(counted + members).await?;
    Ok(Made { response: DescribeGroupsResponse { groups, ..Default::default() }, held })
}

fn bytes_of(member: &DescribedGroupMember) -> usize {
    BYTES_OF_A_MEMBER + member.member_metadata.len() + member.member_assignment.len()
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

fn described_group_error(group_id: Str, error_code: ErrorCode) -> DescribedGroup {
    DescribedGroup { error_code, group_id, ..Default::default() }
}
