//! Bugs on purpose: each of them breaks a promise, and the tests that guard it must find it (`cargo xtask test` shows
//! that they do). Only the feature `planted-bugs` brings them to life, one at a time, and an optimised build refuses it.
//!
//! A slowdown is one too: it breaks no promise but speed, and a comparison must find it.

#[cfg(all(feature = "planted-bugs", not(debug_assertions)))]
compile_error!("planted-bugs is for tests: no optimised build may have it");

/// A promise that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// acks=all is answered when the batch is written.
    AckBeforeSync,
    /// Consumers may read what is written and not synced.
    HighWatermarkAheadOfDurability,
    /// A new segment's name is left to chance.
    DirectoryNotSynced,
    /// A restart believes what the page cache shows after a failed sync.
    PageCacheTrusted,
    /// An index is believed whatever it says.
    IndexTrusted,
    /// A bad batch ends the log, good ones behind it or not.
    TruncateAtBadBatch,
    /// A restart forgets what producers have sent.
    ProducersForgotten,
}

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;
    use std::hint::black_box;
    use std::sync::OnceLock;

    use super::Bug;

    /// How many for each call, from the environment: another process's test decides.
    const DIVISIONS: &str = "PLANTED_DIVISIONS";

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Plants a bug on this thread, or takes it out again.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    pub(crate) fn has(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }

    /// Burns CPU, for the same number always as much: each division waits for the one before, so that the time it takes
    /// is the divider's, and hardly depends on what else shares the core (plain counting took a third longer beside
    /// others). A clock would count what other processes took.
    pub fn spend_cpu() {
        static TOLD: OnceLock<u64> = OnceLock::new();
        let told = || std::env::var(DIVISIONS).ok()?.parse().ok();
        let mut left = *TOLD.get_or_init(|| told().unwrap_or(0));
        let mut quotient = black_box(7);
        while left > 0 {
            quotient = u64::MAX / (quotient | 1);
            left -= 1;
        }
        black_box(quotient);
    }
}

#[cfg(not(feature = "planted-bugs"))]
mod switch {
    /// Never, where there are none.
    pub(crate) const fn has(_: super::Bug) -> bool {
        false
    }

    /// Nothing.
    pub const fn spend_cpu() {}
}

pub(crate) use switch::has;
#[cfg(feature = "planted-bugs")]
pub use switch::plant;
pub use switch::spend_cpu;
