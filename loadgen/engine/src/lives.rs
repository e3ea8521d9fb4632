//! The lives of a broker that is killed on purpose, counted from 0: which one it is, and what was acked in each.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Shared by all threads; without crashes there is one life, of which nothing is noted.
#[derive(Debug, Default)]
pub struct Lives {
    /// Lives ended.
    kills: AtomicUsize,
    /// The life that the broker is in or begins.
    present: AtomicUsize,
    noted: Vec<Life>,
}

/// What happened in a life.
#[derive(Debug)]
struct Life {
    first_ack_ns: AtomicU64,
    last_ack_ns: AtomicU64,
    acked_records: AtomicU64,
    unknown_records: AtomicU64,
}

/// What was noted of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifeNotes {
    /// The first ack and the last, if there was any.
    pub acks_ns: Option<(u64, u64)>,
    /// Records acked.
    pub acked_records: u64,
    /// Records in flight at its end.
    pub unknown_records: u64,
}

impl Life {
    fn new() -> Life {
        Life {
            first_ack_ns: AtomicU64::new(u64::MAX),
            last_ack_ns: AtomicU64::new(0),
            acked_records: AtomicU64::new(0),
            unknown_records: AtomicU64::new(0),
        }
    }
}

impl Lives {
    /// For a broker that is to be killed so often.
    pub fn with_crashes(count: usize) -> Lives {
        let noted = if count == 0 { Vec::new() } else { (0..=count).map(|_| Life::new()).collect() };
        Lives { noted, ..Lives::default() }
    }

    /// How many lives were ended.
    #[inline]
    pub fn kills(&self) -> usize {
        self.kills.load(Ordering::Acquire)
    }

    /// The life that the broker is in or begins; below [`Self::kills`] while it is dead.
    pub fn present(&self) -> usize {
        self.present.load(Ordering::Acquire)
    }

    /// The present life is about to be ended: connections will break.
    pub fn end(&self) {
        self.kills.fetch_add(1, Ordering::AcqRel);
    }

    /// The next life has begun: one may connect.
    pub fn begin(&self) {
        self.present.fetch_add(1, Ordering::AcqRel);
    }

    /// Records were acked at `at_ns` in `life`.
    #[inline]
    pub fn acked(&self, life: usize, at_ns: u64, records: u64) {
        let Some(life) = self.noted.get(life) else { return };
        life.first_ack_ns.fetch_min(at_ns, Ordering::Relaxed);
        life.last_ack_ns.fetch_max(at_ns, Ordering::Relaxed);
        life.acked_records.fetch_add(records, Ordering::Relaxed);
    }

    /// Nobody knows what became of records that were in flight when `life` ended.
    pub fn unknown(&self, life: usize, records: u64) {
        if let Some(life) = self.noted.get(life) {
            life.unknown_records.fetch_add(records, Ordering::Relaxed);
        }
    }

    /// What was noted of `life`; `None` where nothing is.
    pub fn notes(&self, life: usize) -> Option<LifeNotes> {
        let life = self.noted.get(life)?;
        let first_ns = life.first_ack_ns.load(Ordering::Relaxed);
        Some(LifeNotes {
            acks_ns: (first_ns != u64::MAX).then(|| (first_ns, life.last_ack_ns.load(Ordering::Relaxed))),
            acked_records: life.acked_records.load(Ordering::Relaxed),
            unknown_records: life.unknown_records.load(Ordering::Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acks_belong_to_the_life_in_which_they_were_given() {
        let lives = Lives::with_crashes(1);
        lives.acked(0, 50, 2);
        lives.acked(0, 40, 3);
        lives.end();
        assert_eq!((lives.kills(), lives.present()), (1, 0));
        lives.unknown(0, 7);
        lives.begin();
        assert_eq!((lives.kills(), lives.present()), (1, 1));
        let first = LifeNotes { acks_ns: Some((40, 50)), acked_records: 5, unknown_records: 7 };
        assert_eq!(lives.notes(0), Some(first));
        assert_eq!(lives.notes(1).and_then(|notes| notes.acks_ns), None);
        assert_eq!(lives.notes(2), None);
    }

    #[test]
    fn without_crashes_nothing_is_noted() {
        let lives = Lives::with_crashes(0);
        lives.acked(0, 50, 2);
        assert_eq!(lives.notes(0), None);
    }
}
