//! Which APIs this crate knows, and in which versions.

use crate::api::each_request;
use crate::{ApiKey, Message, Request, VersionRange};

/// One API that this crate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownApi {
    /// Its key.
    pub api: ApiKey,
    /// The versions that Creel reads and answers.
    pub accepted: VersionRange,
    /// The versions that Creel lists in ApiVersions.
    pub advertised: VersionRange,
    /// The first flexible version; `i16::MAX` if there is none.
    pub flexible_from: i16,
}

impl KnownApi {
    const fn of<R: Request>() -> Self {
        Self {
            api: R::API_KEY,
            accepted: R::VERSIONS,
            advertised: R::ADVERTISED,
            flexible_from: <R as Message>::FLEXIBLE_FROM,
        }
    }
}

macro_rules! table {
    ($($request:path,)*) => {
        const TABLE: &[KnownApi] = &[$(KnownApi::of::<$request>()),*];
    };
}
each_request!(table);

const KEYS: usize = 128;

/// The same entries, by key. Every request header is looked up in it.
#[expect(clippy::indexing_slicing, reason = "it is computed when this compiles")]
static BY_KEY: [Option<KnownApi>; KEYS] = {
    let mut by_key = [None; KEYS];
    let mut index = 0;
    while index < TABLE.len() {
        by_key[TABLE[index].api as usize] = Some(TABLE[index]);
        index += 1;
    }
    by_key
};

/// Every API that this crate knows, by key.
#[must_use]
pub fn known() -> &'static [KnownApi] {
    TABLE
}

/// What this crate knows about one API.
#[inline]
#[must_use]
pub fn known_api(api: ApiKey) -> Option<KnownApi> {
    BY_KEY.get(api as usize).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_found_by_key() {
        assert!(known().windows(2).all(|pair| pair[0].api < pair[1].api));
        assert!(known().iter().all(|known| known_api(known.api) == Some(*known)));
        assert_eq!(known_api(ApiKey::ControlledShutdown), None);
    }

    #[test]
    fn produce_is_listed_from_0_and_accepted_from_3() {
        let produce = known_api(ApiKey::Produce).expect("Produce is known");
        assert_eq!((produce.accepted.min, produce.advertised.min), (3, 0));
    }
}
