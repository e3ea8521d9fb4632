//! The figures that a comparison can be asked for, as options name them.

use clap::ValueEnum;
use loadgen_result::comparison::metric;

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Metric {
    /// Records acked per second
    RecordsPerS,
    /// Median response
    P50,
    /// 99th percentile of response
    P99,
    /// 99.9th percentile of response
    P999,
    /// 99th percentile from intended to read
    EndToEndP99,
    /// CPU seconds of the broker per million records
    BrokerCpu,
    /// Resident memory of the broker at its most
    BrokerMemory,
}

impl Metric {
    /// The same, as comparisons know it.
    pub(super) fn of_a_comparison(self) -> metric::Metric {
        match self {
            Metric::RecordsPerS => metric::Metric::RecordsPerS,
            Metric::P50 => metric::Metric::P50,
            Metric::P99 => metric::Metric::P99,
            Metric::P999 => metric::Metric::P999,
            Metric::EndToEndP99 => metric::Metric::EndToEndP99,
            Metric::BrokerCpu => metric::Metric::BrokerCpu,
            Metric::BrokerMemory => metric::Metric::BrokerMemory,
        }
    }
}
