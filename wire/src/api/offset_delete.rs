//! OffsetDelete (47): deletes committed offsets.
//!
//! Never flexible.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Offsets to delete.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "none")]
pub struct OffsetDeleteRequest {
    /// The group.
    pub group_id: Str,
    /// The topics.
    pub topics: Vec<OffsetDeleteRequestTopic>,
}

/// One of `OffsetDeleteRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetDeleteRequestTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

/// One of `OffsetDeleteRequestTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetDeleteRequestPartition {
    /// The partition.
    pub partition_index: i32,
}

impl Request for OffsetDeleteRequest {
    const API_KEY: ApiKey = ApiKey::OffsetDelete;
    const VERSIONS: VersionRange = VersionRange::new(0, 0);
    type Response = OffsetDeleteResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "none")]
pub struct OffsetDeleteResponse {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<OffsetDeleteResponseTopic>,
}

/// One of `OffsetDeleteResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetDeleteResponseTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

/// One of `OffsetDeleteResponseTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetDeleteResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
