//! ListGroups (16): the groups whose coordinator is this broker.
//!
//! v1 adds the throttle time, v3 is flexible, v4 filters by state (KIP-518), v5 by type (KIP-848).

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for the groups.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct ListGroupsRequest {
    /// Only groups in one of these states; empty for all.
    #[wire(versions = "4+")]
    pub states_filter: Vec<Str>,
    /// Only groups of one of these types; empty for all.
    #[wire(versions = "5+")]
    pub types_filter: Vec<Str>,
}

impl Request for ListGroupsRequest {
    const API_KEY: ApiKey = ApiKey::ListGroups;
    const VERSIONS: VersionRange = VersionRange::new(0, 5);
    type Response = ListGroupsResponse;
}

/// The groups.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct ListGroupsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "1+")]
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The groups.
    pub groups: Vec<ListedGroup>,
}

/// One of `ListGroupsResponse::groups`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListedGroup {
    /// The group.
    pub group_id: Str,
    /// The kind of group ("consumer").
    pub protocol_type: Str,
    /// The group's state, by name.
    #[wire(versions = "4+")]
    pub group_state: Str,
    /// "classic" or "consumer".
    #[wire(versions = "5+")]
    pub group_type: Str,
}
