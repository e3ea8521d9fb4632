//! SaslHandshake (17): the mechanism with which a client will log in.
//!
//! v1 says that tokens are sent in SaslAuthenticate. After v0 they are sent without a request around them. Never
//! flexible (KAFKA-9577).

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// The mechanism.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "none")]
pub struct SaslHandshakeRequest {
    /// The mechanism.
    pub mechanism: Str,
}

impl Request for SaslHandshakeRequest {
    const API_KEY: ApiKey = ApiKey::SaslHandshake;
    const VERSIONS: VersionRange = VersionRange::new(0, 1);
    type Response = SaslHandshakeResponse;
}

/// Whether the broker has it.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "none")]
pub struct SaslHandshakeResponse {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The mechanisms that the broker has.
    pub mechanisms: Vec<Str>,
}
