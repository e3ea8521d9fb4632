//! When the partitions are synced whose pieces keep the journal's oldest file: one after another, spread over what may be
//! written until only a reserve is left before that file is needed. So their syncs neither come all at once nor too late,
//! and a partition that the journal holds in several files is synced once for all of them.
//!
//! Owns which of them are left, and how many may wait still. Must not know the ring: whoever knows it says how much may
//! be written.

use std::collections::VecDeque;

use crate::jobs::sync_queue::Space;
use crate::journal::ring::PartitionKey;
use crate::offset::Offset;

/// A partition, and how far it is to be synced.
pub(crate) type Owed = (PartitionKey, Offset);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Those whose turn has not come, in their order.
    owed: VecDeque<Owed>,
    /// Their number when they began to be owed, and the bytes that could be written then.
    began: (u64, u64),
    /// The bytes that may be written now before the oldest file is needed.
    left: u64,
    /// Before no more than this is left, all of them are due.
    reserve: u64,
}

impl Pace {
    /// These are owed from now on, and nobody else. So much may be written before the file is needed.
    pub(crate) fn begin(owed: Vec<Owed>, left: u64, reserve: u64) -> Self {
        let count = owed.len() as u64;
        Self { owed: owed.into(), began: (count, left), left, reserve }
    }

    /// So much may be written now before the file is needed.
    pub(crate) fn leaves(&mut self, bytes: u64) {
        self.left = bytes;
    }

    pub(crate) fn space(&self) -> Space {
        if self.owed.len() as u64 <= self.may_wait() {
            Space::Enough
        } else if self.left > self.reserve {
            Space::Due
        } else {
            Space::Short
        }
    }

    /// The next of those that are due.
    pub(crate) fn take(&mut self) -> Option<Owed> {
        if self.space() == Space::Enough { None } else { self.owed.pop_front() }
    }

    fn may_wait(&self) -> u64 {
        let (count, began) = self.began;
        let (left, all) = (self.left.saturating_sub(self.reserve), began.saturating_sub(self.reserve));
        count.saturating_mul(left.min(all)).checked_div(all).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owed(count: u64) -> Vec<Owed> {
        (0..count).map(|key| (PartitionKey(key), Offset::ZERO + 1)).collect()
    }

    /// How many are due, and how urgently, when so much is left.
    fn due(pace: &mut Pace, left: u64) -> (usize, Space) {
        pace.leaves(left);
        let space = pace.space();
        (std::iter::from_fn(|| pace.take()).count(), space)
    }

    #[test]
    fn they_are_spread_over_what_may_be_written() {
        let mut pace = Pace::begin(owed(100), 2000, 1000);
        assert_eq!(due(&mut pace, 2000), (0, Space::Enough));
        let mut all = 0;
        for left in (1000..2000).rev().step_by(10) {
            let (some, space) = due(&mut pace, left);
            assert!(some <= 2 && space != Space::Short, "{some} at {left}");
            all += some;
        }
        assert!(all >= 99, "{all}");
        assert_eq!(due(&mut pace, 1000), (100 - all, if all < 100 { Space::Short } else { Space::Enough }));
    }

    #[test]
    fn they_come_in_their_order() {
        let mut pace = Pace::begin(owed(5), 100, 0);
        pace.leaves(50);
        let taken: Vec<_> = std::iter::from_fn(|| pace.take()).map(|(key, _)| key.0).collect();
        assert_eq!(taken, [0, 1, 2]);
    }

    #[test]
    fn all_are_due_when_only_the_reserve_is_left() {
        assert_eq!(due(&mut Pace::begin(owed(7), 1000, 1000), 1000), (7, Space::Short));
        assert_eq!(due(&mut Pace::begin(owed(7), 500, 1000), 0), (7, Space::Short));
        assert_eq!(due(&mut Pace::begin(Vec::new(), 500, 1000), 0), (0, Space::Enough));
        assert_eq!(due(&mut Pace::default(), 0), (0, Space::Enough));
    }

    #[test]
    fn more_space_than_at_the_beginning_makes_none_due() {
        assert_eq!(due(&mut Pace::begin(owed(7), 1500, 1000), 9000), (0, Space::Enough));
    }
}
