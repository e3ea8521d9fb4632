//! DescribeTransactions (65): the state of transactions.
//!
//! Flexible.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for transactions.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct DescribeTransactionsRequest {
    /// The transactional ids.
    pub transactional_ids: Vec<Str>,
}

impl Request for DescribeTransactionsRequest {
    const API_KEY: ApiKey = ApiKey::DescribeTransactions;
    const VERSIONS: VersionRange = VersionRange::new(0, 0);
    type Response = DescribeTransactionsResponse;
}

/// Their states.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct DescribeTransactionsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The transactions.
    pub transaction_states: Vec<TransactionState>,
}

/// One of `DescribeTransactionsResponse::transaction_states`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TransactionState {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The transactional id, if the producer has one.
    pub transactional_id: Str,
    /// Its state, by name.
    pub transaction_state: Str,
    /// How long a transaction may stay open, in milliseconds.
    pub transaction_timeout_ms: i32,
    /// When it began, in milliseconds since 1970.
    pub transaction_start_time_ms: i64,
    /// The producer's id.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// The topics.
    pub topics: Vec<TopicData>,
}

/// One of `TransactionState::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TopicData {
    /// The topic's name.
    pub topic: Str,
    /// The partitions.
    pub partitions: Vec<i32>,
}
