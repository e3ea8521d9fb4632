//! Where a task can wait within one turn of the loop or between two turns, and how much work is done in one.
//!
//! Work is counted in steps of about a microsecond: a name looked up, an entry made. A task that may have many steps to
//! do either announces each step beforehand ([`pace`]), or counts them as it goes ([`count_work`]) and pauses between
//! two pieces ([`rest`]). Once the tasks of a turn have together done what a turn may, a task with more to do waits for
//! a later turn. By then the ring has been looked at, and all ready tasks have run. The waiting tasks go on in the
//! order in which they came: in each turn as many as there is room for, and at least one.
//!
//! Owns the futures by which a task waits for its next turn. `executor/budget.rs` counts the work of a turn.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::executor::budget::{count_work, has_room};
use crate::executor::context;

/// Lets every other ready task run once, and then goes on.
pub async fn yield_now() {
    Pause { paused: false, until: Until::Polled }.await;
}

/// Goes on after every ready task of this turn was polled, and before the ring is entered. Here one piece of work can
/// serve what the turn's tasks asked for many times (one write for all appends).
pub async fn end_of_turn() {
    Pause { paused: false, until: Until::EndOfTurn }.await;
}

/// Has a task woken where [`end_of_turn`] ends, although the task itself does not run before. For a task that gathers what
/// others give it during the turn: the first of them calls this with its waker.
pub fn wake_at_end_of_turn(waker: Waker) {
    context::with(|core| core.executor.push_at_end_of_turn(waker));
}

/// Announces this many steps of work, at most a thousandth of a second. If this turn has no room for them, it waits for
/// a later one.
#[inline]
pub fn pace(steps: usize) -> impl Future<Output = ()> {
    let state = if has_room(steps) { PaceState::GoesOn } else { PaceState::HasNoRoom };
    if matches!(state, PaceState::GoesOn) {
        count_work(steps);
    }
    Paced { steps, state }
}

/// Announces the next of many steps that each take a tenth of the usual time. `at` counts them.
#[inline]
pub fn pace_tenth(at: usize) -> impl Future<Output = ()> {
    pace(usize::from(at.is_multiple_of(10)))
}

/// Waits for a later turn if this one has no room for more work. For use between two pieces of work that count their
/// own steps.
#[inline]
pub fn rest() -> impl Future<Output = ()> {
    pace(0)
}

/// The future of [`pace`]. Usually it has nothing to wait for, and then it costs almost nothing.
struct Paced {
    steps: usize,
    state: PaceState,
}

enum PaceState {
    GoesOn,
    HasNoRoom,
    Waits,
}

impl Future for Paced {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self.state, PaceState::GoesOn) {
            return Poll::Ready(());
        }
        self.wait(cx)
    }
}

impl Paced {
    #[cold]
    fn wait(&mut self, cx: &Context<'_>) -> Poll<()> {
        if matches!(self.state, PaceState::Waits) {
            count_work(self.steps);
            self.state = PaceState::GoesOn;
            return Poll::Ready(());
        }
        self.state = PaceState::Waits;
        context::with(|core| core.executor.push_deferred(cx.waker().clone()));
        Poll::Pending
    }
}

#[derive(Clone, Copy)]
enum Until {
    Polled,
    EndOfTurn,
}

struct Pause {
    paused: bool,
    until: Until,
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.paused {
            return Poll::Ready(());
        }
        self.paused = true;
        match self.until {
            Until::Polled => cx.waker().wake_by_ref(),
            Until::EndOfTurn => context::with(|core| core.executor.push_at_end_of_turn(cx.waker().clone())),
        }
        Poll::Pending
    }
}
