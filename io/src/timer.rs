//! Sleeping and deadlines. The earliest deadline limits the ring's wait, so a sleeper needs no timer request.
//!
//! Owns the futures. The core knows who sleeps until when (`executor/timers.rs`).

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::now;
use crate::executor::context;
use crate::instant::Instant;

/// Sleeps for `duration`.
pub async fn sleep(duration: Duration) {
    sleep_until(now() + duration).await;
}

/// Sleeps until `deadline`. Returns at once if it has passed.
pub async fn sleep_until(deadline: Instant) {
    Sleep { deadline, key: None }.await;
}

struct Sleep {
    deadline: Instant,
    key: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if now() >= self.deadline {
            return Poll::Ready(());
        }
        context::with(|core| {
            let mut timers = core.timers.borrow_mut();
            match self.key {
                Some(key) => timers.renew(self.deadline, key, cx.waker().clone()),
                None => self.key = Some(timers.add(self.deadline, cx.waker().clone())),
            }
        });
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        context::try_with(|core| {
            if let Some(core) = core {
                core.timers.borrow_mut().remove(self.deadline, key);
            }
        });
    }
}

/// The time of a [`timeout`] was over before the future had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl std::error::Error for Elapsed {}

/// Awaits `future` for at most `duration`, and drops it then.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut sleep = pin!(sleep(duration));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        sleep.as_mut().poll(cx).map(|()| Err(Elapsed))
    })
    .await
}
