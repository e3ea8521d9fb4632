//! Which rate is tried next, and when one is believed. It must not know brokers, so that it can be tested against a
//! simulated one.
//!
//! On a disturbed machine one probe may fail by chance. So a rate has failed only when it failed twice, and it is
//! found only when it held three more times. Repeated searches on the same machine lie within twice the precision of
//! each other.

/// So often must the found rate hold again.
pub(super) const CONFIRMATIONS: u32 = 3;
/// Up to the first failure.
const GROWTH: f64 = 1.5;
/// Down to the first success.
const SHRINK: f64 = 0.5;
/// A rate that halved so often and still does not hold is none.
const SHRINKS_MAX: u32 = 8;
/// A search ends even if every rate seems to hold.
const GROWTHS_MAX: u32 = 40;

/// What a probe says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeOutcome {
    /// The rate held.
    Held,
    /// It did not.
    Failed,
    /// There will be no more probes.
    Stop,
}

/// Tries a rate.
pub(super) trait Prober {
    /// Why it could not.
    type Error;

    /// One probe.
    fn probe(&mut self, rate: f64) -> Result<ProbeOutcome, Self::Error>;
}

/// How to search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bracket {
    /// Where to begin.
    pub(super) first_rate: f64,
    /// How near the rate that held and the one that failed come to each other, as a share.
    pub(super) precision: f64,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ended {
    /// The highest rate that held; `None` when none did.
    pub(super) rate: Option<f64>,
    /// How often it held again; less than [`CONFIRMATIONS`] when the search was stopped.
    pub(super) confirmations: u32,
}

/// What is known: the highest rate that held, and the lowest above it that failed.
#[derive(Debug, Default)]
struct Known {
    held: Option<f64>,
    failed: Option<f64>,
}

impl Bracket {
    /// Brackets the maximum, halves the bracket until it is narrow, and confirms its lower end.
    pub(super) fn search<P: Prober>(&self, prober: &mut P) -> Result<Ended, P::Error> {
        let mut known = Known::default();
        while let Some(rate) = self.next_rate(&known) {
            match twice(prober, rate)? {
                ProbeOutcome::Held => known.held = Some(rate),
                ProbeOutcome::Failed => known.failed = Some(rate),
                ProbeOutcome::Stop => return Ok(Ended { rate: known.held, confirmations: 0 }),
            }
        }
        self.confirm(prober, known.held)
    }

    /// `None`: the bracket is narrow enough, or there is none.
    fn next_rate(&self, known: &Known) -> Option<f64> {
        let times = |rate: f64, limit: f64| (rate - limit).abs() > f64::EPSILON * limit;
        match (known.held, known.failed) {
            (None, None) => Some(self.first_rate),
            (Some(held), None) => {
                let limit = self.first_rate * GROWTH.powi(GROWTHS_MAX as i32);
                times(held, limit).then_some(held * GROWTH)
            }
            (None, Some(failed)) => {
                let limit = self.first_rate * SHRINK.powi(SHRINKS_MAX as i32);
                times(failed, limit).then_some(failed * SHRINK)
            }
            // The middle by ratio: a rate is known to so many percent.
            (Some(held), Some(failed)) => {
                (failed > held * (1.0 + self.precision)).then(|| (held * failed).sqrt())
            }
        }
    }

    /// A rate that does not hold again gives way to the next lower one.
    fn confirm<P: Prober>(&self, prober: &mut P, mut rate: Option<f64>) -> Result<Ended, P::Error> {
        let lowest = self.first_rate * SHRINK.powi(SHRINKS_MAX as i32);
        while let Some(candidate) = rate.filter(|rate| *rate >= lowest) {
            let mut confirmations = 0;
            loop {
                match twice(prober, candidate)? {
                    ProbeOutcome::Held => confirmations += 1,
                    ProbeOutcome::Failed => break,
                    ProbeOutcome::Stop => return Ok(Ended { rate, confirmations }),
                }
                if confirmations == CONFIRMATIONS {
                    return Ok(Ended { rate, confirmations });
                }
            }
            rate = Some(candidate / (1.0 + self.precision));
        }
        Ok(Ended { rate: None, confirmations: 0 })
    }
}

/// Fails only if it fails twice.
fn twice<P: Prober>(prober: &mut P, rate: f64) -> Result<ProbeOutcome, P::Error> {
    match prober.probe(rate)? {
        ProbeOutcome::Failed => prober.probe(rate),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_result::rng::Rng;
    use std::convert::Infallible;

    const PRECISION: f64 = 0.05;
    const BOUND_MS: f64 = 20.0;

    /// A queue: its p99 rises without bound towards its capacity, each run is a little different, and some are spoilt.
    struct Queue {
        capacity: f64,
        /// How much one run differs from the next.
        unrest: f64,
        /// One run in so many is disturbed from outside.
        spoilt_in: u64,
        rng: Rng,
        probes: u32,
    }

    impl Queue {
        fn new(capacity: f64, unrest: f64, spoilt_in: u64, seed: u64) -> Queue {
            Queue { capacity, unrest, spoilt_in, rng: Rng::new(seed), probes: 0 }
        }

        /// The rate whose p99 is the bound: 2 ms / (1 - rate / capacity) = 20 ms.
        fn maximum(&self) -> f64 {
            self.capacity * 0.9
        }
    }

    impl Prober for Queue {
        type Error = Infallible;

        fn probe(&mut self, rate: f64) -> Result<ProbeOutcome, Infallible> {
            self.probes += 1;
            let unit = self.rng.below(1_000) as f64 / 500.0 - 1.0;
            let capacity = self.capacity * (1.0 + self.unrest * unit);
            let p99_ms = if rate < capacity { 2.0 / (1.0 - rate / capacity) } else { f64::INFINITY };
            let is_spoilt = self.rng.below(self.spoilt_in) == 0;
            Ok(if p99_ms <= BOUND_MS && !is_spoilt { ProbeOutcome::Held } else { ProbeOutcome::Failed })
        }
    }

    fn found(queue: &mut Queue, first_rate: f64) -> f64 {
        let ended = Bracket { first_rate, precision: PRECISION }.search(queue).unwrap();
        assert_eq!(ended.confirmations, CONFIRMATIONS);
        ended.rate.unwrap()
    }

    #[test]
    fn the_maximum_of_a_quiet_broker_is_found_wherever_the_search_begins() {
        for first_rate in [10.0, 40_000.0, 90_000.0, 100_000.0, 3_000_000.0] {
            let mut queue = Queue::new(100_000.0, 0.0, u64::MAX, 1);
            let share = found(&mut queue, first_rate) / queue.maximum();
            assert!((1.0 / (1.0 + PRECISION)..=1.0).contains(&share), "from {first_rate}: {share}");
            assert!(queue.probes < 60, "{}", queue.probes);
        }
    }

    #[test]
    fn on_a_restless_machine_repeated_searches_agree_within_twice_the_precision() {
        let search = |seed| {
            let mut queue = Queue::new(100_000.0, 0.02, 15, seed);
            found(&mut queue, 50_000.0) / queue.maximum()
        };
        let mut shares: Vec<f64> = (0..200).map(search).collect();
        shares.sort_by(f64::total_cmp);
        assert!(shares[199] < 1.02, "never more than any run of it holds: {}", shares[199]);
        assert!(shares[5] > 1.0 - 2.0 * PRECISION, "nor much less: {shares:?}");
    }

    #[test]
    fn where_no_rate_holds_none_is_found() {
        let mut queue = Queue::new(0.0, 0.0, u64::MAX, 1);
        let ended = Bracket { first_rate: 1_000.0, precision: PRECISION }.search(&mut queue).unwrap();
        assert_eq!(ended, Ended { rate: None, confirmations: 0 });
    }

    #[test]
    fn a_search_that_is_stopped_tells_what_it_knows() {
        struct Stopped(u32);
        impl Prober for Stopped {
            type Error = Infallible;
            fn probe(&mut self, _: f64) -> Result<ProbeOutcome, Infallible> {
                self.0 += 1;
                Ok(if self.0 > 3 { ProbeOutcome::Stop } else { ProbeOutcome::Held })
            }
        }
        let ended = Bracket { first_rate: 100.0, precision: PRECISION }.search(&mut Stopped(0)).unwrap();
        assert_eq!(ended, Ended { rate: Some(225.0), confirmations: 0 });
    }
}
