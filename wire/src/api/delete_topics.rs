//! DeleteTopics (20): deletes topics, by name or id.
//!
//! v0, which Kafka itself has dropped, is still sent by ruby-kafka. v1 adds the throttle time, v4 is
//! flexible, v5 adds error messages, v6 replaces the list of names with one of names or ids.

use crate::{ApiKey, ErrorCode, Message, Request, Str, Uuid, VersionRange};

/// Topics to delete.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct DeleteTopicsRequest {
    /// The topics.
    #[wire(versions = "6+")]
    pub topics: Vec<DeleteTopicState>,
    /// The topics' names.
    #[wire(versions = "0-5")]
    pub topic_names: Vec<Str>,
    /// How long the broker may take, in milliseconds.
    pub timeout_ms: i32,
}

/// One of `DeleteTopicsRequest::topics`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeleteTopicState {
    /// Its name.
    #[wire(nullable = "6+")]
    pub name: Option<Str>,
    /// The topic's id; zero where there is none.
    pub topic_id: Uuid,
}

impl Request for DeleteTopicsRequest {
    const API_KEY: ApiKey = ApiKey::DeleteTopics;
    const VERSIONS: VersionRange = VersionRange::new(0, 6);
    type Response = DeleteTopicsResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct DeleteTopicsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "1+")]
    pub throttle_time_ms: i32,
    /// The topics.
    pub responses: Vec<DeletableTopicResult>,
}

/// One of `DeleteTopicsResponse::responses`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DeletableTopicResult {
    /// Its name.
    #[wire(nullable = "6+")]
    pub name: Option<Str>,
    /// The topic's id; zero where there is none.
    #[wire(versions = "6+")]
    pub topic_id: Uuid,
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(versions = "5+", nullable = "5+")]
    pub error_message: Option<Str>,
}
