//! ListTransactions (66): the transactions whose coordinator is this broker.
//!
//! Flexible from the start. v1 filters by age (KIP-994), v2 by a pattern (KIP-1152).

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for transactions.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct ListTransactionsRequest {
    /// Only transactions in one of these states; empty for all.
    pub state_filters: Vec<Str>,
    /// Only transactions of one of these producers; empty for all.
    pub producer_id_filters: Vec<i64>,
    /// Only transactions open for longer than this, in milliseconds; -1 for all.
    #[wire(versions = "1+", default = -1)]
    pub duration_filter: i64,
    /// Only transactional ids that match.
    #[wire(versions = "2+", nullable = "2+")]
    pub transactional_id_pattern: Option<Str>,
}

impl Request for ListTransactionsRequest {
    const API_KEY: ApiKey = ApiKey::ListTransactions;
    const VERSIONS: VersionRange = VersionRange::new(0, 2);
    type Response = ListTransactionsResponse;
}

/// The transactions.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "0+")]
pub struct ListTransactionsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// States that the broker does not know.
    pub unknown_state_filters: Vec<Str>,
    /// The transactions.
    pub transaction_states: Vec<TransactionState>,
}

/// One of `ListTransactionsResponse::transaction_states`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct TransactionState {
    /// The transactional id, if the producer has one.
    pub transactional_id: Str,
    /// The producer's id.
    pub producer_id: i64,
    /// Its state, by name.
    pub transaction_state: Str,
}
