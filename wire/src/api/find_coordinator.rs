//! FindCoordinator (10): which broker is the coordinator of a group or a transactional id.
//!
//! v1 adds the kind of key, v3 is flexible, v4 asks for several keys at once (KIP-699), v5 may be answered
//! with TRANSACTION_ABORTABLE, v6 adds share groups.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for coordinators.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct FindCoordinatorRequest {
    /// The group or transactional id.
    #[wire(versions = "0-3")]
    pub key: Str,
    /// 0: group; 1: transactional id; 2: share group.
    #[wire(versions = "1+")]
    pub key_type: i8,
    /// The groups or transactional ids.
    #[wire(versions = "4+")]
    pub coordinator_keys: Vec<Str>,
}

impl Request for FindCoordinatorRequest {
    const API_KEY: ApiKey = ApiKey::FindCoordinator;
    const VERSIONS: VersionRange = VersionRange::new(0, 6);
    type Response = FindCoordinatorResponse;
}

/// Where they are.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct FindCoordinatorResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "1+")]
    pub throttle_time_ms: i32,
    /// What went wrong, if anything.
    #[wire(versions = "0-3")]
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(versions = "1-3", nullable = "1-3")]
    pub error_message: Option<Str>,
    /// The broker's id.
    #[wire(versions = "0-3")]
    pub node_id: i32,
    /// Its host.
    #[wire(versions = "0-3")]
    pub host: Str,
    /// Its port.
    #[wire(versions = "0-3")]
    pub port: i32,
    /// One for each key.
    #[wire(versions = "4+")]
    pub coordinators: Vec<Coordinator>,
}

/// One of `FindCoordinatorResponse::coordinators`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Coordinator {
    /// The group or transactional id.
    pub key: Str,
    /// The broker's id.
    pub node_id: i32,
    /// Its host.
    pub host: Str,
    /// Its port.
    pub port: i32,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(nullable = "4+")]
    pub error_message: Option<Str>,
}
