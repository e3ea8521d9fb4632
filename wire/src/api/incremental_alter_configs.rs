//! IncrementalAlterConfigs (44): sets or removes single settings, or adds to and removes from settings that are
//! lists.
//!
//! v1 is flexible.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Changes of settings.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "1+")]
pub struct IncrementalAlterConfigsRequest {
    /// The topics or brokers.
    pub resources: Vec<AlterConfigsResource>,
    /// Whether to check only, and change nothing.
    pub validate_only: bool,
}

/// One of `IncrementalAlterConfigsRequest::resources`.
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
    /// 0: set; 1: delete; 2: append; 3: subtract.
    pub config_operation: i8,
    /// Its value.
    #[wire(nullable = "0+")]
    pub value: Option<Str>,
}

impl Request for IncrementalAlterConfigsRequest {
    const API_KEY: ApiKey = ApiKey::IncrementalAlterConfigs;
    const VERSIONS: VersionRange = VersionRange::new(0, 1);
    type Response = IncrementalAlterConfigsResponse;
}

/// What became of each.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "1+")]
pub struct IncrementalAlterConfigsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The topics.
    pub responses: Vec<AlterConfigsResourceResponse>,
}

/// One of `IncrementalAlterConfigsResponse::responses`.
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
