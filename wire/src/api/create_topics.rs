//! CreateTopics (19): new topics.
//!
//! v0 and v1, which Kafka itself has dropped, are still sent by ruby-kafka. v1 adds `validate_only` and error
//! messages, v4 makes counts optional (-1 for the broker's defaults), v5 is flexible and answers with counts
//! and configs, v7 with the topic's id.

use crate::{ApiKey, ErrorCode, Message, Request, Str, Uuid, VersionRange};

/// Topics to make.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "5+")]
pub struct CreateTopicsRequest {
    /// The topics.
    pub topics: Vec<CreatableTopic>,
    /// How long the broker may take, in milliseconds.
    #[wire(default = 60000)]
    pub timeout_ms: i32,
    /// Whether to check only, and change nothing.
    #[wire(versions = "1+")]
    pub validate_only: bool,
}

/// One of `CreateTopicsRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopic {
    /// The topic's name.
    pub name: Str,
    /// How many partitions; -1 for the broker's default.
    pub num_partitions: i32,
    /// How many replicas; -1 for the broker's default.
    pub replication_factor: i16,
    /// Brokers for each partition; empty to let the broker choose.
    pub assignments: Vec<CreatableReplicaAssignment>,
    /// The settings.
    pub configs: Vec<CreatableTopicConfig>,
}

/// One of `CreatableTopic::assignments`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableReplicaAssignment {
    /// The partition.
    pub partition_index: i32,
    /// The brokers, the preferred leader first.
    pub broker_ids: Vec<i32>,
}

/// One of `CreatableTopic::configs`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicConfig {
    /// Its name.
    pub name: Str,
    /// Its value.
    #[wire(nullable = "0+")]
    pub value: Option<Str>,
}

impl Request for CreateTopicsRequest {
    const API_KEY: ApiKey = ApiKey::CreateTopics;
    const VERSIONS: VersionRange = VersionRange::new(0, 7);
    type Response = CreateTopicsResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "5+")]
pub struct CreateTopicsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "2+")]
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<CreatableTopicResult>,
}

/// One of `CreateTopicsResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicResult {
    /// Its name.
    pub name: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "7+")]
    pub topic_id: Uuid,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(versions = "1+", nullable = "0+")]
    pub error_message: Option<Str>,
    /// Why `configs` is missing, if it is.
    #[wire(versions = "5+", tag = 0)]
    pub topic_config_error_code: ErrorCode,
    /// How many partitions it has; -1 if not told.
    #[wire(versions = "5+", default = -1)]
    pub num_partitions: i32,
    /// How many replicas it has; -1 if not told.
    #[wire(versions = "5+", default = -1)]
    pub replication_factor: i16,
    /// The settings.
    #[wire(versions = "5+", nullable = "5+")]
    pub configs: Option<Vec<CreatableTopicConfigs>>,
}

/// One of `CreatableTopicResult::configs`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreatableTopicConfigs {
    /// Its name.
    pub name: Str,
    /// Its value.
    #[wire(nullable = "5+")]
    pub value: Option<Str>,
    /// Whether it can't be changed.
    pub read_only: bool,
    /// Where the value comes from.
    #[wire(default = -1)]
    pub config_source: i8,
    /// Whether it is a secret, and so not shown.
    pub is_sensitive: bool,
}
