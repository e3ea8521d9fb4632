//! One at a time, in the order of arrival, across awaits.

use std::cell::Cell;

use creel_io::local::Notify;

/// Lets one task in; the others wait outside.
#[derive(Default)]
pub(crate) struct Turnstile {
    taken: Cell<bool>,
    freed: Notify,
}

/// Being inside. Dropping it lets the next one in.
pub(crate) struct Inside<'a>(&'a Turnstile);

impl Turnstile {
    pub(crate) async fn enter(&self) -> Inside<'_> {
        while self.taken.replace(true) {
            self.freed.notified().await;
        }
        Inside(self)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.taken.set(false);
        self.0.freed.notify_one();
    }
}
