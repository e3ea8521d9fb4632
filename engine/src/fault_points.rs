//! Deliberate bugs. Each one breaks a promise of the log, and the tests that guard the promise must then fail
//! (`cargo xtask test` checks that they do).
//!
//! Only the feature `planted-bugs` compiles them in. One is active at a time, and an optimised build refuses the
//! feature.
//!
//! A slowdown is one of them: it breaks no promise but speed, and a comparison of two builds must find it.

#[cfg(all(feature = "planted-bugs", not(debug_assertions)))]
compile_error!("planted-bugs is for tests: no optimised build may have it");

/// A promise that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// acks=all is answered when the batch is written, before it is synced.
    AckBeforeSync,
    /// Consumers may read records that are written and not synced.
    HighWatermarkAheadOfDurability,
    /// The directory is not synced after a new segment's file was created in it.
    DirectoryNotSynced,
    /// A restart believes what the page cache shows after a failed sync.
    PageCacheTrusted,
    /// A restart takes what it finds for synced, although nobody has synced it.
    FoundTakenForSynced,
    /// An index is believed without a check.
    IndexTrusted,
    /// A damaged batch ends the log, even if sound batches lie behind it.
    TruncateAtBadBatch,
    /// A restart forgets what producers have sent.
    ProducersForgotten,
    /// A batch counts as durable when its record is on its way to the journal.
    JournalAckedEarly,
    /// A file of the journal is written over before the segments hold what it says.
    JournalSpaceFreedEarly,
    /// A record of the journal from an earlier life counts.
    JournalRecordStale,
    /// A batch that is compressed anew is overtaken by what its connection sent behind it.
    RecompressedOvertaken,
    /// What a log has already is appended from the journal once more.
    JournalAppliedTwice,
}

#[cfg(feature = "planted-bugs")]
mod switch {
    use std::cell::Cell;
    use std::hint::black_box;
    use std::sync::OnceLock;

    use super::Bug;

    /// The number of divisions per call. It comes from the environment, because a test in another process sets it.
    const DIVISIONS: &str = "PLANTED_DIVISIONS";

    thread_local! {
        static ACTIVE: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Activates a bug on this thread. `None`: no bug is active.
    pub fn activate(bug: Option<Bug>) {
        ACTIVE.set(bug);
    }

    /// Whether this bug is active on this thread.
    pub fn has(bug: Bug) -> bool {
        ACTIVE.get() == Some(bug)
    }

    /// Uses CPU time, always the same amount for the same number. Each division waits for the one before it, so the
    /// divider alone sets the time, and other load on the core hardly changes it. (Plain counting took a third longer
    /// beside other load. A clock would also count the time that other processes used.)
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
    /// Always false: this build has no deliberate bugs.
    pub const fn has(_: super::Bug) -> bool {
        false
    }

    /// Does nothing: this build has no deliberate bugs.
    pub const fn spend_cpu() {}
}

#[cfg(feature = "planted-bugs")]
pub use switch::activate;
pub use switch::{has, spend_cpu};
