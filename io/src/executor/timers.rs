//! The sleepers of a core, by deadline.
//!
//! Owns their wakers. Knows no clock and no core: the caller says what time it is.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::instant::Instant;

/// The sleepers of a core, in the order in which they will be woken.
#[derive(Default)]
pub(crate) struct Timers {
    sleepers: BTreeMap<(Instant, u64), Waker>,
    next_key: u64,
}

impl Timers {
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.sleepers.first_key_value().map(|((deadline, _), _)| *deadline)
    }

    /// Takes the next sleeper whose deadline has passed.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Waker> {
        let entry = self.sleepers.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    /// Adds a sleeper. Returns its key.
    pub(crate) fn add(&mut self, deadline: Instant, waker: Waker) -> u64 {
        self.next_key += 1;
        self.sleepers.insert((deadline, self.next_key), waker);
        self.next_key
    }

    /// Replaces the waker of a sleeper.
    pub(crate) fn renew(&mut self, deadline: Instant, key: u64, waker: Waker) {
        self.sleepers.insert((deadline, key), waker);
    }

    pub(crate) fn remove(&mut self, deadline: Instant, key: u64) {
        self.sleepers.remove(&(deadline, key));
    }
}
