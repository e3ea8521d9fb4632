//! Has the kernel begin to write a partition's pages to the medium, where that is asked for
//! ([`TurnWriter::writing_back_early`](crate::TurnWriter::writing_back_early)).

use std::rc::Rc;

use crate::jobs::running::Work;
use crate::jobs::write_back::WriteBack;
use crate::log::Log;
use crate::partition::open_files;
use crate::partition::state::State;

/// Begins a step after a write, if there is enough for one and none is in flight.
pub(crate) fn step_soon(state: &Rc<State>, log: &mut Log) {
    if let Some(shared) = &state.turn_writer.write_back
        && !shared.is_running.get()
    {
        step(state, shared.clone(), log);
    }
}

fn step(state: &Rc<State>, shared: Rc<WriteBack>, log: &mut Log) {
    let Some(pages) = log.active_mut().next_write_back(shared.step_bytes) else { return };
    // Without it the sync has more to do.
    let Ok(file) = open_files::active_file(state, log.active()) else { return };
    shared.is_running.set(true);
    state.spawn(Work::WriteBack, async move |_| {
        file.start_write_back(pages).await;
        shared.is_running.set(false);
    });
}
