//! SaslAuthenticate (36): one step of a login.
//!
//! v1 adds the session's lifetime, v2 is flexible.

use crate::{ApiKey, Bytes, ErrorCode, Message, Request, Str, VersionRange};

/// A token.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct SaslAuthenticateRequest {
    /// The mechanism's token.
    pub auth_bytes: Bytes,
}

impl Request for SaslAuthenticateRequest {
    const API_KEY: ApiKey = ApiKey::SaslAuthenticate;
    const VERSIONS: VersionRange = VersionRange::new(0, 2);
    type Response = SaslAuthenticateResponse;
}

/// The answering token.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct SaslAuthenticateResponse {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(nullable = "0+")]
    pub error_message: Option<Str>,
    /// The mechanism's token.
    pub auth_bytes: Bytes,
    /// How long the login lasts, in milliseconds; 0 for ever.
    #[wire(versions = "1+")]
    pub session_lifetime_ms: i64,
}
