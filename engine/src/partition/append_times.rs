//! How long the batches of one core took to reach the file and the medium.
//!
//! ```text
//! staged        pwritev returned              high watermark past it
//! |---- write ----|------------ sync ------------|
//! ```
//!
//! `write` is counted for each batch of a client when it is written. `sync` is counted for each batch that someone
//! waits for until it is durable. All batches of a write end at the same moment, and so do all batches of a sync. So
//! the clock is read twice a turn, and once per append.

use std::cell::RefCell;
use std::collections::VecDeque;

use creel_io::Instant;
use creel_io::histogram::Histogram;

use crate::offset::Offset;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct AppendTimes {
    /// From staged to written.
    pub write: Histogram,
    /// From written to durable.
    pub sync: Histogram,
}

/// The number of syncs that are remembered for tickets that are looked at late. Of an older sync it is only known that
/// it was not later than these.
const SYNCS_REMEMBERED: usize = 32;

/// When the last syncs of a partition ended, and up to which offset each had made the log durable. A ticket is looked
/// at when its reply is the next to be sent, which may be several syncs later.
#[derive(Debug, Default)]
pub(crate) struct SyncTimes(RefCell<VecDeque<(Offset, Instant)>>);

impl SyncTimes {
    pub(crate) fn note(&self, end: Offset, at: Instant) {
        let mut syncs = self.0.borrow_mut();
        if syncs.len() == SYNCS_REMEMBERED {
            syncs.pop_front();
        }
        syncs.push_back((end, at));
    }

    /// Forgets all syncs: what was durable is no longer so.
    pub(crate) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// When everything before `end` became durable.
    pub(crate) fn of(&self, end: Offset) -> Option<Instant> {
        let syncs = self.0.borrow();
        syncs.get(syncs.partition_point(|(covered, _)| *covered < end)).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_durable_since_the_first_sync_that_covered_it() {
        let times = SyncTimes::default();
        assert_eq!(times.of(Offset::of(1)), None);
        for sync in 1..=3 {
            times.note(Offset::of(10 * sync), Instant::from_nanos(sync as u64));
        }
        let at = |end| times.of(Offset::of(end)).map(Instant::as_nanos);
        assert_eq!([at(1), at(10), at(11), at(30), at(31)], [Some(1), Some(1), Some(2), Some(3), None]);
    }

    #[test]
    fn old_syncs_are_forgotten() {
        let times = SyncTimes::default();
        for sync in 0..1000 {
            times.note(Offset::of(sync), Instant::from_nanos(sync as u64));
        }
        assert_eq!(times.of(Offset::of(1)).map(Instant::as_nanos), Some(1000 - SYNCS_REMEMBERED as u64));
    }
}
