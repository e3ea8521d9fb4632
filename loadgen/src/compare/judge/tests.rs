//! The judge over thousands of made-up comparisons: what it finds, and what it must not find.

use super::*;
use crate::rng::Rng;
use std::collections::BTreeMap;

/// What differs from run to run, with a slow drift on top.
#[derive(Clone, Copy, Debug)]
enum Machine {
    /// As CPU per million records does on a shared machine (see results).
    Shared,
    /// Eight busy programs on each of two cores: one run in ten costs up to half as much again.
    Crowded,
}

const RUN_NOISE: f64 = 0.03;
const DRIFT_PER_RUN: f64 = 0.002;
const SPOILT_IN: u64 = 10;
const SPOILT_MAX: f64 = 0.5;
const PAIRS: usize = 12;

fn unit(rng: &mut Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

impl Machine {
    fn noise(self, rng: &mut Rng) -> f64 {
        let usual = ((0..12).map(|_| unit(rng)).sum::<f64>() - 6.0) * RUN_NOISE;
        let is_spoilt = matches!(self, Machine::Crowded) && rng.below(SPOILT_IN) == 0;
        usual + if is_spoilt { (1.0 + SPOILT_MAX * unit(rng)).ln() } else { 0.0 }
    }

    /// Runs of a comparison in which B takes `factor` times A's CPU.
    fn runs(self, seed: u64, factor: f64) -> Vec<RoundRun> {
        let mut rng = Rng::new(seed);
        let mut made = Vec::new();
        for (phase, factor) in [(Phase::Control, 1.0), (Phase::Compare, factor)] {
            for (index, sides) in super::super::order::order(PAIRS, seed).iter().enumerate() {
                for side in sides {
                    let is_b = *side as usize == 1;
                    let drift = 1.0 + DRIFT_PER_RUN * made.len() as f64;
                    let cpu = 0.5 * drift * self.noise(&mut rng).exp() * if is_b { factor } else { 1.0 };
                    made.push(RoundRun {
                        phase,
                        pair: index + 1,
                        arm: if is_b { "b" } else { "a" }.into(),
                        values: BTreeMap::from([(Metric::BrokerCpu, cpu)]),
                        noise: Vec::new(),
                        warnings: Vec::new(),
                        file: None,
                    });
                }
            }
        }
        made
    }

    fn judged(self, seed: u64, factor: f64, min_effect: f64) -> MetricReport {
        metric_report(Metric::BrokerCpu, &self.runs(seed, factor), min_effect).unwrap()
    }

    /// How many of so many comparisons come to this verdict.
    fn count(self, comparisons: u64, factor: f64, min_effect: f64, wanted: Verdict) -> usize {
        (0..comparisons).filter(|seed| self.judged(*seed, factor, min_effect).verdict == wanted).count()
    }
}

/// The default of `--min-effect`.
const LEAST: f64 = 0.01;

#[test]
fn a_tenth_more_cpu_is_found() {
    let found = Machine::Shared.count(1_000, 1.1, LEAST, Verdict::Slower);
    assert!(found >= 990, "{found} of 1000");
}

#[test]
fn a_tenth_less_cpu_is_faster() {
    let found = Machine::Shared.count(1_000, 1.0 / 1.1, LEAST, Verdict::Faster);
    assert!(found >= 990, "{found} of 1000");
}

#[test]
fn the_same_against_itself_is_inconclusive() {
    for (machine, min_effect, claims_max) in [
        (Machine::Shared, 0.0, 15),
        (Machine::Crowded, 0.0, 15),
        (Machine::Shared, LEAST, 8),
        (Machine::Crowded, LEAST, 8),
        (Machine::Shared, 0.03, 1),
        (Machine::Crowded, 0.03, 2),
    ] {
        let claimed = 1_000 - machine.count(1_000, 1.0, min_effect, Verdict::Inconclusive);
        println!("{machine:?} {min_effect}: {claimed} of 1000");
        assert!(claimed <= claims_max, "{machine:?} {min_effect}: {claimed} of 1000");
    }
}

/// Spoilt runs make the interval wide, not wrong: they are as likely in A as in B.
#[test]
fn spoilt_runs_do_not_spoil_the_interval() {
    let holds = |seed| {
        let found = Machine::Crowded.judged(seed, 1.1, LEAST).interval.unwrap();
        found.low <= 1.1 && 1.1 <= found.high
    };
    let held = (0..1_000).filter(|seed| holds(*seed)).count();
    println!("{held} of 1000");
    assert!((935..=975).contains(&held), "{held} of 1000");
}

#[test]
fn more_records_are_faster_and_a_noisy_machine_claims_nothing() {
    let around = |ratio: f64, width: f64| Some(Interval { ratio, low: ratio / width, high: ratio * width });
    let decide =
        |metric, compared, control| verdict(metric, around(compared, 1.02), around(1.0, control), LEAST);
    assert_eq!(decide(Metric::RecordsPerS, 1.1, 1.03), Verdict::Faster);
    assert_eq!(decide(Metric::RecordsPerS, 0.9, 1.03), Verdict::Slower);
    assert_eq!(decide(Metric::P99, 1.1, 1.03), Verdict::Slower);
    assert_eq!(decide(Metric::P99, 1.1, 1.2), Verdict::Inconclusive, "A differs from itself by as much");
    assert_eq!(decide(Metric::P99, 1.01, 1.0), Verdict::Inconclusive, "the interval holds 1");
    assert_eq!(
        decide(Metric::P99, 1.025, 1.0),
        Verdict::Inconclusive,
        "the interval reaches within what counts as none"
    );
    assert_eq!(decide(Metric::P99, 1.04, 1.0), Verdict::Slower);
    assert_eq!(verdict(Metric::P99, around(1.1, 1.02), None, LEAST), Verdict::Inconclusive, "no control");
}

#[test]
fn half_a_pair_is_none_and_disturbed_pairs_are_told() {
    let mut runs = Machine::Shared.runs(1, 1.1);
    runs.pop();
    assert_eq!(pairs(Metric::BrokerCpu, &runs, Phase::Compare).len(), PAIRS - 1);
    assert_eq!(noisy(&runs, Metric::BrokerCpu, LEAST), None);
    runs.last_mut().unwrap().noise.push("steal".into());
    assert!(
        noisy(&runs, Metric::BrokerCpu, LEAST).unwrap().contains("without their pairs the verdict would be")
    );
}
