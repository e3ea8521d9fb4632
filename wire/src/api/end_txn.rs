//! EndTxn (26): commits or aborts a transaction.
//!
//! v2 may be answered with PRODUCER_FENCED, v3 is flexible, v4 may be answered with TRANSACTION_ABORTABLE, v5
//! answers with the producer's next epoch (KIP-890).

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// How the transaction ends.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct EndTxnRequest {
    /// The transactional id, if the producer has one.
    pub transactional_id: Str,
    /// The producer's id.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// Whether it commits.
    pub committed: bool,
}

impl Request for EndTxnRequest {
    const API_KEY: ApiKey = ApiKey::EndTxn;
    const VERSIONS: VersionRange = VersionRange::new(0, 5);
    type Response = EndTxnResponse;
}

/// Whether it ended.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct EndTxnResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The producer's id.
    #[wire(versions = "5+", default = -1)]
    pub producer_id: i64,
    /// The producer's epoch.
    #[wire(versions = "5+", default = -1)]
    pub producer_epoch: i16,
}
