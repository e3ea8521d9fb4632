//! Places inside one turn of the loop, and between two.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::context;

/// Lets every other ready task run once before going on.
pub async fn yield_now() {
    Pause { paused: false, until: Until::Polled }.await;
}

/// Goes on after every task that is ready in this turn has been polled, and before the ring is entered: the place to
/// do once what the turn's tasks asked for many times (one write for all appends).
pub async fn end_of_turn() {
    Pause { paused: false, until: Until::EndOfTurn }.await;
}

/// Goes on in a later turn: the ring has been looked at, and all who were ready have run. Of those who wait here one goes
/// on a turn, the longest waiting first: so long work that is done in pieces delays others by one piece a turn, however
/// many do such work.
pub async fn turn_of_its_own() {
    Pause { paused: false, until: Until::OwnTurn }.await;
}

/// So many steps of work are done without a pause: a few hundred microseconds of small ones.
pub const STEPS_AT_ONCE: u64 = 512;

thread_local! {
    /// The steps of the running poll.
    static WORK: Cell<u64> = const { Cell::new(0) };
}

/// Counts steps of work that the running task has done, about a microsecond each. Whoever may do many of them in a row
/// goes by [`pace`].
#[inline]
pub fn count_work(steps: u64) {
    WORK.set(WORK.get() + steps);
}

/// A step of work that may be long has been done. Once the running poll has come to [`STEPS_AT_ONCE`], goes on in a later
/// turn.
#[inline]
pub fn pace() -> impl Future<Output = ()> {
    count_work(1);
    rest()
}

/// Once the running poll has come to [`STEPS_AT_ONCE`], goes on in a later turn: the place between two pieces of work that
/// count their own steps.
#[inline]
pub fn rest() -> impl Future<Output = ()> {
    Paced { goes_on: WORK.get() < STEPS_AT_ONCE }
}

/// The future of [`rest`]: most often it has nothing to wait for, and costs next to nothing then.
struct Paced {
    goes_on: bool,
}

impl Future for Paced {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.goes_on {
            return Poll::Ready(());
        }
        self.goes_on = true;
        context::with(|core| core.executor.push_piece(cx.waker().clone()));
        Poll::Pending
    }
}

/// A poll begins. The steps of the one before.
pub(crate) fn take_work() -> u64 {
    WORK.take()
}

#[derive(Clone, Copy)]
enum Until {
    Polled,
    EndOfTurn,
    OwnTurn,
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
            Until::EndOfTurn => context::with(|core| core.executor.push_late(cx.waker().clone())),
            Until::OwnTurn => context::with(|core| core.executor.push_piece(cx.waker().clone())),
        }
        Poll::Pending
    }
}
