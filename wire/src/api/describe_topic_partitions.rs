//! DescribeTopicPartitions (75): topics and partitions, a page at a time.
//!
//! Flexible.

use crate::{ApiKey, ErrorCode, Message, Request, Str, Uuid, VersionRange};

/// Asks for topics.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct DescribeTopicPartitionsRequest {
    /// The topics.
    pub topics: Vec<TopicRequest>,
    /// How many partitions to answer at most.
    #[wire(default = 2000)]
    pub response_partition_limit: i32,
    /// Where to continue, from an earlier answer.
    #[wire(nullable = "0+")]
    pub cursor: Option<Cursor>,
}

/// One of `DescribeTopicPartitionsRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicRequest {
    /// Its name.
    pub name: Str,
}

/// The `cursor` of `DescribeTopicPartitionsRequest`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Cursor {
    /// The topic's name.
    pub topic_name: Str,
    /// The partition.
    pub partition_index: i32,
}

impl Request for DescribeTopicPartitionsRequest {
    const API_KEY: ApiKey = ApiKey::DescribeTopicPartitions;
    const VERSIONS: VersionRange = VersionRange::new(0, 0);
    type Response = DescribeTopicPartitionsResponse;
}

/// A page of topics.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct DescribeTopicPartitionsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    /// Where to continue; null at the end.
    #[wire(nullable = "0+")]
    pub next_cursor: Option<Cursor>,
}

/// One of `DescribeTopicPartitionsResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeTopicPartitionsResponseTopic {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// Its name.
    #[wire(nullable = "0+")]
    pub name: Option<Str>,
    /// The topic's id; zero where there is none.
    pub topic_id: Uuid,
    /// Whether the topic is Kafka's own (`__consumer_offsets` and the like).
    pub is_internal: bool,
    /// The partitions.
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// What the client may do to it, one bit each; the lowest number if not asked for.
    #[wire(default = i32::MIN)]
    pub topic_authorized_operations: i32,
}

/// One of `DescribeTopicPartitionsResponseTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeTopicPartitionsResponsePartition {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The partition.
    pub partition_index: i32,
    /// The leader's broker id; -1 if there is none.
    pub leader_id: i32,
    /// The leader's epoch; -1 if unknown.
    #[wire(default = -1)]
    pub leader_epoch: i32,
    /// Brokers that hold it.
    pub replica_nodes: Vec<i32>,
    /// Brokers that hold it and are in sync with the leader.
    pub isr_nodes: Vec<i32>,
    /// Replicas that may be made leader without loss.
    #[wire(nullable = "0+")]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// Replicas that last could be.
    #[wire(nullable = "0+")]
    pub last_known_elr: Option<Vec<i32>>,
    /// Brokers that hold it and are offline.
    pub offline_replicas: Vec<i32>,
}
