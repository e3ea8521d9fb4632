//! DescribeGroups (15): groups, their state and their members.
//!
//! v1 adds the throttle time, v3 authorized operations, v4 static members, v5 is flexible. A group that does not
//! exist is "Dead" without an error up to v5, and GROUP_ID_NOT_FOUND from v6 on (KIP-1043).

use crate::{ApiKey, Bytes, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for groups.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "5+")]
pub struct DescribeGroupsRequest {
    /// The groups.
    pub groups: Vec<Str>,
    /// Whether to say what the client may do.
    #[wire(versions = "3+")]
    pub include_authorized_operations: bool,
}

impl Request for DescribeGroupsRequest {
    const API_KEY: ApiKey = ApiKey::DescribeGroups;
    const VERSIONS: VersionRange = VersionRange::new(0, 6);
    type Response = DescribeGroupsResponse;
}

/// What is known of them.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "5+")]
pub struct DescribeGroupsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "1+")]
    pub throttle_time_ms: i32,
    /// The groups.
    pub groups: Vec<DescribedGroup>,
}

/// One of `DescribeGroupsResponse::groups`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedGroup {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(versions = "6+", nullable = "6+")]
    pub error_message: Option<Str>,
    /// The group.
    pub group_id: Str,
    /// The group's state, by name.
    pub group_state: Str,
    /// The kind of group ("consumer").
    pub protocol_type: Str,
    /// The protocol that the group has agreed on, while it is stable.
    pub protocol_data: Str,
    /// The members.
    pub members: Vec<DescribedGroupMember>,
    /// What the client may do to it, one bit each; the lowest number if not asked for.
    #[wire(versions = "3+", default = i32::MIN)]
    pub authorized_operations: i32,
}

/// One of `DescribedGroup::members`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribedGroupMember {
    /// The member's id.
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(versions = "4+", nullable = "4+")]
    pub group_instance_id: Option<Str>,
    /// The client's name for itself.
    pub client_id: Str,
    /// The address that the client comes from.
    pub client_host: Str,
    /// What the member's protocol told the leader.
    pub member_metadata: Bytes,
    /// What the member was assigned.
    pub member_assignment: Bytes,
}
