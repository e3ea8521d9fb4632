//! Heartbeat (12): a member tells that it is alive, and learns whether the group rebalances.
//!
//! v1 adds the throttle time, v3 static members, v4 is flexible.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// A heartbeat.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct HeartbeatRequest {
    /// The group.
    pub group_id: Str,
    /// The group's generation; -1 for none.
    pub generation_id: i32,
    /// The member's id.
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(versions = "3+", nullable = "3+")]
    pub group_instance_id: Option<Str>,
}

impl Request for HeartbeatRequest {
    const API_KEY: ApiKey = ApiKey::Heartbeat;
    const VERSIONS: VersionRange = VersionRange::new(0, 4);
    type Response = HeartbeatResponse;
}

/// Whether the member may go on as before.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct HeartbeatResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "1+")]
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
