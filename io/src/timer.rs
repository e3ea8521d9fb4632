//! Sleeping and deadlines. The earliest deadline bounds the ring's wait; there is no timer request per sleeper.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock::{Instant, now};
use crate::executor::context;

/// The sleepers of a core, in the order in which they wake.
#[derive(Default)]
pub(crate) struct Timers {
    sleepers: BTreeMap<(Instant, u64), Waker>,
    next_key: u64,
}

impl Timers {
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.sleepers.first_key_value().map(|((deadline, _), _)| *deadline)
    }

    /// Takes the next sleeper whose deadline has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Waker> {
        let entry = self.sleepers.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    fn add(&mut self, deadline: Instant, waker: Waker) -> u64 {
        self.next_key += 1;
        self.sleepers.insert((deadline, self.next_key), waker);
        self.next_key
    }
}

/// Sleeps for `duration`.
pub async fn sleep(duration: Duration) {
    sleep_until(now() + duration).await;
}

/// Sleeps until `deadline`; returns at once when it has passed.
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
                Some(key) => {
                    timers.sleepers.insert((self.deadline, key), cx.waker().clone());
                }
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
                core.timers.borrow_mut().sleepers.remove(&(self.deadline, key));
            }
        });
    }
}

/// A [`timeout`] ran out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl std::error::Error for Elapsed {}

/// Awaits `future` for at most `duration`; drops it then.
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
