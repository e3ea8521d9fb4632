//! Waits until the high watermark is past an offset.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::jobs::hw_waiters::HwWaiters;
use crate::offset::Offset;
use crate::partition::commit;
use crate::partition::state::State;

/// Waits until the high watermark is past `offset`, or can't get there any more: the log is closed or poisoned, or was
/// truncated more than `cuts` times.
pub(crate) async fn wait_past(state: &Rc<State>, offset: Offset, cuts: u64) {
    let mut waiting = HwWait { waiters: &state.hw_waiters, key: None };
    poll_fn(|cx| {
        let is_over = {
            let log = state.log.borrow();
            log.cursors().high_watermark > offset || log.cuts() != cuts
        };
        if is_over || !state.is_healthy() {
            return Poll::Ready(());
        }
        let first = waiting.key.is_none();
        waiting.key = Some(state.hw_waiters.borrow_mut().wait(waiting.key, offset, cx.waker()));
        if first {
            commit::start(state);
        }
        Poll::Pending
    })
    .await;
}

/// Removes the waiter when its future is dropped.
struct HwWait<'a> {
    waiters: &'a RefCell<HwWaiters>,
    key: Option<u64>,
}

impl Drop for HwWait<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.waiters.borrow_mut().forget(key);
        }
    }
}
