//! Empty: no members. Offsets may be committed by anyone; the first member starts a rebalance.

use super::{core::Turn, effects::Then, log_lines::Happened};

/// No members.
#[derive(Clone, Debug)]
pub(super) struct Empty;

impl Empty {
    /// The last member is gone: the new, empty generation is written down, and nobody waits for that. If it
    /// were lost, the former generation would come back after a restart and time out.
    pub(super) fn enter(turn: &mut Turn<'_>) -> Self {
        turn.stamp();
        turn.tell(Happened::Empty);
        let record = turn.core.record(None, &Default::default(), turn.desk.now.wall_ms);
        turn.write_state(record, Then::Nothing);
        Self
    }
}
