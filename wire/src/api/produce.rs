//! Produce (0): record batches, appended to partitions.
//!
//! Versions 0 to 2 are listed but refused, because librdkafka before 2.11 takes a broker without them for one that
//! can't compress (KAFKA-18659). v7 allows zstd, v8 adds per-record errors to the answer, v9 is flexible, v10 adds
//! the current leader, and v13 names topics by id. With `acks` 0 there is no answer at all.

use crate::{ApiKey, ErrorCode, Message, Records, Request, Str, Uuid, VersionRange};

/// Batches to append.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "9+")]
pub struct ProduceRequest {
    /// The transactional id, if the producer has one.
    #[wire(nullable = "3+")]
    pub transactional_id: Option<Str>,
    /// 0: no answer; 1: answer when the leader has it; -1: answer when all in-sync replicas have it.
    pub acks: i16,
    /// How long the broker may take, in milliseconds.
    pub timeout_ms: i32,
    /// The topics.
    pub topic_data: Vec<TopicProduceData>,
}

/// One of `ProduceRequest::topic_data`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicProduceData {
    /// Its name.
    #[wire(versions = "0-12")]
    pub name: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "13+")]
    pub topic_id: Uuid,
    /// The partitions.
    pub partition_data: Vec<PartitionProduceData>,
}

/// One of `TopicProduceData::partition_data`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionProduceData {
    /// The partition.
    pub index: i32,
    /// Record batches.
    pub records: Records,
}

impl Request for ProduceRequest {
    const API_KEY: ApiKey = ApiKey::Produce;
    const VERSIONS: VersionRange = VersionRange::new(3, 13);
    // See the module's header: listed for librdkafka, never accepted.
    const ADVERTISED: VersionRange = VersionRange::new(0, 13);
    type Response = ProduceResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "9+")]
pub struct ProduceResponse {
    /// The topics.
    pub responses: Vec<TopicProduceResponse>,
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The addresses of the leaders named above.
    #[wire(versions = "10+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// One of `ProduceResponse::responses`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicProduceResponse {
    /// Its name.
    #[wire(versions = "0-12")]
    pub name: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "13+")]
    pub topic_id: Uuid,
    /// The partitions.
    pub partition_responses: Vec<PartitionProduceResponse>,
}

/// One of `TopicProduceResponse::partition_responses`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionProduceResponse {
    /// The partition.
    pub index: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The offset of the first record; -1 on error.
    pub base_offset: i64,
    /// The broker's time of the append, if the topic keeps that; else -1.
    #[wire(default = -1)]
    pub log_append_time_ms: i64,
    /// The first offset that the log still has; -1 if unknown.
    #[wire(versions = "5+", default = -1)]
    pub log_start_offset: i64,
    /// The records for which the batch was refused.
    #[wire(versions = "8+")]
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    /// The error in words.
    #[wire(versions = "8+", nullable = "8+")]
    pub error_message: Option<Str>,
    /// Where to go, if the leader is elsewhere.
    #[wire(versions = "10+", tag = 0)]
    pub current_leader: LeaderIdAndEpoch,
}

/// One of `PartitionProduceResponse::record_errors`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BatchIndexAndErrorMessage {
    /// The record's position in the batch.
    pub batch_index: i32,
    /// What is wrong with it.
    #[wire(nullable = "8+")]
    pub batch_index_error_message: Option<Str>,
}

/// The `current_leader` of `PartitionProduceResponse`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    /// The leader's broker id; -1 if there is none.
    #[wire(default = -1)]
    pub leader_id: i32,
    /// The leader's epoch; -1 if unknown.
    #[wire(default = -1)]
    pub leader_epoch: i32,
}

/// One of `ProduceResponse::node_endpoints`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    /// The broker's id.
    pub node_id: i32,
    /// Its host.
    pub host: Str,
    /// Its port.
    pub port: i32,
    /// Its rack, if it has one.
    #[wire(nullable = "10+")]
    pub rack: Option<Str>,
}
