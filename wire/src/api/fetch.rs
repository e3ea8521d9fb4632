//! Fetch (1): record batches, read from partitions.
//!
//! v7 adds sessions (KIP-227), v9 leader epochs, v10 allows zstd, v11 adds the rack, v12 is flexible and detects
//! divergence, v13 names topics by id, v15 moves the replica id to a tagged field, v16 adds the endpoints of leaders.
//!
//! `records` of the answer are never null (see `Records`). They may be left in a file; then they become a cut of the
//! frame.

use crate::{ApiKey, ErrorCode, Message, Records, Request, Str, Uuid, VersionRange};

/// Where to read from, how much, and how long to wait for it.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "12+")]
pub struct FetchRequest {
    /// The cluster's id.
    #[wire(versions = "12+", nullable = "12+", tag = 0)]
    pub cluster_id: Option<Str>,
    /// The asking broker's id; -1 for a consumer.
    #[wire(versions = "0-14", default = -1)]
    pub replica_id: i32,
    /// Who asks, if it is a broker.
    #[wire(versions = "15+", tag = 1)]
    pub replica_state: ReplicaState,
    /// How long to wait for `min_bytes`, in milliseconds.
    pub max_wait_ms: i32,
    /// How much to wait for.
    pub min_bytes: i32,
    /// How much to answer at most; a first batch that is bigger comes whole.
    #[wire(default = i32::MAX)]
    pub max_bytes: i32,
    /// 0: everything up to the high watermark; 1: only what is committed.
    pub isolation_level: i8,
    /// The fetch session; 0 for none.
    #[wire(versions = "7+")]
    pub session_id: i32,
    /// The request's number within its session; 0 begins one, -1 ends it or asks for none.
    #[wire(versions = "7+", default = -1)]
    pub session_epoch: i32,
    /// The topics.
    pub topics: Vec<FetchTopic>,
    /// Partitions to drop from the session.
    #[wire(versions = "7+")]
    pub forgotten_topics_data: Vec<ForgottenTopic>,
    /// The consumer's rack.
    #[wire(versions = "11+")]
    pub rack_id: Str,
}

/// The `replica_state` of `FetchRequest`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ReplicaState {
    /// The asking broker's id; -1 for a consumer.
    #[wire(default = -1)]
    pub replica_id: i32,
    /// The asking broker's epoch; -1 if unknown.
    #[wire(default = -1)]
    pub replica_epoch: i64,
}

/// One of `FetchRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchTopic {
    /// The topic's name.
    #[wire(versions = "0-12")]
    pub topic: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "13+")]
    pub topic_id: Uuid,
    /// The partitions.
    pub partitions: Vec<FetchPartition>,
}

/// One of `FetchTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchPartition {
    /// The partition.
    pub partition: i32,
    /// The leader's epoch as the client knows it; -1 if it does not.
    #[wire(versions = "9+", default = -1)]
    pub current_leader_epoch: i32,
    /// Where to read from.
    pub fetch_offset: i64,
    /// The epoch of the last record that a replica has; -1 for a consumer.
    #[wire(versions = "12+", default = -1)]
    pub last_fetched_epoch: i32,
    /// The start of the replica's log; -1 for a consumer.
    #[wire(versions = "5+", default = -1)]
    pub log_start_offset: i64,
    /// How much to read of it at most; a first batch that is bigger comes whole.
    pub partition_max_bytes: i32,
    /// The directory of the replica that asks.
    #[wire(versions = "17+", tag = 0)]
    pub replica_directory_id: Uuid,
    /// The high watermark as the replica knows it.
    #[wire(versions = "18+", tag = 1, default = i64::MAX)]
    pub high_watermark: i64,
}

/// One of `FetchRequest::forgotten_topics_data`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ForgottenTopic {
    /// The topic's name.
    #[wire(versions = "7-12")]
    pub topic: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "13+")]
    pub topic_id: Uuid,
    /// The partitions.
    pub partitions: Vec<i32>,
}

impl Request for FetchRequest {
    const API_KEY: ApiKey = ApiKey::Fetch;
    const VERSIONS: VersionRange = VersionRange::new(4, 18);
    type Response = FetchResponse;
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "12+")]
pub struct FetchResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    #[wire(versions = "7+")]
    pub error_code: ErrorCode,
    /// The fetch session; 0 for none.
    #[wire(versions = "7+")]
    pub session_id: i32,
    /// The topics.
    pub responses: Vec<FetchableTopicResponse>,
    /// The addresses of the leaders named above.
    #[wire(versions = "16+", tag = 0)]
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// One of `FetchResponse::responses`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FetchableTopicResponse {
    /// The topic's name.
    #[wire(versions = "0-12")]
    pub topic: Str,
    /// The topic's id; zero where there is none.
    #[wire(versions = "13+")]
    pub topic_id: Uuid,
    /// The partitions.
    pub partitions: Vec<PartitionData>,
}

/// One of `FetchableTopicResponse::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The offset after the last record that can be read.
    pub high_watermark: i64,
    /// The offset after the last record that no open transaction holds back; -1 if unknown.
    #[wire(default = -1)]
    pub last_stable_offset: i64,
    /// The first offset that the log still has; -1 if unknown.
    #[wire(versions = "5+", default = -1)]
    pub log_start_offset: i64,
    /// Where a replica's log diverges from the leader's.
    #[wire(versions = "12+", tag = 0)]
    pub diverging_epoch: EpochEndOffset,
    /// Where to go, if the leader is elsewhere.
    #[wire(versions = "12+", tag = 1)]
    pub current_leader: LeaderIdAndEpoch,
    /// A snapshot to be fetched instead.
    #[wire(versions = "12+", tag = 2)]
    pub snapshot_id: SnapshotId,
    /// The aborted transactions among these records; null unless only what is committed was asked for.
    #[wire(nullable = "4+")]
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// The broker to read from next; -1 to stay.
    #[wire(versions = "11+", default = -1)]
    pub preferred_read_replica: i32,
    /// Record batches.
    pub records: Records,
}

/// The `diverging_epoch` of `PartitionData`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct EpochEndOffset {
    /// The epoch.
    #[wire(default = -1)]
    pub epoch: i32,
    /// The offset after that epoch's last record; -1 if unknown.
    #[wire(default = -1)]
    pub end_offset: i64,
}

/// The `current_leader` of `PartitionData`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct LeaderIdAndEpoch {
    /// The leader's broker id; -1 if there is none.
    #[wire(default = -1)]
    pub leader_id: i32,
    /// The leader's epoch; -1 if unknown.
    #[wire(default = -1)]
    pub leader_epoch: i32,
}

/// The `snapshot_id` of `PartitionData`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SnapshotId {
    /// The offset after the epoch's last record.
    #[wire(default = -1)]
    pub end_offset: i64,
    /// The epoch.
    #[wire(default = -1)]
    pub epoch: i32,
}

/// One of `PartitionData::aborted_transactions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AbortedTransaction {
    /// The producer's id.
    pub producer_id: i64,
    /// The transaction's first offset.
    pub first_offset: i64,
}

/// One of `FetchResponse::node_endpoints`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeEndpoint {
    /// The broker's id.
    pub node_id: i32,
    /// Its host.
    pub host: Str,
    /// Its port.
    pub port: i32,
    /// Its rack, if it has one.
    #[wire(nullable = "16+")]
    pub rack: Option<Str>,
}
