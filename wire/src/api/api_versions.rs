//! ApiVersions (18): the first request of most clients, asking what the broker can do.
//!
//! The answer's header is always v0 (see `header`). If the version of the request is unknown, its body must not be
//! read. It is answered with error 35 in v0 form, with the versions of this API alone (see `unsupported_version`),
//! and the client asks again.
//!
//! v1 adds the throttle time. v3 is flexible and carries the client's software name and the broker's features. v4
//! fixes features whose lowest version is 0 (KAFKA-17011).

use crate::{
    ApiKey, Bytes, DecodeError, EncodedFrame, ErrorCode, Message, Request, Str, VersionRange, frame,
};

/// Asks which APIs, versions and features the broker has.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct ApiVersionsRequest {
    /// The client library's name.
    #[wire(versions = "3+")]
    pub client_software_name: Str,
    /// The client library's version.
    #[wire(versions = "3+")]
    pub client_software_version: Str,
}

impl Request for ApiVersionsRequest {
    const API_KEY: ApiKey = ApiKey::ApiVersions;
    const VERSIONS: VersionRange = VersionRange::new(0, 4);
    type Response = ApiVersionsResponse;
}

/// The APIs, versions and features of the broker.
#[derive(Clone, Debug, PartialEq, Message)]
#[wire(flexible = "3+")]
pub struct ApiVersionsResponse {
    /// What went wrong, if anything.
    pub error_code: ErrorCode,
    /// The APIs, each with its versions.
    pub api_keys: Vec<ApiVersion>,
    /// How long the client was throttled or is to be throttled, in milliseconds.
    #[wire(versions = "1+")]
    pub throttle_time_ms: i32,
    /// Features that the broker can have.
    #[wire(versions = "3+", tag = 0)]
    pub supported_features: Vec<SupportedFeatureKey>,
    /// The epoch of `finalized_features`; -1 if unknown.
    #[wire(versions = "3+", tag = 1, default = -1)]
    pub finalized_features_epoch: i64,
    /// Features that the cluster has agreed on.
    #[wire(versions = "3+", tag = 2)]
    pub finalized_features: Vec<FinalizedFeatureKey>,
    /// Always false: ZooKeeper no longer exists.
    #[wire(versions = "3+", tag = 3)]
    pub zk_migration_ready: bool,
}

/// One of `ApiVersionsResponse::api_keys`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ApiVersion {
    /// The API's key.
    pub api_key: i16,
    /// The lowest version.
    pub min_version: i16,
    /// The highest version.
    pub max_version: i16,
}

/// One of `ApiVersionsResponse::supported_features`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SupportedFeatureKey {
    /// The feature.
    pub name: Str,
    /// The lowest version.
    pub min_version: i16,
    /// The highest version.
    pub max_version: i16,
}

/// One of `ApiVersionsResponse::finalized_features`.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct FinalizedFeatureKey {
    /// The feature.
    pub name: Str,
    /// The highest agreed level.
    pub max_version_level: i16,
    /// The lowest agreed level.
    pub min_version_level: i16,
}

/// The answer to an ApiVersions request of an unknown version. It is error 35 in v0 form and lists only this API, so
/// the client can ask again in a version that both sides know (KIP-511). Of the request, only the header is needed.
#[must_use]
pub fn unsupported_version(correlation_id: i32) -> EncodedFrame {
    let VersionRange { min: min_version, max: max_version } = ApiVersionsRequest::ADVERTISED;
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion,
        api_keys: vec![ApiVersion { api_key: ApiKey::ApiVersions.code(), min_version, max_version }],
        ..ApiVersionsResponse::default()
    };
    let encoded =
        frame::encode_response(correlation_id, &response, ApiKey::ApiVersions, 0, frame::FRAME_BYTES_MAX);
    encoded.expect("one entry is a small frame")
}

const CORRELATION_ID_SIZE: usize = 4;

/// Decodes an answer in the form of `version`, or in v0 form if the broker fell back to that.
pub fn decode_response(frame: Bytes, version: i16) -> Result<ApiVersionsResponse, DecodeError> {
    // In both forms the error code comes first. The rest of a flexible answer makes no sense in v0 form.
    let error = frame
        .get(CORRELATION_ID_SIZE..)
        .and_then(|rest| rest.first_chunk())
        .map(|code| i16::from_be_bytes(*code));
    let fell_back = error == Some(ErrorCode::UnsupportedVersion.code());
    let version = if fell_back { 0 } else { version };
    frame::decode_response::<ApiVersionsRequest>(frame, version).map(|(_, response)| response)
}
