//! Rewrites the active segment's durability mark once nothing has followed the last sync for a while. The mark then
//! holds everything that is synced. Where stale bytes lie behind the log's end, only marks tell damage from a torn
//! end.

use std::rc::Rc;

use crate::jobs::running::Work;
use crate::limits::MARK_LINGER;
use crate::log::Log;
use crate::partition::state::State;

/// Rewrites the mark once the log is at rest, if it is out of date.
pub(crate) fn refresh_soon(state: &Rc<State>) {
    if state.running.has(Work::DurabilityMark) || !is_stale(state) {
        return;
    }
    state.spawn(Work::DurabilityMark, async move |state| {
        creel_io::sleep(MARK_LINGER).await;
        let mut log = state.log.borrow_mut();
        let is_at_rest = log.cursors().synced == log.cursors().written;
        if is_at_rest && state.is_healthy() {
            write(state, &mut log);
        }
    });
}

fn is_stale(state: &State) -> bool {
    let log = state.log.borrow();
    state.is_healthy() && log.active().mark_is_stale(log.cursors().synced)
}

/// Rewrites the mark, if it is out of date. If it can't be written, a recovery after a crash knows less, and nothing
/// else is lost.
pub(crate) fn write(state: &State, log: &mut Log) {
    let synced = log.cursors().synced;
    if log.active().mark_is_stale(synced)
        && let Err(error) = log.active_mut().write_mark(synced)
    {
        tracing::warn!(partition = %state.name, %error, "cannot write the durability mark");
    }
}
