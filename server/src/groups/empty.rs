//! Empty: no members. Offsets may be committed by anyone; the first member starts a rebalance.

use super::{core::GroupCx, effects::OnDurable, log_lines::GroupChange};

/// No members.
#[derive(Clone, Debug)]
pub(super) struct Empty;

impl Empty {
    /// The last member is gone. The new, empty generation is written down, and nobody waits for that. If the record
    /// were lost, the former generation would come back after a restart and time out.
    pub(super) fn enter(cx: &mut GroupCx<'_>) -> Self {
        cx.stamp();
        cx.log(GroupChange::Empty);
        let record = cx.core.record(None, &Default::default(), cx.effects.now.wall_ms);
        cx.write_state(record, OnDurable::Nothing);
        Self
    }
}
