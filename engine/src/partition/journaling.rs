//! Which partitions make their batches durable by the core's journal, and what of them goes into a record.
//!
//! A piece of a record is what its partition has written and is not durable. A partition with more of that than a
//! record has room for is synced. The records themselves are written in `journal_writer`.

use std::rc::Rc;

use crate::journal::shared::{Member, Part};
use crate::limits::JOURNAL_PIECE_BYTES_MAX;
use crate::log::{End, Log};
use crate::offset::{FilePosition, Offset};
use crate::partition::state::State;

/// What of a partition goes into a record.
pub(crate) struct Gap {
    pub(crate) base: Offset,
    pub(crate) position: FilePosition,
    pub(crate) bytes: u64,
    pub(crate) covers: End,
}

impl Gap {
    /// `None`: nothing, or more than the journal takes, or it lies in more than one segment.
    pub(crate) fn of(log: &Log) -> Option<Self> {
        let (cursors, covers) = (log.cursors(), log.end());
        let from = cursors.durable_place;
        if cursors.durable == cursors.written || from.segment != covers.place.segment {
            return None;
        }
        let bytes = covers.place.position.get() - from.position.get();
        let gap = Self { base: cursors.durable, position: from.position, bytes, covers };
        (bytes <= JOURNAL_PIECE_BYTES_MAX).then_some(gap)
    }
}

/// Whether the journal can make durable what is written and is not.
pub(crate) fn takes(state: &State, log: &Log) -> bool {
    state.in_journal.topic.is_some() && state.turn_writer.journal.is_on() && Gap::of(log).is_some()
}

/// Puts what the partition has written into the next record.
pub(crate) fn add(state: &Rc<State>) {
    state.turn_writer.journal.wait(state);
}

/// The journal is not needed for a partition any more: everything is synced, or the partition is gone.
pub(crate) fn forget(state: &State) {
    state.turn_writer.journal.forget(state);
}

impl Member for State {
    fn part(&self) -> &Part {
        &self.in_journal
    }

    fn synced(&self) -> Offset {
        self.log.borrow().cursors().synced
    }

    fn is_synced(&self) -> bool {
        let log = self.log.borrow();
        log.cursors().synced >= log.cursors().written
    }

    fn is_healthy(&self) -> bool {
        State::is_healthy(self)
    }

    fn name(&self) -> String {
        self.name.to_string()
    }
}
