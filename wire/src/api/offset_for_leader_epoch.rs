//! OffsetForLeaderEpoch (23): where a leader epoch ended. With it a client detects that a log was truncated.
//!
//! v3 adds the replica id, v4 is flexible.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks where epochs ended.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct OffsetForLeaderEpochRequest {
    /// The asking broker's id; -1 for a consumer, -2 for one that may see everything.
    #[wire(versions = "3+", default = -2)]
    pub replica_id: i32,
    /// The topics.
    pub topics: Vec<OffsetForLeaderTopic>,
}

/// One of `OffsetForLeaderEpochRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetForLeaderTopic {
    /// The topic's name.
    pub topic: Str,
    /// The partitions.
    pub partitions: Vec<OffsetForLeaderPartition>,
}

/// One of `OffsetForLeaderTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetForLeaderPartition {
    /// The partition.
    pub partition: i32,
    /// The leader's epoch as the client knows it; -1 if it does not.
    #[wire(default = -1)]
    pub current_leader_epoch: i32,
    /// The epoch asked for.
    pub leader_epoch: i32,
}

impl Request for OffsetForLeaderEpochRequest {
    const API_KEY: ApiKey = ApiKey::OffsetForLeaderEpoch;
    const VERSIONS: VersionRange = VersionRange::new(2, 4);
    type Response = OffsetForLeaderEpochResponse;
}

/// Where they ended.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct OffsetForLeaderEpochResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<OffsetForLeaderTopicResult>,
}

/// One of `OffsetForLeaderEpochResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetForLeaderTopicResult {
    /// The topic's name.
    pub topic: Str,
    /// The partitions.
    pub partitions: Vec<EpochEndOffset>,
}

/// One of `OffsetForLeaderTopicResult::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EpochEndOffset {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The partition.
    pub partition: i32,
    /// The highest epoch up to the one asked for; -1 if there is none.
    #[wire(default = -1)]
    pub leader_epoch: i32,
    /// The offset after that epoch's last record; -1 if unknown.
    #[wire(default = -1)]
    pub end_offset: i64,
}
