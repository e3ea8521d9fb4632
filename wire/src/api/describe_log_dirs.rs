//! DescribeLogDirs (35): directories, their partitions and sizes.
//!
//! v2 is flexible, v3 adds an error for the whole answer, v4 the size of the volume, v5 whether it takes no
//! new partitions. Null asks for all topics.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for directories.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct DescribeLogDirsRequest {
    /// The topics.
    #[wire(nullable = "0+")]
    pub topics: Option<Vec<DescribableLogDirTopic>>,
}

/// One of `DescribeLogDirsRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribableLogDirTopic {
    /// The topic's name.
    pub topic: Str,
    /// The partitions.
    pub partitions: Vec<i32>,
}

impl Request for DescribeLogDirsRequest {
    const API_KEY: ApiKey = ApiKey::DescribeLogDirs;
    const VERSIONS: VersionRange = VersionRange::new(1, 5);
    type Response = DescribeLogDirsResponse;
}

/// The directories.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct DescribeLogDirsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    #[wire(versions = "3+")]
    pub error_code: ErrorCode,
    /// One for each.
    pub results: Vec<DescribeLogDirsResult>,
}

/// One of `DescribeLogDirsResponse::results`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeLogDirsResult {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The directory.
    pub log_dir: Str,
    /// The topics.
    pub topics: Vec<DescribeLogDirsTopic>,
    /// The size of the volume; -1 if unknown.
    #[wire(versions = "4+", default = -1)]
    pub total_bytes: i64,
    /// What is free of it; -1 if unknown.
    #[wire(versions = "4+", default = -1)]
    pub usable_bytes: i64,
    /// Whether it takes no new partitions.
    #[wire(versions = "5+")]
    pub is_cordoned: bool,
}

/// One of `DescribeLogDirsResult::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeLogDirsTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<DescribeLogDirsPartition>,
}

/// One of `DescribeLogDirsTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeLogDirsPartition {
    /// The partition.
    pub partition_index: i32,
    /// Its size in bytes.
    pub partition_size: i64,
    /// How many records it is behind its leader.
    pub offset_lag: i64,
    /// Whether it is about to replace the present log.
    pub is_future_key: bool,
}
