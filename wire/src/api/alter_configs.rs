//! AlterConfigs (33): replaces all settings that were set before.
//!
//! v2 is flexible. IncrementalAlterConfigs changes single settings instead.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Settings for resources.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct AlterConfigsRequest {
    /// The topics or brokers.
    pub resources: Vec<AlterConfigsResource>,
    /// Whether to check only, and change nothing.
    pub validate_only: bool,
}

/// One of `AlterConfigsRequest::resources`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterConfigsResource {
    /// 2: topic; 4: broker; 8: broker loggers; 16: client metrics; 32: group.
    pub resource_type: i8,
    /// The topic's name, or the broker's id in digits.
    pub resource_name: Str,
    /// The settings.
    pub configs: Vec<AlterableConfig>,
}

/// One of `AlterConfigsResource::configs`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterableConfig {
    /// Its name.
    pub name: Str,
    /// Its value.
    #[wire(nullable = "0+")]
    pub value: Option<Str>,
}

impl Request for AlterConfigsRequest {
    const API_KEY: ApiKey = ApiKey::AlterConfigs;
    const VERSIONS: VersionRange = VersionRange::new(0, 2);
    type Response = AlterConfigsResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "2+")]
pub struct AlterConfigsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The topics.
    pub responses: Vec<AlterConfigsResourceResponse>,
}

/// One of `AlterConfigsResponse::responses`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct AlterConfigsResourceResponse {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(nullable = "0+")]
    pub error_message: Option<Str>,
    /// 2: topic; 4: broker; 8: broker loggers; 16: client metrics; 32: group.
    pub resource_type: i8,
    /// The topic's name, or the broker's id in digits.
    pub resource_name: Str,
}
