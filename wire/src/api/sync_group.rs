//! SyncGroup (14): the leader sends the assignment, and every member gets its own part.
//!
//! v1 adds the throttle time, v3 static members, v4 is flexible, v5 adds the protocol type and name, which must be
//! the group's.

use crate::{ApiKey, Bytes, ErrorCode, Message, Request, Str, VersionRange};

/// A member that waits for its assignment; from the leader, everyone's.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct SyncGroupRequest {
    /// The group.
    pub group_id: Str,
    /// The group's generation; -1 for none.
    pub generation_id: i32,
    /// The member's id.
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(versions = "3+", nullable = "3+")]
    pub group_instance_id: Option<Str>,
    /// The kind of group ("consumer").
    #[wire(versions = "5+", nullable = "5+")]
    pub protocol_type: Option<Str>,
    /// The protocol that the group has agreed on.
    #[wire(versions = "5+", nullable = "5+")]
    pub protocol_name: Option<Str>,
    /// Everyone's assignment; only the leader fills it in.
    pub assignments: Vec<SyncGroupRequestAssignment>,
}

/// One of `SyncGroupRequest::assignments`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SyncGroupRequestAssignment {
    /// The member's id.
    pub member_id: Str,
    /// The member's assignment.
    pub assignment: Bytes,
}

impl Request for SyncGroupRequest {
    const API_KEY: ApiKey = ApiKey::SyncGroup;
    const VERSIONS: VersionRange = VersionRange::new(0, 5);
    type Response = SyncGroupResponse;
}

/// The member's assignment.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct SyncGroupResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "1+")]
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The kind of group ("consumer").
    #[wire(versions = "5+", nullable = "5+")]
    pub protocol_type: Option<Str>,
    /// The protocol that the group has agreed on.
    #[wire(versions = "5+", nullable = "5+")]
    pub protocol_name: Option<Str>,
    /// The member's assignment.
    pub assignment: Bytes,
}
