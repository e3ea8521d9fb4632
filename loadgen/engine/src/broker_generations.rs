//! The generations of a broker that is killed on purpose, counted from 0: which one it is, and what was acked in each.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Shared by all threads. Without crashes there is one generation, and nothing is noted.
#[derive(Debug, Default)]
pub struct BrokerGenerations {
    /// Generations ended.
    kills: AtomicUsize,
    /// The generation that the broker is in or begins.
    present: AtomicUsize,
    noted: Vec<Generation>,
}

/// What happened in a generation.
#[derive(Debug)]
struct Generation {
    first_ack_ns: AtomicU64,
    last_ack_ns: AtomicU64,
    acked_records: AtomicU64,
    unknown_records: AtomicU64,
}

/// What was noted of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenerationNotes {
    /// The first ack and the last, if there was any.
    pub acks_ns: Option<(u64, u64)>,
    /// Records acked.
    pub acked_records: u64,
    /// Records in flight at its end.
    pub unknown_records: u64,
}

impl Generation {
    fn new() -> Generation {
        Generation {
            first_ack_ns: AtomicU64::new(u64::MAX),
            last_ack_ns: AtomicU64::new(0),
            acked_records: AtomicU64::new(0),
            unknown_records: AtomicU64::new(0),
        }
    }
}

impl BrokerGenerations {
    /// For a broker that is to be killed so often.
    pub fn with_crashes(count: usize) -> BrokerGenerations {
        let noted = if count == 0 { Vec::new() } else { (0..=count).map(|_| Generation::new()).collect() };
        BrokerGenerations { noted, ..BrokerGenerations::default() }
    }

    /// How many generations were ended.
    #[inline]
    pub fn kills(&self) -> usize {
        self.kills.load(Ordering::Acquire)
    }

    /// The generation that the broker is in or begins; below [`Self::kills`] while it is dead.
    pub fn present(&self) -> usize {
        self.present.load(Ordering::Acquire)
    }

    /// The present generation is about to be ended: connections will break.
    pub fn end(&self) {
        self.kills.fetch_add(1, Ordering::AcqRel);
    }

    /// The next generation has begun: one may connect.
    pub fn begin(&self) {
        self.present.fetch_add(1, Ordering::AcqRel);
    }

    /// Records were acked at `at_ns` in `generation`.
    #[inline]
    pub fn acked(&self, generation: usize, at_ns: u64, records: u64) {
        let Some(generation) = self.noted.get(generation) else { return };
        generation.first_ack_ns.fetch_min(at_ns, Ordering::Relaxed);
        generation.last_ack_ns.fetch_max(at_ns, Ordering::Relaxed);
        generation.acked_records.fetch_add(records, Ordering::Relaxed);
    }

    /// Nobody knows what became of records that were in flight when `generation` ended.
    pub fn unknown(&self, generation: usize, records: u64) {
        if let Some(generation) = self.noted.get(generation) {
            generation.unknown_records.fetch_add(records, Ordering::Relaxed);
        }
    }

    /// What was noted of `generation`; `None` where nothing is.
    pub fn notes(&self, generation: usize) -> Option<GenerationNotes> {
        let generation = self.noted.get(generation)?;
        let first_ns = generation.first_ack_ns.load(Ordering::Relaxed);
        Some(GenerationNotes {
            acks_ns: (first_ns != u64::MAX)
                .then(|| (first_ns, generation.last_ack_ns.load(Ordering::Relaxed))),
            acked_records: generation.acked_records.load(Ordering::Relaxed),
            unknown_records: generation.unknown_records.load(Ordering::Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acks_belong_to_the_life_in_which_they_were_given() {
        let generations = BrokerGenerations::with_crashes(1);
        generations.acked(0, 50, 2);
        generations.acked(0, 40, 3);
        generations.end();
        assert_eq!((generations.kills(), generations.present()), (1, 0));
        generations.unknown(0, 7);
        generations.begin();
        assert_eq!((generations.kills(), generations.present()), (1, 1));
        let first = GenerationNotes { acks_ns: Some((40, 50)), acked_records: 5, unknown_records: 7 };
        assert_eq!(generations.notes(0), Some(first));
        assert_eq!(generations.notes(1).and_then(|notes| notes.acks_ns), None);
        assert_eq!(generations.notes(2), None);
    }

    #[test]
    fn without_crashes_nothing_is_noted() {
        let generations = BrokerGenerations::with_crashes(0);
        generations.acked(0, 50, 2);
        assert_eq!(generations.notes(0), None);
    }
}
