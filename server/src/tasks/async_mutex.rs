//! One at a time, in the order of arrival, across awaits.

use std::cell::Cell;

use creel_io::local::Notify;

/// Lets one task have it; the others wait.
#[derive(Default)]
pub(crate) struct AsyncMutex {
    is_locked: Cell<bool>,
    unlocked: Notify,
}

/// Having it. Dropping this lets the next one have it.
pub(crate) struct AsyncMutexGuard<'a>(&'a AsyncMutex);

impl AsyncMutex {
    pub(crate) async fn lock(&self) -> AsyncMutexGuard<'_> {
        while self.is_locked.replace(true) {
            let waiting = Waiting(self);
            self.unlocked.notified().await;
            std::mem::forget(waiting);
        }
        AsyncMutexGuard(self)
    }
}

/// A wait that may be dropped after it was told that the lock is free. Then the next one must be told.
struct Waiting<'a>(&'a AsyncMutex);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.0.is_locked.get() {
            self.0.unlocked.notify_one();
        }
    }
}

impl Drop for AsyncMutexGuard<'_> {
    fn drop(&mut self) {
        self.0.is_locked.set(false);
        self.0.unlocked.notify_one();
    }
}
