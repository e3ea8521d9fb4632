//! A range of an API's versions.

use std::fmt;

/// Versions from `min` to `max`, both included, as ApiVersions lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// The lowest.
    pub min: i16,
    /// The highest.
    pub max: i16,
}

impl VersionRange {
    /// `min..=max`. Does not compile in a constant if the range is empty, because an empty range is never listed.
    #[must_use]
    pub const fn new(min: i16, max: i16) -> Self {
        assert!(0 <= min && min <= max, "versions run upwards from 0");
        Self { min, max }
    }

    /// Whether `version` is in the range.
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
