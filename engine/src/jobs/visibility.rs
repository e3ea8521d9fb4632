//! When consumers may read an appended batch: how far the high watermark may move.
//!
//! A policy without state. The high watermark itself is a cursor of the log (`log::cursors`), together with its place
//! in the file, so the two never disagree. Those who wait for it are in `hw_waiters`.

use crate::config::Durability;
use crate::fault_points::{self, Bug};
use crate::log::End;

/// What the high watermark follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// What is durable: nobody is served a batch that a power cut can take back.
    AtDurable,
    /// What is written to the file: `flush.messages` or `flush.ms` ask for that.
    AtWritten,
}

impl Visibility {
    pub(crate) fn of(durability: Durability) -> Self {
        match durability {
            Durability::GroupCommit => Self::AtDurable,
            Durability::Relaxed { .. } => Self::AtWritten,
        }
    }

    /// How far the high watermark may move once everything before `written` is in the file.
    pub(crate) fn after_write(self, written: End) -> Option<End> {
        let is_ahead = fault_points::has(Bug::HighWatermarkAheadOfDurability);
        (self == Self::AtWritten || is_ahead).then_some(written)
    }

    /// How far it may move once everything before `durable` is on the medium.
    pub(crate) fn after_sync(self, durable: End) -> End {
        durable
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::log::Place;
    use crate::offset::{FilePosition, Offset};

    #[test]
    fn only_relaxed_durability_lets_consumers_see_what_is_not_on_the_medium() {
        let place = Place { segment: Offset::ZERO, position: FilePosition::new(9) };
        let end = End { offset: Offset::ZERO + 9, place };
        let group_commit = Visibility::of(Durability::GroupCommit);
        let after = Some(Duration::from_secs(1));
        let relaxed = Visibility::of(Durability::Relaxed { records: None, after });
        assert_eq!([group_commit, relaxed].map(|policy| policy.after_write(end)), [None, Some(end)]);
        assert_eq!([group_commit, relaxed].map(|policy| policy.after_sync(end)), [end, end]);
    }
}
