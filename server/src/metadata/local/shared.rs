//! What readers and the writer share.

use std::cell::RefCell;

use creel_io::local::Notify;

use super::state::StoreState;

/// What readers and the writer share.
pub(super) struct StoreShared {
    pub(super) state: RefCell<StoreState>,
    pub(super) changed: Notify,
}

impl StoreShared {
    pub(super) fn new(state: StoreState) -> Self {
        Self { state: RefCell::new(state), changed: Notify::new() }
    }
}
