//! Which APIs the codec knows, and at which versions.

use std::fmt;

use crate::api::api_versions::ApiVersion;
use crate::api::each_request;
use crate::{ApiKey, Message, Request};

/// Versions from `min` to `max`, both included, as ApiVersions lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// The lowest.
    pub min: i16,
    /// The highest.
    pub max: i16,
}

impl VersionRange {
    /// `min..=max`. An empty range is never listed, so it does not compile in a constant.
    #[must_use]
    pub const fn new(min: i16, max: i16) -> Self {
        assert!(0 <= min && min <= max, "versions run upwards from 0");
        Self { min, max }
    }

    /// Whether `version` is one of them.
    #[inline]
    #[must_use]
    pub const fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }

    /// Each version, lowest first.
    pub fn each(self) -> impl Iterator<Item = i16> {
        self.min..=self.max
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.min, self.max)
    }
}

/// One API that the codec knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub api: ApiKey,
    /// The versions that are read and answered.
    pub accepted: VersionRange,
    /// The versions that are listed in ApiVersions.
    pub advertised: VersionRange,
    /// The first flexible version; `i16::MAX` for none.
    pub flexible_from: i16,
}

impl Entry {
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
        const TABLE: &[Entry] = &[$(Entry::of::<$request>()),*];
    };
}
each_request!(table);

const KEYS: usize = 128;

/// The same by key: every request's header asks for it.
#[expect(clippy::indexing_slicing, reason = "it is computed when this compiles")]
static BY_KEY: [Option<Entry>; KEYS] = {
    let mut by_key = [None; KEYS];
    let mut index = 0;
    while index < TABLE.len() {
        by_key[TABLE[index].api as usize] = Some(TABLE[index]);
        index += 1;
    }
    by_key
};

/// Every API that the codec knows, by key.
#[must_use]
pub fn known() -> &'static [Entry] {
    TABLE
}

/// What ApiVersions lists, for those of the known APIs that the broker also serves.
#[must_use]
pub fn advertised(serves: impl Fn(ApiKey) -> bool) -> Vec<ApiVersion> {
    let served = TABLE.iter().filter(|entry| serves(entry.api));
    served
        .map(|entry| ApiVersion {
            api_key: entry.api.code(),
            min_version: entry.advertised.min,
            max_version: entry.advertised.max,
        })
        .collect()
}

/// What the codec knows about one API.
#[inline]
#[must_use]
pub fn entry(api: ApiKey) -> Option<Entry> {
    BY_KEY.get(api as usize).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_found_by_key() {
        assert!(known().windows(2).all(|pair| pair[0].api < pair[1].api));
        assert!(known().iter().all(|known| entry(known.api) == Some(*known)));
        assert_eq!(entry(ApiKey::ControlledShutdown), None);
    }

    #[test]
    fn produce_is_listed_from_0_and_accepted_from_3() {
        let produce = entry(ApiKey::Produce).expect("Produce is known");
        assert_eq!((produce.accepted.min, produce.advertised.min), (3, 0));
        let listed = advertised(|api| api == ApiKey::Produce);
        assert_eq!(listed, [ApiVersion { api_key: 0, min_version: 0, max_version: 13 }]);
    }
}
