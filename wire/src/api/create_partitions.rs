//! CreatePartitions (37): more partitions for topics.
//!
//! v2 is flexible, v3 may be answered with THROTTLING_QUOTA_EXCEEDED. The answer must name every topic of the
//! request.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// New partition counts.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct CreatePartitionsRequest {
    /// The topics.
    pub topics: Vec<CreatePartitionsTopic>,
    /// How long the broker may take, in milliseconds.
    pub timeout_ms: i32,
    /// Whether to check only, and change nothing.
    pub validate_only: bool,
}

/// One of `CreatePartitionsRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatePartitionsTopic {
    /// Its name.
    pub name: Str,
    /// How many partitions the topic is to have.
    pub count: i32,
    /// Brokers for each new partition; null to let the broker choose.
    #[wire(nullable = "0+")]
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

/// One of `CreatePartitionsTopic::assignments`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatePartitionsAssignment {
    /// The brokers, the preferred leader first.
    pub broker_ids: Vec<i32>,
}

impl Request for CreatePartitionsRequest {
    const API_KEY: ApiKey = ApiKey::CreatePartitions;
    const VERSIONS: VersionRange = VersionRange::new(0, 3);
    type Response = CreatePartitionsResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct CreatePartitionsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// One for each.
    pub results: Vec<CreatePartitionsTopicResult>,
}

/// One of `CreatePartitionsResponse::results`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatePartitionsTopicResult {
    /// Its name.
    pub name: Str,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(nullable = "0+")]
    pub error_message: Option<Str>,
}
