//! Which version of each API to speak with a broker: the highest that both sides know.

use crate::error::EngineError;
use creel_wire::api::api_versions::ApiVersionsResponse;
use creel_wire::{ApiKey, Request, VersionRange};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What one broker offers.
#[derive(Debug, Clone)]
pub struct Versions {
    address: SocketAddr,
    offered: BTreeMap<i16, (i16, i16)>,
}

impl Versions {
    /// From the broker's answer.
    pub fn new(address: SocketAddr, answer: &ApiVersionsResponse) -> Versions {
        let offered = answer.api_keys.iter().map(|api| (api.api_key, (api.min_version, api.max_version)));
        Versions { address, offered: offered.collect() }
    }

    /// The version to use for requests of type `R`.
    pub fn pick<R: Request>(&self) -> Result<i16, EngineError> {
        self.pick_of(R::API_KEY, R::VERSIONS).ok_or_else(|| EngineError::NoVersion {
            address: self.address,
            api: api_name::<R>(),
            ours: R::VERSIONS.to_string(),
        })
    }

    fn pick_of(&self, api: ApiKey, ours: VersionRange) -> Option<i16> {
        let (min, max) = *self.offered.get(&api.code())?;
        let version = max.min(ours.max);
        (version >= min.max(ours.min)).then_some(version)
    }
}

/// `Produce` for `ProduceRequest`: how messages to people name an API.
pub fn api_name<R: Request>() -> &'static str {
    let name = std::any::type_name::<R>().rsplit("::").next().unwrap_or("a request");
    name.strip_suffix("Request").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use creel_wire::api::api_versions::ApiVersion;
    use creel_wire::api::produce::ProduceRequest;

    fn offering(min_version: i16, max_version: i16) -> Versions {
        let produce = ApiVersion { api_key: ApiKey::Produce.code(), min_version, max_version };
        let answer = ApiVersionsResponse { api_keys: vec![produce], ..Default::default() };
        Versions::new(([127, 0, 0, 1], 1).into(), &answer)
    }

    #[test]
    fn the_highest_common_version_is_picked() {
        assert_eq!(offering(0, 7).pick::<ProduceRequest>().unwrap(), 7);
        assert_eq!(offering(0, 99).pick::<ProduceRequest>().unwrap(), ProduceRequest::VERSIONS.max);
    }

    #[test]
    fn no_common_version_is_an_error_that_names_the_api() {
        let error = offering(90, 99).pick::<ProduceRequest>().unwrap_err().to_string();
        assert!(error.contains("Produce"), "{error}");
        assert!(offering(0, 2).pick::<ProduceRequest>().is_err());
    }
}
