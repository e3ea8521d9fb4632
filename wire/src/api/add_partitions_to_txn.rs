//! AddPartitionsToTxn (24): partitions that a transaction is about to write to.
//!
//! Clients send v0 to v3, brokers v4 and v5: those take several transactions and can ask to check only. v2
//! may be answered with PRODUCER_FENCED, v3 is flexible, v5 may be answered with TRANSACTION_ABORTABLE
//! (KIP-890).

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Partitions to add.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct AddPartitionsToTxnRequest {
    /// The transactions.
    #[wire(versions = "4+")]
    pub transactions: Vec<AddPartitionsToTxnTransaction>,
    /// The transactional id.
    #[wire(versions = "0-3")]
    pub v3_and_below_transactional_id: Str,
    /// The producer's id.
    #[wire(versions = "0-3")]
    pub v3_and_below_producer_id: i64,
    /// The producer's epoch.
    #[wire(versions = "0-3")]
    pub v3_and_below_producer_epoch: i16,
    /// The topics.
    #[wire(versions = "0-3")]
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
}

/// One of `AddPartitionsToTxnRequest::transactions`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnTransaction {
    /// The transactional id, if the producer has one.
    pub transactional_id: Str,
    /// The producer's id.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// Whether to check only that they were added.
    pub verify_only: bool,
    /// The topics.
    pub topics: Vec<AddPartitionsToTxnTopic>,
}

/// One of `AddPartitionsToTxnTransaction::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnTopic {
    /// Its name.
    pub name: Str,
    /// The partitions.
    pub partitions: Vec<i32>,
}

impl Request for AddPartitionsToTxnRequest {
    const API_KEY: ApiKey = ApiKey::AddPartitionsToTxn;
    const VERSIONS: VersionRange = VersionRange::new(0, 5);
    type Response = AddPartitionsToTxnResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct AddPartitionsToTxnResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    #[wire(versions = "4+")]
    pub error_code: ErrorCode,
    /// One for each transaction.
    #[wire(versions = "4+")]
    pub results_by_transaction: Vec<AddPartitionsToTxnResult>,
    /// One for each topic.
    #[wire(versions = "0-3")]
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
}

/// One of `AddPartitionsToTxnResponse::results_by_transaction`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnResult {
    /// The transactional id, if the producer has one.
    pub transactional_id: Str,
    /// One for each topic.
    pub topic_results: Vec<AddPartitionsToTxnTopicResult>,
}

/// One of `AddPartitionsToTxnResult::topic_results`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnTopicResult {
    /// Its name.
    pub name: Str,
    /// One for each partition.
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

/// One of `AddPartitionsToTxnTopicResult::results_by_partition`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AddPartitionsToTxnPartitionResult {
    /// The partition.
    pub partition_index: i32,
    /// What went wrong, if anything.
    pub partition_error_code: ErrorCode,
}
