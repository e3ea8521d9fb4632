//! The streams of random numbers that a seed gives.
//!
//! Owns the state of one stream. Must not know what its numbers decide.

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::random::mix;

/// SplitMix64. Each part of the simulation has a stream of its own, so one more number from one of them leaves the
/// others as they were.
pub(crate) struct Rng(Cell<u64>);

impl Rng {
    pub(crate) fn new(seed: u64, stream: u64) -> Rng {
        Rng(Cell::new(mix(seed ^ mix(stream))))
    }

    pub(crate) fn next(&self) -> u64 {
        let next = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(next);
        mix(next)
    }

    /// A number below `bound`, which is not 0. The bias of the remainder does not matter here.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number from 0 to `max`, both included.
    pub(crate) fn up_to(&self, max: usize) -> usize {
        self.below(max as u64 + 1) as usize
    }

    pub(crate) fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && (self.next() >> 11) as f64 / (1_u64 << 53) as f64 <= probability
    }

    pub(crate) fn within(&self, range: &RangeInclusive<Duration>) -> Duration {
        let (low, high) = (range.start().as_nanos() as u64, range.end().as_nanos() as u64);
        Duration::from_nanos(low + self.below(high.saturating_sub(low) + 1))
    }

    pub(crate) fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}
