//! AddOffsetsToTxn (25): a transaction is about to commit a group's offsets.
//!
//! v2 may be answered with PRODUCER_FENCED, v3 is flexible, v4 may be answered with TRANSACTION_ABORTABLE
//! (KIP-890).

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// A group to add.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct AddOffsetsToTxnRequest {
    /// The transactional id, if the producer has one.
    pub transactional_id: Str,
    /// The producer's id.
    pub producer_id: i64,
    /// The producer's epoch.
    pub producer_epoch: i16,
    /// The group.
    pub group_id: Str,
}

impl Request for AddOffsetsToTxnRequest {
    const API_KEY: ApiKey = ApiKey::AddOffsetsToTxn;
    const VERSIONS: VersionRange = VersionRange::new(0, 4);
    type Response = AddOffsetsToTxnResponse;
}

/// Whether it was added.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct AddOffsetsToTxnResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
}
