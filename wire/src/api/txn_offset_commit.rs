//! TxnOffsetCommit (28): offsets that become visible when their transaction commits.
//!
//! v2 adds leader epochs, v3 is flexible and names the group's member and generation, v4 may be answered with
//! TRANSACTION_ABORTABLE, v5 adds the group to the transaction by itself (KIP-890).

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Offsets to remember.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct TxnOffsetCommitRequest {
    /// The transactional id, if the producer has one.
    pub transactional_id: Str,
    /// The group.
    pub group_id: Str,
    /// The producer's id.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// The group's generation; -1 for none.
    #[wire(versions = "3+", default = -1)]
    pub generation_id: i32,
    /// The member's id.
    #[wire(versions = "3+")]
    pub member_id: Str,
    /// The static member's own name, if it is one.
    #[wire(versions = "3+", nullable = "3+")]
    pub group_instance_id: Option<Str>,
    /// The topics.
    pub topics: Vec<TxnOffsetCommitRequestTopic>,
}

/// One of `TxnOffsetCommitRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitRequestTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<TxnOffsetCommitRequestPartition>,
}

/// One of `TxnOffsetCommitRequestTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitRequestPartition {
    /// The partition.
    pub partition_index: i32,
    /// The offset to go on from; -1 if there is none.
    pub committed_offset: i64,
    /// The leader's epoch of the last record before it; -1 if unknown.
    #[wire(versions = "2+", default = -1)]
    pub committed_leader_epoch: i32,
    /// What the client wants kept with it.
    #[wire(nullable = "0+")]
    pub committed_metadata: Option<Str>,
}

impl Request for TxnOffsetCommitRequest {
    const API_KEY: ApiKey = ApiKey::TxnOffsetCommit;
    const VERSIONS: VersionRange = VersionRange::new(0, 5);
    type Response = TxnOffsetCommitResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct TxnOffsetCommitResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The topics.
    pub topics: Vec<TxnOffsetCommitResponseTopic>,
}

/// One of `TxnOffsetCommitResponse::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitResponseTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

/// One of `TxnOffsetCommitResponseTopic::partitions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TxnOffsetCommitResponsePartition {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
