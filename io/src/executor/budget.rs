//! How much work one turn of the loop may do, and how much it has done so far.
//!
//! Owns the thread's counters. Knows no task and no queue: `turn` decides who has to wait for a later turn.

use std::cell::Cell;

/// The number of steps of work that all tasks together do in one turn: about half a millisecond. One piece of work may
/// go beyond it, by as many steps as its task states.
pub const STEPS_A_TURN: usize = 512;

/// A task that has done no more than this in its poll need not wait for those that do much ...
const STEPS_OF_FEW: usize = 64;
/// ... until all tasks together have done this many.
const STEPS_A_TURN_MAX: usize = 4 * STEPS_A_TURN;

thread_local! {
    /// The steps of the running turn.
    static WORK: Cell<usize> = const { Cell::new(0) };
    /// The steps of the turn before the running poll.
    static DONE_BEFORE: Cell<usize> = const { Cell::new(0) };
}

/// Counts steps of work that the running task has done, about a microsecond each. A task that may do many of them in a
/// row uses [`pace`](crate::pace).
#[inline]
pub fn count_work(steps: usize) {
    WORK.set(WORK.get() + steps);
}

/// Whether the turn has room for this many more steps of the running task. A task that may wait uses
/// [`pace`](crate::pace).
#[inline]
#[must_use]
pub fn has_room(steps: usize) -> bool {
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

/// Sets the steps of the turn: zero when a turn begins. In the simulator a turn also goes on, after this many steps.
pub(crate) fn turn_goes_on(steps: usize) {
    WORK.set(steps);
}

/// Notes that a poll begins.
pub(crate) fn poll_begins() {
    DONE_BEFORE.set(WORK.get());
}

/// Whether the turn has room for a task that waits for room.
pub(crate) fn has_room_for_deferred() -> bool {
    WORK.get() < STEPS_A_TURN
}
