//! What a point of a sweep is judged by.

use super::point::Point;
use loadgen_result::text::thousands;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A figure, with a direction that is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
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

const OTHERS: [(&str, Metric); 6] = [
    ("records/s", Metric::RecordsPerSecond),
    ("wire-bytes", Metric::WireBytes),
    ("disk-bytes", Metric::DiskBytes),
    ("cpu", Metric::Cpu),
    ("broker-cpu", Metric::BrokerCpu),
    ("generator-cpu", Metric::GeneratorCpu),
];

impl Metric {
    /// Its value at `point`; latencies in milliseconds; of a rate that was held that rate.
    pub fn of(self, point: &Point) -> Option<f64> {
        let at = |quantiles: &Option<[f64; 6]>, quantile| {
            let place = QUANTILES.iter().position(|(_, known)| *known == quantile)?;
            quantiles.map(|quantiles| quantiles[place])
        };
        match self {
            Metric::RecordsPerSecond => Some(point.rate()),
            Metric::Response(quantile) => at(&point.response_ms, quantile),
            Metric::EndToEnd(quantile) => at(&point.end_to_end_ms, quantile),
            Metric::WireBytes => point.wire_bytes_per_record,
            Metric::DiskBytes => point.disk_bytes_per_record,
            Metric::Cpu => Some(point.broker_cpu_s_per_million? + point.generator_cpu_s_per_million?),
            Metric::BrokerCpu => point.broker_cpu_s_per_million,
            Metric::GeneratorCpu => point.generator_cpu_s_per_million,
        }
    }

    /// It says something only in an open loop.
    pub fn is_latency(self) -> bool {
        matches!(self, Metric::Response(_) | Metric::EndToEnd(_))
    }

    /// Better first, nothing last.
    pub fn order(self, one: Option<f64>, other: Option<f64>) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) if self == Metric::RecordsPerSecond => other.total_cmp(&one),
            (Some(one), Some(other)) => one.total_cmp(&other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        }
    }

    /// Differences up to this share are chance more often than not.
    fn tolerance(self) -> f64 {
        match self {
            Metric::RecordsPerSecond | Metric::WireBytes | Metric::DiskBytes => 0.01,
            Metric::Cpu | Metric::BrokerCpu | Metric::GeneratorCpu => 0.05,
            Metric::Response(_) | Metric::EndToEnd(_) => 0.1,
        }
    }

    /// Better than `other`, or not so much worse that it counts.
    pub(super) fn is_as_good(self, one: Option<f64>, other: Option<f64>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) if self == Metric::RecordsPerSecond => {
                one * (1.0 + self.tolerance()) >= other
            }
            (Some(one), Some(other)) => one <= other * (1.0 + self.tolerance()),
            (one, other) => one.is_some() || other.is_none(),
        }
    }

    /// With its unit.
    pub fn shown(self, value: f64) -> String {
        match self {
            Metric::RecordsPerSecond => format!("{} records/s", thousands(value)),
            Metric::Response(_) | Metric::EndToEnd(_) => format!("{value:.2} ms"),
            Metric::WireBytes | Metric::DiskBytes => format!("{value:.1} B/record"),
            Metric::Cpu | Metric::BrokerCpu | Metric::GeneratorCpu => format!("{value:.3} s/M records"),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantile = |quantile| QUANTILES.iter().find(|(_, known)| *known == quantile).map_or("", |q| q.0);
        match self {
            Metric::Response(at) => f.write_str(quantile(*at)),
            Metric::EndToEnd(at) => write!(f, "e2e-{}", quantile(*at)),
            other => f.write_str(OTHERS.iter().find(|(_, known)| known == other).map_or("", |other| other.0)),
        }
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Metric, String> {
        let quantile = |name: &str| QUANTILES.iter().find(|(known, _)| *known == name).map(|(_, at)| *at);
        let end_to_end = text.strip_prefix("e2e-").and_then(quantile).map(Metric::EndToEnd);
        let other = || OTHERS.iter().find(|(known, _)| *known == text).map(|(_, metric)| *metric);
        let found = end_to_end.or_else(|| quantile(text).map(Metric::Response)).or_else(other);
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
            assert_eq!(name.parse::<Metric>().unwrap().to_string(), name);
        }
        assert!("p98".parse::<Metric>().unwrap_err().contains("unknown metric 'p98'"));
    }

    #[test]
    fn more_records_and_less_of_all_else_come_first_and_nothing_last() {
        let cpu = Metric::Cpu;
        assert_eq!(Metric::RecordsPerSecond.order(Some(5.0), Some(3.0)), Ordering::Less);
        assert_eq!(cpu.order(Some(3.0), Some(5.0)), Ordering::Less);
        assert_eq!((cpu.order(None, Some(5.0)), cpu.order(None, None)), (Ordering::Greater, Ordering::Equal));
    }

    #[test]
    fn what_is_a_little_worse_is_as_good() {
        let rate = Metric::RecordsPerSecond;
        assert!(rate.is_as_good(Some(99.5), Some(100.0)) && !rate.is_as_good(Some(95.0), Some(100.0)));
        let cpu = Metric::Cpu;
        assert!(cpu.is_as_good(Some(1.04), Some(1.0)) && !cpu.is_as_good(Some(1.06), Some(1.0)));
        assert!(cpu.is_as_good(Some(0.1), Some(1.0)) && cpu.is_as_good(Some(0.1), None));
        assert!(!cpu.is_as_good(None, Some(1.0)) && cpu.is_as_good(None, None));
    }
}
