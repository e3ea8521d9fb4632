//! InitProducerId (22): an id and epoch for a producer that wants idempotence or transactions.
//!
//! v2 is flexible. v3 lets a producer ask for the next epoch of an id it has (KIP-360). v4 may be answered
//! with PRODUCER_FENCED, where older ones get INVALID_PRODUCER_EPOCH; v5 with TRANSACTION_ABORTABLE.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for a producer id.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct InitProducerIdRequest {
    /// The transactional id, if the producer has one.
    #[wire(nullable = "0+")]
    pub transactional_id: Option<Str>,
    /// How long a transaction may stay open, in milliseconds.
    pub transaction_timeout_ms: i32,
    /// The id that the producer has; -1 for none.
    #[wire(versions = "3+", default = -1)]
    pub producer_id: i64,
    /// The epoch that the producer has; -1 for none.
    #[wire(versions = "3+", default = -1)]
    pub producer_epoch: i16,
}

impl Request for InitProducerIdRequest {
    const API_KEY: ApiKey = ApiKey::InitProducerId;
    const VERSIONS: VersionRange = VersionRange::new(0, 5);
    type Response = InitProducerIdResponse;
}

/// The id, or why there is none.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct InitProducerIdResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The producer's id.
    #[wire(default = -1)]
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
}
