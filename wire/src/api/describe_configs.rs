//! DescribeConfigs (32): the settings of topics and brokers.
//!
//! v0, which Kafka itself has dropped, tells only whether a value is the default, and is still sent by ruby-
//! kafka. v1 tells where each value comes from, v3 adds types and documentation, v4 is flexible. A null list
//! of keys asks for every setting.

use crate::{ApiKey, ErrorCode, Message, Request, Str, VersionRange};

/// Asks for settings.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct DescribeConfigsRequest {
    /// The topics or brokers.
    pub resources: Vec<DescribeConfigsResource>,
    /// Whether to tell the values beneath this one.
    #[wire(versions = "1+")]
    pub include_synonyms: bool,
    /// Whether to explain each setting.
    #[wire(versions = "3+")]
    pub include_documentation: bool,
}

/// One of `DescribeConfigsRequest::resources`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsResource {
    /// 2: topic; 4: broker; 8: broker loggers; 16: client metrics; 32: group.
    pub resource_type: i8,
    /// The topic's name, or the broker's id in digits.
    pub resource_name: Str,
    /// The settings to tell; null for all.
    #[wire(nullable = "0+")]
    pub configuration_keys: Option<Vec<Str>>,
}

impl Request for DescribeConfigsRequest {
    const API_KEY: ApiKey = ApiKey::DescribeConfigs;
    const VERSIONS: VersionRange = VersionRange::new(0, 4);
    type Response = DescribeConfigsResponse;
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "4+")]
pub struct DescribeConfigsResponse {
    /// How long the client was throttled or is to be throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// One for each.
    pub results: Vec<DescribeConfigsResult>,
}

/// One of `DescribeConfigsResponse::results`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsResult {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The error in words.
    #[wire(nullable = "0+")]
    pub error_message: Option<Str>,
    /// 2: topic; 4: broker; 8: broker loggers; 16: client metrics; 32: group.
    pub resource_type: i8,
    /// The topic's name, or the broker's id in digits.
    pub resource_name: Str,
    /// The settings.
    pub configs: Vec<DescribeConfigsResourceResult>,
}

/// One of `DescribeConfigsResult::configs`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsResourceResult {
    /// Its name.
    pub name: Str,
    /// Its value.
    #[wire(nullable = "0+")]
    pub value: Option<Str>,
    /// Whether it can't be changed.
    pub read_only: bool,
    /// Whether the value is the default.
    #[wire(versions = "0")]
    pub is_default: bool,
    /// Where the value comes from.
    #[wire(versions = "1+", default = -1)]
    pub config_source: i8,
    /// Whether it is a secret, and so not shown.
    pub is_sensitive: bool,
    /// The values beneath this one, the strongest first.
    #[wire(versions = "1+")]
    pub synonyms: Vec<DescribeConfigsSynonym>,
    /// Its type: 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password; 0
    /// unknown.
    #[wire(versions = "3+")]
    pub config_type: i8,
    /// What it means.
    #[wire(versions = "3+", nullable = "0+")]
    pub documentation: Option<Str>,
}

/// One of `DescribeConfigsResourceResult::synonyms`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DescribeConfigsSynonym {
    /// Its name.
    pub name: Str,
    /// Its value.
    #[wire(nullable = "0+")]
    pub value: Option<Str>,
    /// Where the value comes from.
    pub source: i8,
}
