//! Early write-back: the kernel is told to begin with the pages that a sync will have to wait for. A sync of much then takes
//! less long. Only one step of one partition is in flight on a core.
//!
//! Owns the size of a step, and whether one is in flight. Does not know the pages.

use std::cell::Cell;

/// See the module. The partitions of a core share it.
#[derive(Debug)]
pub(crate) struct WriteBack {
    pub(crate) step_bytes: u64,
    pub(crate) is_running: Cell<bool>,
}

impl WriteBack {
    pub(crate) fn by_steps_of(step_bytes: u64) -> Self {
        Self { step_bytes, is_running: Cell::new(false) }
    }
}
