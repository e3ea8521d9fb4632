//! How much work one turn of the loop may do, and how much it has done so far.
//!
//! Owns the counters of the thread. Knows no task and no queue: who has to wait for a later turn, `turn` sees to.

use std::cell::Cell;

/// So many steps of work are done in one turn, by all tasks together: some half a millisecond. One piece more may be, of as
/// many steps as whoever does it says.
pub const STEPS_A_TURN: usize = 512;

/// Whoever has done no more than this in its poll need not wait for those who do much ...
const STEPS_OF_FEW: usize = 64;
/// ... until all together have done this many.
const STEPS_A_TURN_MAX: usize = 4 * STEPS_A_TURN;

thread_local! {
    /// The steps of the running turn.
    static WORK: Cell<usize> = const { Cell::new(0) };
    /// Those that were done before the running poll.
    static DONE_BEFORE: Cell<usize> = const { Cell::new(0) };
}

/// Counts steps of work that the running task has done, about a microsecond each. Whoever may do many of them in a row
/// goes by [`pace`](crate::pace).
#[inline]
pub fn count_work(steps: usize) {
    WORK.set(WORK.get() + steps);
}

/// Whether the turn has room for so many more steps of the running task.
#[inline]
pub(crate) fn has_room(steps: usize) -> bool {
    WORK.get() + steps <= STEPS_A_TURN || has_room_beyond(steps)
}

#[cold]
fn has_room_beyond(steps: usize) -> bool {
    let (work, before) = (WORK.get(), DONE_BEFORE.get());
    let own = work.saturating_sub(before);
    work == 0 || (own + steps <= STEPS_OF_FEW && work + steps <= STEPS_A_TURN_MAX)
}

/// The steps of the turn so far.
pub(crate) fn work() -> usize {
    WORK.get()
}

/// A turn begins; in the simulator also goes on, after so many steps.
pub(crate) fn turn_goes_on(steps: usize) {
    WORK.set(steps);
}

/// A poll begins.
pub(crate) fn poll_begins() {
    DONE_BEFORE.set(WORK.get());
}

/// Whether the turn has room for one who waits for it.
pub(crate) fn has_room_for_deferred() -> bool {
    WORK.get() < STEPS_A_TURN
}
