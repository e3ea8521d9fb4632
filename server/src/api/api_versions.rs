//! ApiVersions: what is served, and nothing that is not.
//!
//! From v3 on the client's name and version must look like one (KIP-511). No features are listed: all that there are
//! (`transaction.version`, `group.version`, ...) belong to protocols that are not served yet.

use creel_wire::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use creel_wire::{ErrorCode, versions};

use crate::api::call::Call;
use crate::api::served::SERVED;

/// Answers the request.
pub(crate) fn answer(call: &Call, request: ApiVersionsRequest) -> ApiVersionsResponse {
    let named = is_name(&request.client_software_name) && is_name(&request.client_software_version);
    if call.version >= 3 && !named {
        return ApiVersionsResponse { error_code: ErrorCode::InvalidRequest, ..Default::default() };
    }
    ApiVersionsResponse { api_keys: served(), finalized_features_epoch: 0, ..Default::default() }
}

fn served() -> Vec<ApiVersion> {
    let entries = SERVED.iter().filter_map(|api| versions::known_api(*api));
    entries
        .map(|entry| ApiVersion {
            api_key: entry.api.code(),
            min_version: entry.advertised.min,
            max_version: entry.advertised.max,
        })
        .collect()
}

/// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?`
fn is_name(text: &str) -> bool {
    let (first, last) = (text.bytes().next(), text.bytes().last());
    let at_ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    at_ends(first) && at_ends(last) && text.bytes().all(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_clients_are_those_of_kip_511() {
        for good in ["a", "librdkafka", "apache-kafka-java", "2.0.2", "a--b"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "-a", "a.", "a b", "a_b", "é"] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_listed_is_known_and_ascends() {
        let keys: Vec<_> = served().iter().map(|one| one.api_key).collect();
        assert_eq!(keys.len(), SERVED.len());
        assert!(keys.is_sorted());
    }
}
