//! Creel against Kafka, figure by figure: how many times better, who is ahead in every round, which rates were not
//! held.

use creel_benches::dispersion::Dispersion;
use creel_benches::round::Round;
use creel_benches::shape::Acks;
use creel_benches::side::Side;

use crate::figures::{Cell, Measured, Rounds};

/// Two that are set against each other under one kind of ack.
pub(crate) struct Match {
    pub(crate) acks: Acks,
    pub(crate) ours: Side,
    pub(crate) theirs: Side,
    pub(crate) title: &'static str,
}

/// Creel against Kafka. All but the third compare like with like.
pub(crate) const MATCHES: [Match; 5] = [
    Match {
        acks: Acks::Written,
        ours: Side::Creel,
        theirs: Side::KafkaShipped,
        title: "acks=1 against Kafka as shipped: both answer after the write to the page cache",
    },
    Match {
        acks: Acks::Durable,
        ours: Side::Creel,
        theirs: Side::KafkaFlush,
        title: "acks=all against Kafka with `flush.messages=1`: both answer after a sync",
    },
    Match {
        acks: Acks::Durable,
        ours: Side::Creel,
        theirs: Side::KafkaShipped,
        title: "acks=all against Kafka as shipped: Creel answers after a sync, Kafka (one replica) does not wait for the disk",
    },
    Match {
        acks: Acks::Written,
        ours: Side::CreelRelaxed,
        theirs: Side::KafkaShipped,
        title: "relaxed topics, acks=1, against Kafka as shipped: neither syncs",
    },
    Match {
        acks: Acks::Durable,
        ours: Side::CreelRelaxed,
        theirs: Side::KafkaShipped,
        title: "relaxed topics, acks=all, against Kafka as shipped: neither syncs",
    },
];

/// Creel against another binary of itself.
pub(crate) const BEFORE: [Match; 4] = [
    Match { acks: Acks::Written, ours: Side::Creel, theirs: Side::CreelBefore, title: "acks=1" },
    Match { acks: Acks::Durable, ours: Side::Creel, theirs: Side::CreelBefore, title: "acks=all" },
    Match {
        acks: Acks::Written,
        ours: Side::CreelRelaxed,
        theirs: Side::CreelRelaxedBefore,
        title: "relaxed topics, acks=1",
    },
    Match {
        acks: Acks::Durable,
        ours: Side::CreelRelaxed,
        theirs: Side::CreelRelaxedBefore,
        title: "relaxed topics, acks=all",
    },
];

/// What is compared.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&Round) -> f64,
    pub(crate) more_is_better: bool,
    /// Says nothing where a rate was not held: it is then that of an overload.
    pub(crate) is_latency: bool,
    /// A round with fewer responses than this does not tell it.
    pub(crate) responses_min: usize,
}

const fn latency(name: &'static str, of: fn(&Round) -> f64, responses_min: usize) -> Metric {
    Metric { name, of, more_is_better: false, is_latency: true, responses_min }
}

const fn amount(name: &'static str, of: fn(&Round) -> f64, more_is_better: bool) -> Metric {
    Metric { name, of, more_is_better, is_latency: false, responses_min: 0 }
}

pub(crate) const P50: Metric = latency("p50", |round| f64::from(round.p50_us), 2);
pub(crate) const P99: Metric = latency("p99", |round| f64::from(round.p99_us), 100);
pub(crate) const P999: Metric = latency("p99.9", |round| f64::from(round.p999_us), 1000);

pub(crate) const METRICS: [Metric; 6] = [
    amount("records/s", |round| round.records_per_second, true),
    amount("CPU per GB", |round| round.cpu_seconds_per_gb, false),
    P50,
    P99,
    P999,
    amount("peak memory", |round| round.peak_memory_mib, false),
];

/// Ratios closer to 1 than this are no difference worth a word.
const TELLING: f64 = 1.05;

/// How many times better the first side is in a cell, over the rounds; below 1 the other is.
pub(crate) fn advantage(
    all: &[Measured],
    cell: Cell,
    sides: [Side; 2],
    metric: &Metric,
) -> Option<Dispersion> {
    let [ours, theirs] = sides.map(|side| Rounds::of(all, cell, side));
    if metric.is_latency && !(ours.is_held() && theirs.is_held()) {
        return None;
    }
    if metric.more_is_better { ours.over(&theirs, metric.of) } else { theirs.over(&ours, metric.of) }
}

/// Kafka's lead as a factor, where it leads in every round.
pub(crate) fn kafkas_lead(advantage: Dispersion) -> Option<f64> {
    let lead = 1.0 / advantage.mid;
    (advantage.high < 1.0 && lead >= TELLING).then_some(lead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::{CELL, measured};

    const SIDES: [Side; 2] = [Side::Creel, Side::KafkaShipped];

    #[test]
    fn better_is_more_records_and_less_cpu() {
        let all = [
            measured(Side::Creel, Acks::Written, 1, 40.0),
            measured(Side::KafkaShipped, Acks::Written, 1, 10.0),
        ];
        for metric in &METRICS[..2] {
            let dispersion = advantage(&all, CELL, SIDES, metric);
            assert_eq!(dispersion.map(|dispersion| dispersion.mid), Some(4.0), "{}", metric.name);
        }
    }

    #[test]
    fn a_lead_is_one_in_every_round_and_more_than_a_hair() {
        let of = |low, mid, high| kafkas_lead(Dispersion { low, mid, high });
        assert_eq!(of(0.4, 0.5, 0.6), Some(2.0));
        assert_eq!(of(0.4, 0.5, 1.1), None);
        assert_eq!(of(0.97, 0.98, 0.99), None);
        assert_eq!(of(2.0, 3.0, 4.0), None);
    }

    #[test]
    fn the_latency_of_an_overload_is_not_compared() {
        let mut slow = measured(Side::KafkaShipped, Acks::Written, 1, 10.0);
        slow.figures.achieved = Some(0.5);
        let all = [measured(Side::Creel, Acks::Written, 1, 40.0), slow];
        assert_eq!(advantage(&all, CELL, SIDES, &METRICS[3]), None);
        assert!(advantage(&all, CELL, SIDES, &METRICS[0]).is_some());
    }
}
