//! Creel against Kafka, figure by figure: how many times better, who is ahead in every round, which rates were not
//! held.

use creel_benches::dispersion::Dispersion;
use creel_benches::round::{Round, Side};
use creel_benches::shape::Acks;

use crate::figures::{Cell, Measured, Rounds};

/// Two that are set against each other under one kind of ack.
pub(crate) struct Match {
    pub(crate) acks: Acks,
    pub(crate) kafka: Side,
    pub(crate) title: &'static str,
}

/// The first two compare like with like.
pub(crate) const MATCHES: [Match; 3] = [
    Match {
        acks: Acks::Written,
        kafka: Side::KafkaShipped,
        title: "acks=1 against Kafka as shipped: both answer after the write to the page cache",
    },
    Match {
        acks: Acks::Durable,
        kafka: Side::KafkaFlush,
        title: "acks=all against Kafka with `flush.messages=1`: both answer after a sync",
    },
    Match {
        acks: Acks::Durable,
        kafka: Side::KafkaShipped,
        title: "acks=all against Kafka as shipped: Creel answers after a sync, Kafka (one replica) does not wait for the disk",
    },
];

/// What is compared.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&Round) -> f64,
    pub(crate) more_is_better: bool,
    /// Says nothing where a rate was not held: it is then that of an overload.
    pub(crate) is_latency: bool,
}

const fn latency(name: &'static str, of: fn(&Round) -> f64) -> Metric {
    Metric { name, of, more_is_better: false, is_latency: true }
}

pub(crate) const METRICS: [Metric; 6] = [
    Metric {
        name: "records/s",
        of: |round| round.records_per_second,
        more_is_better: true,
        is_latency: false,
    },
    Metric {
        name: "CPU per GB",
        of: |round| round.cpu_seconds_per_gb,
        more_is_better: false,
        is_latency: false,
    },
    latency("p50", |round| f64::from(round.p50_us)),
    latency("p99", |round| f64::from(round.p99_us)),
    latency("p99.9", |round| f64::from(round.p999_us)),
    Metric {
        name: "peak memory",
        of: |round| round.peak_memory_mib,
        more_is_better: false,
        is_latency: false,
    },
];

/// Ratios closer to 1 than this are no difference worth a word.
const TELLING: f64 = 1.05;

/// How many times better Creel is in a cell, over the rounds; below 1 Kafka is.
pub(crate) fn advantage(all: &[Measured], cell: Cell, kafka: Side, metric: &Metric) -> Option<Dispersion> {
    let (creel, kafka) = (Rounds::of(all, cell, Side::Creel), Rounds::of(all, cell, kafka));
    if metric.is_latency && !(creel.is_held() && kafka.is_held()) {
        return None;
    }
    if metric.more_is_better { creel.over(&kafka, metric.of) } else { kafka.over(&creel, metric.of) }
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

    #[test]
    fn better_is_more_records_and_less_cpu() {
        let all = [
            measured(Side::Creel, Acks::Written, 1, 40.0),
            measured(Side::KafkaShipped, Acks::Written, 1, 10.0),
        ];
        for metric in &METRICS[..2] {
            let dispersion = advantage(&all, CELL, Side::KafkaShipped, metric);
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
        assert_eq!(advantage(&all, CELL, Side::KafkaShipped, &METRICS[3]), None);
        assert!(advantage(&all, CELL, Side::KafkaShipped, &METRICS[0]).is_some());
    }
}
