//! OffsetFetch (9): the committed offsets of a group.
//!
//! From v2 on null asks for all topics. v5 adds leader epochs, v6 is flexible, v7 lets a client insist on offsets
//! that no open transaction may still change, v8 asks for several groups, v9 names the member (KIP-848), v10 names
//! topics by id. Without a committed offset the answer is -1 without an error.

use crate::{ApiKey, ErrorCode, Message, Request, Str, Uuid, VersionRange};

/// Asks for offsets.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "6+")]
pub struct OffsetFetchRequest {
    /// The group.
    #[wire(versions = "0-7")]
    pub group_id: Str,
    /// The topics.
    #[wire(versions = "0-7", nullable = "2-7")]
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    /// The groups.
    #[wire(versions = "8+")]
    pub groups: Vec<OffsetFetchRequestGroup>,
    /// Whether offsets that an open transaction may still change are an error.
    #[wire(versions = "7+")]
    pub require_stable: bool,
}

/// One of `OffsetFetchRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchRequestTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partition_indexes: Vec<i32>,
}

/// One of `OffsetFetchRequest::groups`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchRequestGroup {
    /// The group.
    pub group_id: Str,
    /// The member's id.
    #[wire(versions = "9+", nullable = "9+")]
    pub member_id: Option<Str>,
    /// The member's epoch; -1 for none.
    #[wire(versions = "9+", default = -1)]
    pub member_epoch: i32,
    /// The topics.
    #[wire(nullable = "8+")]
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
}

/// One of `OffsetFetchRequestGroup::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchRequestTopics {
    /// Its name.
    #[wire(versions = "8-9")]
    pub name: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "10+")]
    pub topic_id: Uuid,
    /// The partitions.
    pub partition_indexes: Vec<i32>,
}

impl Request for OffsetFetchRequest {
    const API_KEY: ApiKey = ApiKey::OffsetFetch;
    const VERSIONS: VersionRange = VersionRange::new(1, 10);
    type Response = OffsetFetchResponse;
}

/// The offsets.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "6+")]
pub struct OffsetFetchResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "3+")]
    pub throttle_time_ms: i32,
    /// The topics.
    #[wire(versions = "0-7")]
    pub topics: Vec<OffsetFetchResponseTopic>,
    /// What went wrong, if anything.
    #[wire(versions = "2-7")]
    pub error_code: ErrorCode,
    /// The groups.
    #[wire(versions = "8+")]
    pub groups: Vec<OffsetFetchResponseGroup>,
}

/// One of `OffsetFetchResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponseTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<OffsetFetchResponsePartition>,
}

/// One of `OffsetFetchResponseTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// The offset to go on from; -1 if there is none.
    pub committed_offset: i64,
    /// The leader's epoch of the last record before it; -1 if unknown.
    #[wire(versions = "5-7", default = -1)]
    pub committed_leader_epoch: i32,
    /// What the client wanted kept with it.
    #[wire(nullable = "0-7")]
    pub metadata: Option<Str>,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}

/// One of `OffsetFetchResponse::groups`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponseGroup {
    /// The group.
    pub group_id: Str,
    /// The topics.
    pub topics: Vec<OffsetFetchResponseTopics>,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}

/// One of `OffsetFetchResponseGroup::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponseTopics {
    /// Its name.
    #[wire(versions = "8-9")]
    pub name: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "10+")]
    pub topic_id: Uuid,
    /// The partitions.
    pub partitions: Vec<OffsetFetchResponsePartitions>,
}

/// One of `OffsetFetchResponseTopics::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct OffsetFetchResponsePartitions {
    /// The partition.
    pub partition_index: i32,
    /// The offset to go on from; -1 if there is none.
    pub committed_offset: i64,
    /// The leader's epoch of the last record before it; -1 if unknown.
    #[wire(default = -1)]
    pub committed_leader_epoch: i32,
    /// What the client wanted kept with it.
    #[wire(nullable = "8+")]
    pub metadata: Option<Str>,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
