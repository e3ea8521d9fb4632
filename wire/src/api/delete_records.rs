//! DeleteRecords (21): drops all records before an offset.
//!
//! v2 is flexible. Offset -1 stands for the high watermark.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Offsets to drop everything before.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct DeleteRecordsRequest {
    /// The topics.
    pub topics: Vec<DeleteRecordsTopic>,
    /// How long the broker may take, in milliseconds.
    pub timeout_ms: i32,
}

/// One of `DeleteRecordsRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteRecordsTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<DeleteRecordsPartition>,
}

/// One of `DeleteRecordsTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteRecordsPartition {
    /// The partition.
    pub partition_index: i32,
    /// The first offset to keep; -1 for the high watermark.
    pub offset: i64,
}

impl Request for DeleteRecordsRequest {
    const API_KEY: ApiKey = ApiKey::DeleteRecords;
    const VERSIONS: VersionRange = VersionRange::new(0, 2);
    type Response = DeleteRecordsResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct DeleteRecordsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<DeleteRecordsTopicResult>,
}

/// One of `DeleteRecordsResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteRecordsTopicResult {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

/// One of `DeleteRecordsTopicResult::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteRecordsPartitionResult {
    /// The partition.
    pub partition_index: i32,
    /// The first offset that is left; -1 on error.
    pub low_watermark: i64,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
