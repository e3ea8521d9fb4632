//! OffsetCommit (8): commits the offsets of a group.
//!
//! v2 to v4 carry a retention time, v6 adds leader epochs, v7 static members, v8 is flexible, v9 may come
//! from a member of the new group protocol (KIP-848), v10 names topics by id.

use crate::{ApiKey, ErrorCode, Message, Request, Str, Uuid, VersionRange};

/// Offsets to commit.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "8+")]
pub struct OffsetCommitRequest {
    /// The group.
    pub group_id: Str,
    /// The group's generation, or the member's epoch; -1 for a commit from outside the group.
    #[wire(default = -1)]
    pub generation_id_or_member_epoch: i32,
    /// The member's id.
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(versions = "7+", nullable = "7+")]
    pub group_instance_id: Option<Str>,
    /// How long to remember them, in milliseconds; -1 for the broker's setting.
    #[wire(versions = "2-4", default = -1)]
    pub retention_time_ms: i64,
    /// The topics.
    pub topics: Vec<OffsetCommitRequestTopic>,
}

/// One of `OffsetCommitRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitRequestTopic {
    /// Its name.
    #[wire(versions = "0-9")]
    pub name: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "10+")]
    pub topic_id: Uuid,
    /// The partitions.
    pub partitions: Vec<OffsetCommitRequestPartition>,
}

/// One of `OffsetCommitRequestTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitRequestPartition {
    /// The partition.
    pub partition_index: i32,
    /// The offset to go on from; -1 if there is none.
    pub committed_offset: i64,
    /// The leader's epoch of the last record before it; -1 if unknown.
    #[wire(versions = "6+", default = -1)]
    pub committed_leader_epoch: i32,
    /// What the client wants kept with it.
    #[wire(nullable = "0+")]
    pub committed_metadata: Option<Str>,
}

impl Request for OffsetCommitRequest {
    const API_KEY: ApiKey = ApiKey::OffsetCommit;
    const VERSIONS: VersionRange = VersionRange::new(2, 10);
    type Response = OffsetCommitResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "8+")]
pub struct OffsetCommitResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "3+")]
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<OffsetCommitResponseTopic>,
}

/// One of `OffsetCommitResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitResponseTopic {
    /// Its name.
    #[wire(versions = "0-9")]
    pub name: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "10+")]
    pub topic_id: Uuid,
    /// The partitions.
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

/// One of `OffsetCommitResponseTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetCommitResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
