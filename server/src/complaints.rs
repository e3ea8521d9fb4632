//! One log line at a time about what clients send: a flood of bad input must not become a flood of log.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use creel_io::{Instant, now};

use crate::limits::COMPLAINT_INTERVAL_MS;

/// Counts what was refused, and says so now and then.
#[derive(Default)]
pub(crate) struct Complaints {
    last: Cell<Option<Instant>>,
    unsaid: Cell<u64>,
}

impl Complaints {
    /// A connection is closed for what it sent, or did not send in time.
    pub(crate) fn closed(&self, peer: &dyn fmt::Display, why: &dyn fmt::Display) {
        if let Some(unsaid) = self.may_speak() {
            tracing::warn!(%peer, %why, also = unsaid, "connection closed");
        }
    }

    /// A connection could not be accepted.
    pub(crate) fn refused_connection(&self, why: &dyn fmt::Display) {
        if let Some(unsaid) = self.may_speak() {
            tracing::warn!(%why, also = unsaid, "connection refused");
        }
    }

    /// How many complaints were kept back since the last, if it is time for one.
    fn may_speak(&self) -> Option<u64> {
        let interval = Duration::from_millis(COMPLAINT_INTERVAL_MS);
        if self.last.get().is_none_or(|last| now().saturating_since(last) >= interval) {
            self.last.set(Some(now()));
            return Some(self.unsaid.take());
        }
        self.unsaid.set(self.unsaid.get() + 1);
        None
    }
}
