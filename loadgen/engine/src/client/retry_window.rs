//! How long a broker may refuse a request with an error that says that it may be tried again.

use std::time::{Duration, Instant};

/// Begins with the first refusal, and anew once the broker has done what was asked.
#[derive(Debug, Default)]
pub struct RetryWindow(Option<Instant>);

impl RetryWindow {
    /// It was refused, and has been for longer than `most`.
    pub fn is_over(&mut self, most: Duration) -> bool {
        self.0.get_or_insert_with(Instant::now).elapsed() > most
    }

    /// It was done.
    pub fn restore(&mut self) {
        self.0 = None;
    }
}
