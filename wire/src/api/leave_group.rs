//! LeaveGroup (13): members leave a group.
//!
//! v1 adds the throttle time, v3 takes several members, also by instance id (KIP-345), v4 is flexible, v5
//! adds a reason.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Members that leave.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct LeaveGroupRequest {
    /// The group.
    pub group_id: Str,
    /// The member's id.
    #[wire(versions = "0-2")]
    pub member_id: Str,
    /// The members.
    #[wire(versions = "3+")]
    pub members: Vec<MemberIdentity>,
}

/// One of `LeaveGroupRequest::members`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MemberIdentity {
    /// The member's id.
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(nullable = "3+")]
    pub group_instance_id: Option<Str>,
    /// Why, in words.
    #[wire(versions = "5+", nullable = "5+")]
    pub reason: Option<Str>,
}

impl Request for LeaveGroupRequest {
    const API_KEY: ApiKey = ApiKey::LeaveGroup;
    const VERSIONS: VersionRange = VersionRange::new(0, 5);
    type Response = LeaveGroupResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct LeaveGroupResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "1+")]
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The members.
    #[wire(versions = "3+")]
    pub members: Vec<MemberResponse>,
}

/// One of `LeaveGroupResponse::members`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MemberResponse {
    /// The member's id.
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(nullable = "3+")]
    pub group_instance_id: Option<Str>,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
