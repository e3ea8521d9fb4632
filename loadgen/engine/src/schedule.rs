//! When each record is meant to be sent.
//!
//! Open loop: each record of the run has an instant that is fixed beforehand, whatever the broker does. Latency
//! counts from that instant, so a stall costs every record that should have been sent during it. Maximum: a record's
//! instant is when there was room to make it. This is a closed loop, and the report says so.

mod profile;
mod punctuality;
mod replay;
mod shape;

pub use punctuality::Punctuality;
pub use replay::{Lane, Replay, parse_speed};
pub use shape::{Load, SHAPE_HELP, Shape, Span};

use loadgen_result::rng::Rng;
use profile::Profile;
use std::sync::Arc;

/// Which producer's share of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerSlot {
    /// Its number.
    pub index: usize,
    /// Of how many.
    pub producers: usize,
    /// Equal seeds give equal instants.
    pub seed: u64,
}

/// The instants of one producer, on the process's clock.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// Every `step_ns` from `first_ns` on.
    Constant {
        /// Of the first record.
        first_ns: u64,
        /// Between two records of this producer.
        step_ns: f64,
        /// Records taken so far.
        taken: u64,
    },
    /// At random: the gaps are independent and exponential, so the gaps of all producers together are, too.
    Poisson {
        /// Of the next record.
        next_ns: f64,
        /// Between two records of this producer, on average.
        gap_ns: f64,
        /// Makes the gaps.
        rng: Rng,
    },
    /// Along a curve. With n producers this one takes every n-th of its records.
    Shaped {
        /// The load's start.
        start_ns: u64,
        /// Of all producers together.
        profile: Profile,
        /// This producer.
        slot: ProducerSlot,
        /// Records taken so far.
        taken: u64,
    },
    /// At recorded times.
    Replayed {
        /// The load's start.
        start_ns: u64,
        /// This producer's part.
        lane: Arc<Lane>,
        /// Records taken so far.
        taken: u64,
    },
    /// Always now.
    Maximum,
}

impl Schedule {
    /// One producer's part of a load.
    pub fn new(load: &Load, span: Span, slot: ProducerSlot) -> Schedule {
        let (start_ns, producers) = (span.start_ns, slot.producers as f64);
        match load {
            Load::Maximum => Schedule::Maximum,
            Load::Constant { rate } => {
                let gap_ns = 1e9 / rate;
                let first_ns = start_ns + (gap_ns * slot.index as f64) as u64;
                Schedule::Constant { first_ns, step_ns: gap_ns * producers, taken: 0 }
            }
            Load::Poisson { rate } => {
                let mut rng =
                    Rng::new(slot.seed ^ (slot.index as u64 + 1).wrapping_mul(0xd134_2543_de82_ef95));
                let gap_ns = 1e9 / rate * producers;
                Schedule::Poisson { next_ns: start_ns as f64 + gap_ns * exponential(&mut rng), gap_ns, rng }
            }
            Load::Shaped(shape) => match shape.profile(span) {
                Some(profile) => Schedule::Shaped { start_ns, profile, slot, taken: 0 },
                None => Schedule::Maximum,
            },
            Load::Replay(replay) => Schedule::Replayed { start_ns, lane: replay.lane(slot.index), taken: 0 },
        }
    }

    /// Whether records wait for their instants.
    pub fn is_open_loop(&self) -> bool {
        !matches!(self, Schedule::Maximum)
    }

    /// The instant of the record `ahead` of the next one. A random schedule gives the expected instant. `None` at
    /// maximum, where there is no later instant.
    #[inline]
    pub fn instant_ahead(&self, ahead: u64) -> Option<u64> {
        match self {
            Schedule::Constant { first_ns, step_ns, taken } => {
                Some(first_ns + ((taken + ahead) as f64 * step_ns) as u64)
            }
            Schedule::Poisson { next_ns, gap_ns, .. } => Some((next_ns + ahead as f64 * gap_ns) as u64),
            Schedule::Shaped { start_ns, profile, slot, taken } => {
                let record = (taken + ahead) as f64 * slot.producers as f64 + slot.index as f64;
                Some(start_ns + (profile.instant_of(record) * 1e9) as u64)
            }
            Schedule::Replayed { start_ns, lane, taken } => {
                Some(lane.instant(taken + ahead).saturating_add(*start_ns))
            }
            Schedule::Maximum => None,
        }
    }

    /// The next record's instant if it is due at `now_ns`; it stays next until [`Self::take`].
    #[inline]
    pub fn due(&self, now_ns: u64) -> Option<u64> {
        match self.instant_ahead(0) {
            Some(instant) => (instant <= now_ns).then_some(instant),
            None => Some(now_ns),
        }
    }

    /// The next record was made.
    #[inline]
    pub fn take(&mut self) {
        match self {
            Schedule::Constant { taken, .. }
            | Schedule::Shaped { taken, .. }
            | Schedule::Replayed { taken, .. } => *taken += 1,
            Schedule::Poisson { next_ns, gap_ns, rng } => *next_ns += *gap_ns * exponential(rng),
            Schedule::Maximum => {}
        }
    }

    /// Records meant to be sent before `end_ns` and not yet taken; of a random schedule as many as expected.
    pub fn overdue(&self, end_ns: u64) -> u64 {
        match self {
            Schedule::Constant { first_ns, step_ns, taken } => {
                let due = (end_ns.saturating_sub(*first_ns) as f64 / step_ns).ceil() as u64;
                due.saturating_sub(*taken)
            }
            Schedule::Poisson { next_ns, gap_ns, .. } => {
                ((end_ns as f64 - next_ns) / gap_ns).max(0.0).ceil() as u64
            }
            Schedule::Shaped { start_ns, profile, slot, taken } => {
                let due = profile.due_by(end_ns.saturating_sub(*start_ns) as f64 / 1e9) - slot.index as f64;
                ((due / slot.producers as f64).max(0.0).ceil() as u64).saturating_sub(*taken)
            }
            Schedule::Replayed { start_ns, lane, taken } => {
                lane.due_by(end_ns.saturating_sub(*start_ns)).saturating_sub(*taken)
            }
            Schedule::Maximum => 0,
        }
    }
}

/// Exponential with mean 1.
#[inline]
fn exponential(rng: &mut Rng) -> f64 {
    // From (0, 1]: the logarithm of nothing is no gap.
    let unit = ((rng.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64;
    -unit.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    const SECOND: u64 = 1_000_000_000;

    fn schedule(load: &Load, index: usize, producers: usize) -> Schedule {
        let span = Span { start_ns: 5_000, window: Window { from_ns: 5_000, to_ns: 5_000 + 10 * SECOND } };
        Schedule::new(load, span, ProducerSlot { index, producers, seed: 3 })
    }

    /// Everything due within the first `seconds`, of all producers.
    fn instants(load: &Load, producers: usize, seconds: u64) -> Vec<u64> {
        let mut instants = Vec::new();
        for index in 0..producers {
            let mut schedule = schedule(load, index, producers);
            while let Some(at) = schedule.due(5_000 + seconds * SECOND - 1) {
                instants.push(at);
                schedule.take();
            }
            assert_eq!(schedule.overdue(5_000 + seconds * SECOND), 0);
        }
        instants.sort_unstable();
        instants
    }

    #[test]
    fn producers_together_keep_the_rate() {
        let instants = instants(&Load::Constant { rate: 1_000.0 }, 3, 1);
        assert_eq!(instants.len(), 1_000);
        assert!(instants.windows(2).all(|pair| (999_990..1_000_010).contains(&(pair[1] - pair[0]))));
    }

    #[test]
    fn a_random_schedule_has_the_rate_the_spread_and_the_seed() {
        let load = Load::Poisson { rate: 10_000.0 };
        let first = instants(&load, 3, 10);
        assert!((98_700..101_300).contains(&first.len()), "four deviations: {}", first.len());
        let gaps = first.windows(2).map(|pair| (pair[1] - pair[0]) as f64);
        let long = gaps.filter(|gap| *gap > 100_000.0).count() as f64 / first.len() as f64;
        assert!((0.36..0.376).contains(&long), "1/e of the gaps are over the mean: {long}");
        assert_eq!(first, instants(&load, 3, 10));
    }

    #[test]
    fn a_ramp_and_steps_have_their_rates_when_they_should() {
        let count = |instants: &[u64], from_s: u64, to_s: u64| {
            let range = 5_000 + from_s * SECOND..5_000 + to_s * SECOND;
            instants.iter().filter(|at| range.contains(at)).count() as i64
        };
        let ramp = instants(&Load::Shaped(Shape::Ramp(0.001, 2_000.0)), 3, 10);
        let steps = instants(&Load::Shaped(Shape::Step(vec![100.0, 5_000.0])), 3, 10);
        for (is, wanted) in [
            (count(&ramp, 0, 10), 10_000),
            (count(&ramp, 0, 5), 2_500),
            (count(&steps, 0, 5), 500),
            (count(&steps, 5, 10), 25_000),
        ] {
            assert!((is - wanted).abs() <= 3, "{is}, not {wanted}");
        }
    }

    #[test]
    fn nothing_is_due_before_its_instant_and_the_backlog_is_counted() {
        let mut schedule = schedule(&Load::Constant { rate: 100.0 }, 0, 1);
        assert_eq!(schedule.due(4_999), None);
        assert_eq!(schedule.due(5_000), Some(5_000));
        schedule.take();
        assert_eq!(schedule.due(10_004_999), None);
        assert_eq!(schedule.instant_ahead(1), Some(20_005_000));
        assert_eq!(schedule.overdue(1_000_005_000), 99);
    }

    #[test]
    fn the_backlog_of_a_shape_is_what_it_would_have_sent() {
        for load in [Load::Shaped(Shape::Ramp(100.0, 300.0)), Load::Shaped(Shape::Step(vec![100.0, 300.0]))] {
            let overdue: u64 =
                (0..3).map(|index| schedule(&load, index, 3).overdue(5_000 + 10 * SECOND)).sum();
            assert!((1_999..=2_001).contains(&overdue), "{load:?}: {overdue}");
        }
    }

    #[test]
    fn at_maximum_the_instant_is_now() {
        let schedule = schedule(&Load::Maximum, 0, 1);
        assert_eq!((schedule.due(7), schedule.overdue(99), schedule.instant_ahead(1)), (Some(7), 0, None));
    }
}
