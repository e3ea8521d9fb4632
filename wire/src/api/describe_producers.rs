//! DescribeProducers (61): the producers that partitions remember.
//!
//! Flexible.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for producers.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct DescribeProducersRequest {
    /// The topics.
    pub topics: Vec<TopicRequest>,
}

/// One of `DescribeProducersRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicRequest {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partition_indexes: Vec<i32>,
}

impl Request for DescribeProducersRequest {
    const API_KEY: ApiKey = ApiKey::DescribeProducers;
    const VERSIONS: VersionRange = VersionRange::new(0, 0);
    type Response = DescribeProducersResponse;
}

/// The producers.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct DescribeProducersResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<TopicResponse>,
}

/// One of `DescribeProducersResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicResponse {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<PartitionResponse>,
}

/// One of `TopicResponse::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionResponse {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(nullable = "0+")]
    pub error_message: Option<Str>,
    /// The producers that it remembers.
    pub active_producers: Vec<ProducerState>,
}

/// One of `PartitionResponse::active_producers`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ProducerState {
    /// The producer's id.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i32,
    /// The last sequence number; -1 if unknown.
    #[wire(default = -1)]
    pub last_sequence: i32,
    /// The last timestamp; -1 if unknown.
    #[wire(default = -1)]
    pub last_timestamp: i64,
    /// The coordinator's epoch; -1 if unknown.
    pub coordinator_epoch: i32,
    /// Where the open transaction began; -1 if there is none.
    #[wire(default = -1)]
    pub current_txn_start_offset: i64,
}
