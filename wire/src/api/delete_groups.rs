//! DeleteGroups (42): deletes empty groups.
//!
//! v2 is flexible.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Groups to delete.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct DeleteGroupsRequest {
    /// The groups.
    pub groups_names: Vec<Str>,
}

impl Request for DeleteGroupsRequest {
    const API_KEY: ApiKey = ApiKey::DeleteGroups;
    const VERSIONS: VersionRange = VersionRange::new(0, 2);
    type Response = DeleteGroupsResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct DeleteGroupsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// One for each.
    pub results: Vec<DeletableGroupResult>,
}

/// One of `DeleteGroupsResponse::results`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeletableGroupResult {
    /// The group.
    pub group_id: Str,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
