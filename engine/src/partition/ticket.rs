//! A ticket of someone who waits until everything written is durable.

use std::ops::Deref;

use crate::partition::state::State;

/// While it is held, a sync begins right after each write.
pub(crate) struct SyncTicket<S: Deref<Target = State>>(S);

impl<S: Deref<Target = State>> SyncTicket<S> {
    pub(crate) fn new(state: S) -> Self {
        state.commit.borrow_mut().add_ticket();
        Self(state)
    }
}

impl<S: Deref<Target = State>> Drop for SyncTicket<S> {
    fn drop(&mut self) {
        self.0.commit.borrow_mut().remove_ticket();
    }
}
