//! Places inside one turn of the loop.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::context;

/// Lets every other ready task run once before going on.
pub async fn yield_now() {
    Pause { paused: false, late: false }.await;
}

/// Goes on after every task that is ready in this turn has been polled, and before the ring is entered: the place to
/// do once what the turn's tasks asked for many times (one write for all appends).
pub async fn end_of_turn() {
    Pause { paused: false, late: true }.await;
}

struct Pause {
    paused: bool,
    late: bool,
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.paused {
            return Poll::Ready(());
        }
        self.paused = true;
        if self.late {
            context::with(|core| core.executor.push_late(cx.waker().clone()));
        } else {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
