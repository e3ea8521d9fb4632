//! What a point of a sweep is judged by.

use super::point::Point;
use loadgen_result::text::thousands;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A figure, with a direction that is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// More is better.
    RecordsPerSecond,
    /// Of the response.
    Response(Quantile),
    /// From the intended time to the consumer.
    EndToEnd(Quantile),
    /// Sent, all frames.
    WireBytes,
    /// Of the segment files.
    DiskBytes,
    /// Broker and generator together, seconds per million records.
    Cpu,
    /// The broker's alone.
    BrokerCpu,
    /// The generator's alone.
    GeneratorCpu,
}

/// Where in a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names are what they are")]
pub enum Quantile {
    P50,
    P90,
    P99,
    P999,
    P9999,
    Max,
}

const QUANTILES: [(&str, Quantile); 6] = [
    ("p50", Quantile::P50),
    ("p90", Quantile::P90),
    ("p99", Quantile::P99),
    ("p99.9", Quantile::P999),
    ("p99.99", Quantile::P9999),
    ("max", Quantile::Max),
];

const OTHERS: [(&str, Criterion); 6] = [
    ("records/s", Criterion::RecordsPerSecond),
    ("wire-bytes", Criterion::WireBytes),
    ("disk-bytes", Criterion::DiskBytes),
    ("cpu", Criterion::Cpu),
    ("broker-cpu", Criterion::BrokerCpu),
    ("generator-cpu", Criterion::GeneratorCpu),
];

impl Criterion {
    /// Its value at `point`; latencies in milliseconds; of a rate that was held that rate.
    pub fn of(self, point: &Point) -> Option<f64> {
        let at = |quantiles: &Option<[f64; 6]>, quantile| {
            let place = QUANTILES.iter().position(|(_, known)| *known == quantile)?;
            quantiles.map(|quantiles| quantiles[place])
        };
        match self {
            Criterion::RecordsPerSecond => Some(point.rate()),
            Criterion::Response(quantile) => at(&point.response_ms, quantile),
            Criterion::EndToEnd(quantile) => at(&point.end_to_end_ms, quantile),
            Criterion::WireBytes => point.wire_bytes_per_record,
            Criterion::DiskBytes => point.disk_bytes_per_record,
            Criterion::Cpu => Some(point.broker_cpu_s_per_million? + point.generator_cpu_s_per_million?),
            Criterion::BrokerCpu => point.broker_cpu_s_per_million,
            Criterion::GeneratorCpu => point.generator_cpu_s_per_million,
        }
    }

    /// It says something only in an open loop.
    pub fn is_latency(self) -> bool {
        matches!(self, Criterion::Response(_) | Criterion::EndToEnd(_))
    }

    /// Better first, nothing last.
    pub fn order(self, one: Option<f64>, other: Option<f64>) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) if self == Criterion::RecordsPerSecond => other.total_cmp(&one),
            (Some(one), Some(other)) => one.total_cmp(&other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        }
    }

    /// Differences up to this share are chance more often than not.
    fn tolerance(self) -> f64 {
        match self {
            Criterion::RecordsPerSecond | Criterion::WireBytes | Criterion::DiskBytes => 0.01,
            Criterion::Cpu | Criterion::BrokerCpu | Criterion::GeneratorCpu => 0.05,
            Criterion::Response(_) | Criterion::EndToEnd(_) => 0.1,
        }
    }

    /// Better than `other`, or not so much worse that it counts.
    pub(super) fn is_as_good(self, one: Option<f64>, other: Option<f64>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) if self == Criterion::RecordsPerSecond => {
                one * (1.0 + self.tolerance()) >= other
            }
            (Some(one), Some(other)) => one <= other * (1.0 + self.tolerance()),
            (one, other) => one.is_some() || other.is_none(),
        }
    }

    /// With its unit.
    pub fn shown(self, value: f64) -> String {
        match self {
            Criterion::RecordsPerSecond => format!("{} records/s", thousands(value)),
            Criterion::Response(_) | Criterion::EndToEnd(_) => format!("{value:.2} ms"),
            Criterion::WireBytes | Criterion::DiskBytes => format!("{value:.1} B/record"),
            Criterion::Cpu | Criterion::BrokerCpu | Criterion::GeneratorCpu => {
                format!("{value:.3} s/M records")
            }
        }
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantile = |quantile| QUANTILES.iter().find(|(_, known)| *known == quantile).map_or("", |q| q.0);
        match self {
            Criterion::Response(at) => f.write_str(quantile(*at)),
            Criterion::EndToEnd(at) => write!(f, "e2e-{}", quantile(*at)),
            other => f.write_str(OTHERS.iter().find(|(_, known)| known == other).map_or("", |other| other.0)),
        }
    }
}

impl FromStr for Criterion {
    type Err = String;

    fn from_str(text: &str) -> Result<Criterion, String> {
        let quantile = |name: &str| QUANTILES.iter().find(|(known, _)| *known == name).map(|(_, at)| *at);
        let end_to_end = text.strip_prefix("e2e-").and_then(quantile).map(Criterion::EndToEnd);
        let other = || OTHERS.iter().find(|(known, _)| *known == text).map(|(_, metric)| *metric);
        let found = end_to_end.or_else(|| quantile(text).map(Criterion::Response)).or_else(other);
        found.ok_or_else(|| {
            let others: Vec<&str> = OTHERS.iter().map(|(name, _)| *name).collect();
            let others = others.join(", ");
            format!("unknown metric '{text}': p50, p90, p99, p99.9, p99.99, max, e2e-p99 and so on, {others}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let quantiles = QUANTILES.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("e2e-{name}")]);
        for name in quantiles.chain(OTHERS.iter().map(|(name, _)| (*name).to_owned())) {
            assert_eq!(name.parse::<Criterion>().unwrap().to_string(), name);
        }
        assert!("p98".parse::<Criterion>().unwrap_err().contains("unknown metric 'p98'"));
    }

    #[test]
    fn more_records_and_less_of_all_else_come_first_and_nothing_last() {
        let cpu = Criterion::Cpu;
        assert_eq!(Criterion::RecordsPerSecond.order(Some(5.0), Some(3.0)), Ordering::Less);
        assert_eq!(cpu.order(Some(3.0), Some(5.0)), Ordering::Less);
        assert_eq!((cpu.order(None, Some(5.0)), cpu.order(None, None)), (Ordering::Greater, Ordering::Equal));
    }

    #[test]
    fn what_is_a_little_worse_is_as_good() {
        let rate = Criterion::RecordsPerSecond;
        assert!(rate.is_as_good(Some(99.5), Some(100.0)) && !rate.is_as_good(Some(95.0), Some(100.0)));
        let cpu = Criterion::Cpu;
        assert!(cpu.is_as_good(Some(1.04), Some(1.0)) && !cpu.is_as_good(Some(1.06), Some(1.0)));
        assert!(cpu.is_as_good(Some(0.1), Some(1.0)) && cpu.is_as_good(Some(0.1), None));
        assert!(!cpu.is_as_good(None, Some(1.0)) && cpu.is_as_good(None, None));
    }
}
