//! What readers and the writer share.

use std::cell::RefCell;

use creel_io::local::Notify;

use super::state::State;

/// What readers and the writer share.
pub(super) struct Shared {
    pub(super) state: RefCell<State>,
    pub(super) changed: Notify,
}

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self { state: RefCell::new(state), changed: Notify::new() }
    }
}
