//! The judge over thousands of made-up comparisons: what it finds, and what it must not find.

use super::*;
use crate::rng::Rng;
use std::collections::BTreeMap;

/// As noisy as CPU per million records is from run to run on a shared machine (see results), with a slow drift on top.
const RUN_NOISE: f64 = 0.03;
const DRIFT_PER_RUN: f64 = 0.002;
const PAIRS: usize = 12;

fn noise(rng: &mut Rng, deviation: f64) -> f64 {
    let unit = |rng: &mut Rng| (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    ((0..12).map(|_| unit(rng)).sum::<f64>() - 6.0) * deviation
}

/// Runs of a comparison in which B takes `factor` times A's CPU.
fn runs(seed: u64, factor: f64) -> Vec<RoundRun> {
    let mut rng = Rng::new(seed);
    let mut made = Vec::new();
    for (phase, factor) in [(Phase::Control, 1.0), (Phase::Compare, factor)] {
        for (index, sides) in super::super::order::order(PAIRS, seed).iter().enumerate() {
            for side in sides {
                let is_b = *side as usize == 1;
                let drift = 1.0 + DRIFT_PER_RUN * made.len() as f64;
                let cpu = 0.5 * drift * noise(&mut rng, RUN_NOISE).exp() * if is_b { factor } else { 1.0 };
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

fn judged(seed: u64, factor: f64) -> Verdict {
    metric_report(Metric::BrokerCpu, &runs(seed, factor), seed).unwrap().verdict
}

fn count(seeds: u64, factor: f64, wanted: Verdict) -> usize {
    (0..seeds).filter(|seed| judged(*seed, factor) == wanted).count()
}

#[test]
fn a_tenth_more_cpu_is_found() {
    let found = count(100, 1.1, Verdict::Slower);
    assert!(found >= 95, "{found} of 100");
}

#[test]
fn a_tenth_less_cpu_is_faster() {
    let found = count(50, 1.0 / 1.1, Verdict::Faster);
    assert!(found >= 47, "{found} of 50");
}

#[test]
fn the_same_against_itself_is_inconclusive() {
    let claimed = 150 - count(150, 1.0, Verdict::Inconclusive);
    assert!(claimed <= 3, "{claimed} of 150: at most one in fifty may be a false alarm");
}

#[test]
fn more_records_are_faster_and_a_noisy_machine_claims_nothing() {
    let around = |ratio: f64, width: f64| Some(Interval { ratio, low: ratio / width, high: ratio * width });
    let decide = |metric, compared, control| verdict(metric, around(compared, 1.02), around(1.0, control));
    assert_eq!(decide(Metric::RecordsPerS, 1.1, 1.03), Verdict::Faster);
    assert_eq!(decide(Metric::RecordsPerS, 0.9, 1.03), Verdict::Slower);
    assert_eq!(decide(Metric::P99, 1.1, 1.03), Verdict::Slower);
    assert_eq!(decide(Metric::P99, 1.1, 1.2), Verdict::Inconclusive, "A differs from itself by as much");
    assert_eq!(decide(Metric::P99, 1.01, 1.0), Verdict::Inconclusive, "the interval holds 1");
    assert_eq!(verdict(Metric::P99, around(1.1, 1.02), None), Verdict::Inconclusive, "no control");
}

#[test]
fn half_a_pair_is_none_and_disturbed_pairs_are_told() {
    let mut runs = runs(1, 1.1);
    runs.pop();
    assert_eq!(pairs(Metric::BrokerCpu, &runs, Phase::Compare).len(), PAIRS - 1);
    assert_eq!(noisy(&runs, Metric::BrokerCpu, 1), None);
    runs.last_mut().unwrap().noise.push("steal".into());
    assert!(noisy(&runs, Metric::BrokerCpu, 1).unwrap().contains("without their pairs the verdict would be"));
}
