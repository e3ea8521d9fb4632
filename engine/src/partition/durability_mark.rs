//! Writes the active segment's durability mark anew, once nothing has followed the last sync for a while: it then says all
//! that is durable. Where stale bytes lie behind the log's end, marks alone tell damage from a torn end.

use std::rc::Rc;

use crate::jobs::running::Work;
use crate::limits::COMMIT_LINGER;
use crate::log::Log;
use crate::partition::state::State;

/// Has the mark written when the log is at rest, if it is stale.
pub(crate) fn refresh_soon(state: &Rc<State>) {
    if state.running.has(Work::DurabilityMark) || !is_stale(state) {
        return;
    }
    state.spawn(Work::DurabilityMark, async move |state| {
        creel_io::sleep(COMMIT_LINGER).await;
        let mut log = state.log.borrow_mut();
        let is_at_rest = log.cursors().durable == log.cursors().written;
        if is_at_rest && state.is_healthy() {
            write(state, &mut log);
        }
    });
}

fn is_stale(state: &State) -> bool {
    let log = state.log.borrow();
    state.is_healthy() && log.active().mark_is_stale(log.cursors().durable)
}

/// Writes the mark, if it is stale. One that can't be written costs knowledge after a crash, nothing else.
pub(crate) fn write(state: &State, log: &mut Log) {
    let durable = log.cursors().durable;
    if log.active().mark_is_stale(durable)
        && let Err(error) = log.active_mut().write_mark(durable)
    {
        tracing::warn!(partition = %state.name, %error, "durability mark not written");
    }
}
