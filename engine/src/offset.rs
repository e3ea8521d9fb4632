//! The three numbers of a log. Each has a type of its own, so they can't be mixed up, and a number that can't be one
//! can't be written down. What comes from a client or from a file is checked where it becomes one of these.

use std::fmt;
use std::ops::{Add, Sub};

/// The offset of a record in its partition. It is counted from 0 and never used again for another record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(i64);

impl Offset {
    /// The first offset of every log.
    pub const ZERO: Self = Self(0);

    /// `None` for a negative number, which is no offset.
    #[inline]
    pub const fn new(number: i64) -> Option<Self> {
        if number >= 0 { Some(Self(number)) } else { None }
    }

    /// The number, never negative.
    #[inline]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The offset before this one: that of the last record before an end. `None` before the first.
    #[inline]
    #[must_use]
    pub const fn pred(self) -> Option<Self> {
        Self::new(self.0 - 1)
    }
}

impl Add<i64> for Offset {
    type Output = Self;

    /// The sum, or the nearest number that is an offset: a header that was not verified may hold any number.
    #[inline]
    fn add(self, records: i64) -> Self {
        Self(self.0.saturating_add(records).max(0))
    }
}

impl Sub for Offset {
    type Output = i64;

    #[inline]
    fn sub(self, earlier: Self) -> i64 {
        // Two numbers that are not negative: the difference fits.
        self.0 - earlier.0
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Counts the leaders of a partition, from 0. Every batch carries the epoch of the leader that appended it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderEpoch(i32);

impl LeaderEpoch {
    /// The epoch of every partition's first leader.
    pub const ZERO: Self = Self(0);

    /// `None` for a negative number: Kafka writes -1 where there is no epoch.
    #[inline]
    pub const fn new(number: i32) -> Option<Self> {
        if number >= 0 { Some(Self(number)) } else { None }
    }

    /// The number, never negative.
    #[inline]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for LeaderEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A byte position in a segment's `.log` file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePosition(u64);

impl FilePosition {
    /// The first byte of a file.
    pub const START: Self = Self(0);

    /// The position behind this many bytes.
    #[inline]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes before it.
    #[inline]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl Add<u64> for FilePosition {
    type Output = Self;

    #[inline]
    fn add(self, bytes: u64) -> Self {
        Self(self.0 + bytes)
    }
}

impl fmt::Display for FilePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Numbers that a test writes down. A negative one fails the test.
#[cfg(test)]
mod in_tests {
    use super::{LeaderEpoch, Offset};

    impl Offset {
        pub(crate) const fn of(number: i64) -> Self {
            Self::new(number).expect("an offset is not negative")
        }
    }

    impl LeaderEpoch {
        pub(crate) const fn of(number: i32) -> Self {
            Self::new(number).expect("an epoch is not negative")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_offset_and_no_epoch_is_negative() {
        assert_eq!(Offset::new(0), Some(Offset::ZERO));
        assert_eq!([Offset::new(-1), Offset::new(i64::MIN)], [None, None]);
        assert_eq!(LeaderEpoch::new(0), Some(LeaderEpoch::ZERO));
        assert_eq!([LeaderEpoch::new(-1), LeaderEpoch::new(i32::MIN)], [None, None]);
        assert_eq!(Offset::of(7).pred(), Some(Offset::of(6)));
        assert_eq!(Offset::ZERO.pred(), None);
    }

    #[test]
    fn sums_stay_offsets() {
        let last = Offset::of(i64::MAX);
        assert_eq!((last + 1, last + i64::MIN), (last, Offset::ZERO));
        assert_eq!((Offset::of(5) + -5, Offset::of(5) + -6), (Offset::ZERO, Offset::ZERO));
        assert_eq!((last - Offset::ZERO, Offset::ZERO - last), (i64::MAX, -i64::MAX));
    }
}
