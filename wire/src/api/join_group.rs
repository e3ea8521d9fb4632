//! JoinGroup (11): a member joins a group, or joins it again for a rebalance.
//!
//! v1 separates the rebalance timeout from the session timeout. In v4 a new member gets an id first and joins again
//! with it (KIP-394). v5 adds static members (KIP-345), v6 is flexible, v7 names the protocol type in the answer, v8
//! adds a reason, v9 lets a leader skip the assignment. librdkafka before 2.11 needs v0 and v1 (apache/kafka#20116).

use crate::{ApiKey, Bytes, ErrorCode, Message, Request, Str, VersionRange};

/// A member that wants to join.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "6+")]
pub struct JoinGroupRequest {
    /// The group.
    pub group_id: Str,
    /// How long a member may be silent, in milliseconds.
    pub session_timeout_ms: i32,
    /// How long a member may take to come back in a rebalance, in milliseconds; -1 if not said.
    #[wire(versions = "1+", default = -1)]
    pub rebalance_timeout_ms: i32,
    /// The member's id; empty if it has none yet.
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(versions = "5+", nullable = "5+")]
    pub group_instance_id: Option<Str>,
    /// The kind of group ("consumer").
    pub protocol_type: Str,
    /// The protocols (assignors) that the member knows, the best first.
    pub protocols: Vec<JoinGroupRequestProtocol>,
    /// Why, in words.
    #[wire(versions = "8+", nullable = "8+")]
    pub reason: Option<Str>,
}

/// One of `JoinGroupRequest::protocols`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct JoinGroupRequestProtocol {
    /// The protocol's name.
    pub name: Str,
    /// What the protocol wants to tell the leader.
    pub metadata: Bytes,
}

impl Request for JoinGroupRequest {
    const API_KEY: ApiKey = ApiKey::JoinGroup;
    const VERSIONS: VersionRange = VersionRange::new(0, 9);
    type Response = JoinGroupResponse;
}

/// Its place in the group; the leader also gets everyone's metadata.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "6+")]
pub struct JoinGroupResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "2+")]
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The group's generation; -1 for none.
    #[wire(default = -1)]
    pub generation_id: i32,
    /// The kind of group ("consumer").
    #[wire(versions = "7+", nullable = "7+")]
    pub protocol_type: Option<Str>,
    /// The protocol that the group has agreed on.
    #[wire(nullable = "7+")]
    pub protocol_name: Option<Str>,
    /// The leader's member id.
    pub leader: Str,
    /// Whether the leader is to leave the assignment as it is.
    #[wire(versions = "9+")]
    pub skip_assignment: bool,
    /// The member's id.
    pub member_id: Str,
    /// The members.
    pub members: Vec<JoinGroupResponseMember>,
}

/// One of `JoinGroupResponse::members`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct JoinGroupResponseMember {
    /// The member's id.
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(versions = "5+", nullable = "5+")]
    pub group_instance_id: Option<Str>,
    /// What the member's protocol wants to tell the leader.
    pub metadata: Bytes,
}
