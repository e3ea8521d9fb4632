//! What can be compared.

use super::Verdict;
use crate::latency::Percentiles;
use crate::report::Figures;
use serde::{Deserialize, Serialize};

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Acked records per second.
    RecordsPerS,
    /// The median of the response time.
    P50,
    /// The 99th percentile of the response time.
    P99,
    /// Its 99.9th percentile.
    P999,
    /// The 99th percentile of the time from when a record was due to its arrival at a consumer.
    EndToEndP99,
    /// CPU seconds of the broker per million records.
    BrokerCpu,
    /// The highest resident memory of the broker.
    BrokerMemory,
}

impl Metric {
    /// All, in the order in which they are shown. Options that name a metric are made from this list.
    pub fn all() -> &'static [Metric] {
        &[
            Metric::RecordsPerS,
            Metric::P50,
            Metric::P99,
            Metric::P999,
            Metric::EndToEndP99,
            Metric::BrokerCpu,
            Metric::BrokerMemory,
        ]
    }

    /// As options and JSON name it.
    pub fn name(self) -> &'static str {
        match self {
            Metric::RecordsPerS => "records-per-s",
            Metric::P50 => "p50",
            Metric::P99 => "p99",
            Metric::P999 => "p999",
            Metric::EndToEndP99 => "end-to-end-p99",
            Metric::BrokerCpu => "broker-cpu",
            Metric::BrokerMemory => "broker-memory",
        }
    }

    /// What it is, in a line for a help text.
    pub fn about(self) -> &'static str {
        match self {
            Metric::RecordsPerS => "Acked records per second",
            Metric::P50 => "Median response time",
            Metric::P99 => "99th percentile of the response time",
            Metric::P999 => "99.9th percentile of the response time",
            Metric::EndToEndP99 => {
                "99th percentile of the time from when a record was due to its arrival at a consumer"
            }
            Metric::BrokerCpu => "CPU seconds of the broker per million records",
            Metric::BrokerMemory => "Peak resident memory of the broker",
        }
    }

    /// Its value in a run, where it was measured.
    pub fn of(self, figures: &Figures) -> Option<f64> {
        let response = |pick: fn(&Percentiles) -> f64| figures.response.as_ref().map(pick);
        let value = match self {
            Metric::RecordsPerS => Some(figures.records_per_s),
            Metric::P50 => response(|p| p.p50_us),
            Metric::P99 => response(|p| p.p99_us),
            Metric::P999 => response(|p| p.p999_us),
            Metric::EndToEndP99 => figures.end_to_end.as_ref().map(|p| p.p99_us),
            Metric::BrokerCpu => figures.broker_cpu_s_per_million,
            Metric::BrokerMemory => figures.broker_peak_memory_bytes.map(|bytes| bytes as f64),
        };
        value.filter(|value| *value > 0.0) // a ratio needs both sides
    }

    /// More of it is better.
    pub fn is_better_higher(self) -> bool {
        self == Metric::RecordsPerS
    }

    /// With its unit.
    pub fn title(self) -> &'static str {
        match self {
            Metric::RecordsPerS => "records/s",
            Metric::P50 => "response p50 ms",
            Metric::P99 => "response p99 ms",
            Metric::P999 => "response p99.9 ms",
            Metric::EndToEndP99 => "end to end p99 ms",
            Metric::BrokerCpu => "broker CPU s/M",
            Metric::BrokerMemory => "broker memory MB",
        }
    }

    /// In the unit of its title.
    pub fn shown(self, value: f64) -> String {
        match self {
            Metric::RecordsPerS => crate::text::thousands(value),
            Metric::BrokerCpu => format!("{value:.3}"),
            Metric::BrokerMemory => format!("{:.1}", value / 1e6),
            _ => format!("{:.3}", value / 1e3),
        }
    }

    /// What B has beside A, in a table's cell.
    pub fn word(self, verdict: Verdict) -> &'static str {
        match (verdict, self) {
            (Verdict::Inconclusive, _) => "inconclusive",
            (Verdict::Better, Metric::RecordsPerS) => "more records/s",
            (Verdict::Worse, Metric::RecordsPerS) => "fewer records/s",
            (Verdict::Better, Metric::BrokerCpu) => "less CPU",
            (Verdict::Worse, Metric::BrokerCpu) => "more CPU",
            (Verdict::Better, Metric::BrokerMemory) => "less memory",
            (Verdict::Worse, Metric::BrokerMemory) => "more memory",
            (Verdict::Better, _) => "shorter",
            (Verdict::Worse, _) => "longer",
        }
    }

    /// `B ... A`, in a sentence; `None` where nothing is claimed.
    pub fn claim(self, verdict: Verdict) -> Option<&'static str> {
        Some(match (verdict, self) {
            (Verdict::Inconclusive, _) => return None,
            (Verdict::Better, Metric::RecordsPerS) => "handles more records per second than",
            (Verdict::Worse, Metric::RecordsPerS) => "handles fewer records per second than",
            (Verdict::Better, Metric::BrokerCpu) => "uses less CPU than",
            (Verdict::Worse, Metric::BrokerCpu) => "uses more CPU than",
            (Verdict::Better, Metric::BrokerMemory) => "uses less memory than",
            (Verdict::Worse, Metric::BrokerMemory) => "uses more memory than",
            (Verdict::Better, Metric::EndToEndP99) => "delivers sooner than",
            (Verdict::Worse, Metric::EndToEndP99) => "delivers later than",
            (Verdict::Better, _) => "answers sooner than",
            (Verdict::Worse, _) => "answers later than",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json_and_each_is_told_once() {
        for metric in Metric::all() {
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.name());
            assert_eq!(Metric::all().iter().filter(|other| other.name() == metric.name()).count(), 1);
        }
    }
}
