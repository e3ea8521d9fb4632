//! The three numbers of a log. Each has a type of its own, so they can't be mixed up.

use std::fmt;
use std::ops::{Add, Sub};

/// The offset of a record in its partition. It is counted from 0 and never used again for another record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub i64);

impl Offset {
    /// The first offset of every log.
    pub const ZERO: Self = Self(0);

    /// `None` for a negative number, which is no offset.
    pub fn new(number: i64) -> Option<Self> {
        (number >= 0).then_some(Self(number))
    }

    /// The offset before this one: that of the last record before an end.
    #[must_use]
    pub fn pred(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl Add<i64> for Offset {
    type Output = Self;

    fn add(self, records: i64) -> Self {
        Self(self.0.saturating_add(records))
    }
}

impl Sub for Offset {
    type Output = i64;

    fn sub(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Counts the leaders of a partition. Every batch carries the epoch of the leader that appended it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderEpoch(pub i32);

impl fmt::Display for LeaderEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A byte position in a segment's `.log` file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePosition(pub u64);

impl FilePosition {
    /// The first byte of a file.
    pub const START: Self = Self(0);
}

impl Add<u64> for FilePosition {
    type Output = Self;

    fn add(self, bytes: u64) -> Self {
        Self(self.0 + bytes)
    }
}

impl fmt::Display for FilePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_offset_is_negative() {
        assert_eq!(Offset::new(0), Some(Offset::ZERO));
        assert_eq!([Offset::new(-1), Offset::new(i64::MIN)], [None, None]);
        assert_eq!(Offset(7).pred(), Offset(6));
        // A header that was not verified may hold any number.
        assert_eq!(Offset(i64::MIN).pred(), Offset(i64::MIN));
    }
}
