//! ListOffsets (2): the offset at a time, or at one end of a partition.
//!
//! v0, which Kafka itself has dropped, answers with a list of offsets; Debian's Burrow still sends it. v1 answers
//! with one offset and its timestamp, v2 adds isolation, v4 leader epochs, v6 is flexible. v10 adds a timeout.
//!
//! The negative timestamps are -1 latest, -2 earliest, -3 the record with the largest timestamp (v7), -4 earliest
//! local (v8), -5 latest tiered (v9), -6 earliest pending upload (v11). If nothing is found, the offset is -1 and
//! there is no error.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for offsets by time.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "6+")]
pub struct ListOffsetsRequest {
    /// The asking broker's id; -1 for a consumer.
    pub replica_id: i32,
    /// 0: everything up to the high watermark; 1: only what is committed.
    #[wire(versions = "2+")]
    pub isolation_level: i8,
    /// The topics.
    pub topics: Vec<ListOffsetsTopic>,
    /// How long to wait for offsets held elsewhere, in milliseconds.
    #[wire(versions = "10+")]
    pub timeout_ms: i32,
}

/// One of `ListOffsetsRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsTopic {
    /// The topic's name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<ListOffsetsPartition>,
}

/// One of `ListOffsetsTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsPartition {
    /// The partition.
    pub partition_index: i32,
    /// The leader's epoch as the client knows it; -1 if it does not.
    #[wire(versions = "4+", default = -1)]
    pub current_leader_epoch: i32,
    /// The time in milliseconds since 1970, or one of the negative timestamps above.
    pub timestamp: i64,
    /// How many offsets to list at most.
    #[wire(versions = "0", default = 1)]
    pub max_num_offsets: i32,
}

impl Request for ListOffsetsRequest {
    const API_KEY: ApiKey = ApiKey::ListOffsets;
    const VERSIONS: VersionRange = VersionRange::new(0, 11);
    type Response = ListOffsetsResponse;
}

/// The offsets.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "6+")]
pub struct ListOffsetsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "2+")]
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<ListOffsetsTopicResponse>,
}

/// One of `ListOffsetsResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsTopicResponse {
    /// The topic's name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

/// One of `ListOffsetsTopicResponse::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ListOffsetsPartitionResponse {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The offsets, highest first.
    #[wire(versions = "0")]
    pub old_style_offsets: Vec<i64>,
    /// The timestamp of the record at `offset`; -1 if there is none.
    #[wire(versions = "1+", default = -1)]
    pub timestamp: i64,
    /// The offset; -1 if there is none.
    #[wire(versions = "1+", default = -1)]
    pub offset: i64,
    /// The leader's epoch; -1 if unknown.
    #[wire(versions = "4+", default = -1)]
    pub leader_epoch: i32,
}
