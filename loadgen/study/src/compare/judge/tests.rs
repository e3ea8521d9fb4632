//! The judge over thousands of made-up comparisons: what it finds, and what it must not find.

use super::*;
use loadgen_result::rng::Rng;
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
    let found = Machine::Shared.count(1_000, 1.1, LEAST, Verdict::Worse);
    assert!(found >= 990, "{found} of 1000");
}

#[test]
fn a_tenth_less_cpu_is_better() {
    let found = Machine::Shared.count(1_000, 1.0 / 1.1, LEAST, Verdict::Better);
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
fn more_records_are_better_and_a_noisy_machine_claims_nothing() {
    let around = |ratio: f64, width: f64| Some(Interval { ratio, low: ratio / width, high: ratio * width });
    let decide =
        |metric, compared, control| verdict(metric, around(compared, 1.02), around(1.0, control), LEAST);
    assert_eq!(decide(Metric::RecordsPerS, 1.1, 1.03), Verdict::Better);
    assert_eq!(decide(Metric::RecordsPerS, 0.9, 1.03), Verdict::Worse);
    assert_eq!(decide(Metric::P99, 1.1, 1.03), Verdict::Worse);
    assert_eq!(decide(Metric::P99, 1.1, 1.2), Verdict::Inconclusive, "A differs from itself by as much");
    assert_eq!(decide(Metric::P99, 1.01, 1.0), Verdict::Inconclusive, "the interval holds 1");
    assert_eq!(
        decide(Metric::P99, 1.025, 1.0),
        Verdict::Inconclusive,
        "the interval reaches within what counts as none"
    );
    assert_eq!(decide(Metric::P99, 1.04, 1.0), Verdict::Worse);
    assert_eq!(verdict(Metric::P99, around(1.1, 1.02), None, LEAST), Verdict::Inconclusive, "no control");
}

#[test]
fn half_a_pair_is_none() {
    let mut runs = Machine::Shared.runs(1, 1.1);
    runs.pop();
    assert_eq!(pairs(Metric::BrokerCpu, &runs, Phase::Compare).len(), PAIRS - 1);
}

fn asked(despite_noise: bool) -> CompareOptions {
    CompareOptions {
        a: "a.toml".into(),
        b: "b.toml".into(),
        rounds: 8,
        control_rounds: 8,
        duration: None,
        warmup: None,
        seed: 1,
        metrics: Vec::new(),
        min_effect: LEAST,
        despite_noise,
        require: None,
        out: None,
    }
}

/// Runs of a B that takes a fifth more CPU; both runs of each of the first pairs of each phase are disturbed.
fn of_which_disturbed(pairs: usize) -> Vec<RoundRun> {
    let mut runs = Machine::Shared.runs(1, 1.2);
    runs.iter_mut().filter(|run| run.pair <= pairs).for_each(|run| run.noise.push("other programs".into()));
    runs
}

#[test]
fn where_most_runs_were_disturbed_there_is_no_verdict_unless_the_others_agree() {
    let of = |pairs, found, despite_noise| {
        disturbed(&of_which_disturbed(pairs), Metric::BrokerCpu, found, &asked(despite_noise))
    };
    assert_eq!(
        of(0, Verdict::Worse, false),
        Disturbed { of: 4 * PAIRS, without: Some(Verdict::Worse), ..Disturbed::default() }
    );
    assert!(!of(PAIRS / 2, Verdict::Worse, false).steers, "half of them are not most");
    let most = of(PAIRS - 1, Verdict::Worse, false);
    assert_eq!((most.runs, most.without, most.steers), (4 * (PAIRS - 1), None, true));
    assert!(
        of(PAIRS - 1, Verdict::Inconclusive, false).steers,
        "that no difference was found is no answer either"
    );
    let taken = of(PAIRS - 1, Verdict::Worse, true);
    assert!(!taken.steers && taken.overruled);

    let mut long = of_which_disturbed(0);
    let more = of_which_disturbed(PAIRS).into_iter().chain(of_which_disturbed(PAIRS));
    long.extend(more.enumerate().map(|(at, mut run)| {
        run.pair += PAIRS * (1 + at / (4 * PAIRS));
        run
    }));
    let agreed = disturbed(&long, Metric::BrokerCpu, Verdict::Worse, &asked(false));
    assert_eq!(
        (agreed.runs * 3, agreed.without, agreed.steers),
        (agreed.of * 2, Some(Verdict::Worse), false)
    );
    assert!(
        disturbed(&long, Metric::BrokerCpu, Verdict::Better, &asked(false)).steers,
        "the quiet ones say otherwise"
    );
}

#[test]
fn what_disturbed_runs_mean_is_told_in_words_and_in_the_json() {
    assert_eq!(in_words(&Disturbed::default(), Metric::BrokerCpu), None);
    let some = Disturbed { runs: 3, of: 24, without: Some(Verdict::Better), ..Disturbed::default() };
    let words = in_words(&some, Metric::BrokerCpu).unwrap();
    assert!(words.contains("3 of 24 runs") && words.ends_with("the verdict would be: less CPU."), "{words}");
    let overruled = Disturbed { runs: 24, overruled: true, ..some };
    assert!(in_words(&overruled, Metric::BrokerCpu).unwrap().contains("--despite-noise"));
    let json = serde_json::to_value(report(Verdict::Worse, true)).unwrap();
    assert_eq!((&json["verdict"], &json["disturbed"]["steers"]), (&"inconclusive".into(), &true.into()));
    assert_eq!(json["metrics"][0]["verdict"], "worse");
    for (was, is) in [("faster", Verdict::Better), ("slower", Verdict::Worse)] {
        assert_eq!(serde_json::from_value::<Verdict>(was.into()).unwrap(), is, "in results of before");
    }
}

/// What decides is `found`, of runs that a noisy machine disturbed or did not.
pub(in crate::compare) fn report(found: Verdict, is_noisy: bool) -> CompareReport {
    let runs = of_which_disturbed(if is_noisy { PAIRS } else { 0 });
    let arm = |name: &str| ArmReport {
        name: name.into(),
        file: format!("{name}.toml"),
        broker: None,
        settings: None,
    };
    let disturbed = disturbed(&runs, Metric::BrokerCpu, found, &asked(false));
    let mut decisive = metric_report(Metric::BrokerCpu, &runs, LEAST).unwrap();
    decisive.verdict = found;
    CompareReport {
        schema: SCHEMA.into(),
        loadgen: String::new(),
        command: Vec::new(),
        ended_at_ms: 0,
        a: arm("old"),
        b: arm("new"),
        machine: Default::default(),
        seed: 1,
        rounds: PAIRS,
        control_rounds: PAIRS,
        min_effect: LEAST,
        interrupted: false,
        verdict: if disturbed.steers { Verdict::Inconclusive } else { found },
        warnings: in_words(&disturbed, Metric::BrokerCpu).into_iter().collect(),
        disturbed,
        runs,
        primary: Metric::BrokerCpu,
        metrics: vec![decisive],
        failed: None,
    }
}
