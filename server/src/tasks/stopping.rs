//! Whether a core has been told to finish.

use std::cell::Cell;

use creel_io::local::Notify;

#[derive(Default)]
pub(crate) struct Stopping {
    begun: Cell<bool>,
    begins: Notify,
}

impl Stopping {
    pub(crate) fn begin(&self) {
        self.begun.set(true);
        self.begins.notify_all();
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.get()
    }

    /// Returns once it has begun.
    pub(crate) async fn begun(&self) {
        if !self.begun.get() {
            self.begins.notified().await;
        }
    }
}
