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

    /// Rounds of empty work for each call, from the environment: another process's test decides.
    const SPINS: &str = "PLANTED_SPINS";

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

    /// Burns CPU, always the same work for the same number: a clock would count what other processes take as burnt.
    pub fn burn() {
        static ROUNDS: OnceLock<u64> = OnceLock::new();
        let told = || std::env::var(SPINS).ok()?.parse().ok();
        let mut left = *ROUNDS.get_or_init(|| told().unwrap_or(0));
        while left > 0 {
            left = black_box(left - 1);
        }
    }
}

#[cfg(not(feature = "planted-bugs"))]
mod switch {
    /// Never, where there are none.
    pub(crate) const fn has(_: super::Bug) -> bool {
        false
    }

    /// Nothing.
    pub const fn burn() {}
}

pub use switch::burn;
pub(crate) use switch::has;
#[cfg(feature = "planted-bugs")]
pub use switch::plant;
