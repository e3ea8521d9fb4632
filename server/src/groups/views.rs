//! Groups as ListGroups and DescribeGroups show them.

use bytes::Bytes;

use super::{
    event::{FoundGroup, GroupDescription, MemberDescription},
    group::Group,
    state::GroupState,
};

impl FoundGroup {
    pub(super) fn of(group: &Group) -> Self {
        Self {
            group: group.core.group.clone(),
            protocol_type: group.core.protocol_type.clone().unwrap_or_default(),
            state: group.state.name(),
        }
    }
}

impl GroupDescription {
    /// While the group is not stable its members' data says nothing, and is not shown.
    pub(super) fn of(group: &Group) -> Self {
        let protocol = match &group.state {
            GroupState::Stable(stable) => Some(stable.protocol()),
            GroupState::Empty(_) | GroupState::Joining(_) | GroupState::Syncing(_) => None,
        };
        let members = group.core.roster.iter().map(|member| MemberDescription {
            member_id: member.member_id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: protocol.map_or_else(Bytes::new, |protocol| member.metadata(protocol)),
            assignment: if protocol.is_some() { member.assignment.clone() } else { Bytes::new() },
        });
        let FoundGroup { group, protocol_type, state } = FoundGroup::of(group);
        let protocol = protocol.unwrap_or_default().to_owned();
        Self { group, state, protocol_type, protocol, members: members.collect() }
    }

    /// The view of a group that does not exist.
    pub fn dead(group: &str) -> Self {
        Self {
            group: group.to_owned(),
            state: "Dead",
            protocol_type: String::new(),
            protocol: String::new(),
            members: Vec::new(),
        }
    }
}
