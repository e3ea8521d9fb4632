//! What a run's result holds beyond single figures: whole distributions and the run over time.

use crate::latency::Percentiles;
use serde::{Deserialize, Serialize};

/// Whole histograms in HdrHistogram's own portable form: V2, deflated, base64, values in nanoseconds. Any HdrHistogram
/// tool reads them, and two runs' can be merged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distributions {
    /// Ack less intended time.
    pub response: Option<String>,
    /// Handed to the socket less intended time.
    pub queue: Option<String>,
    /// Ack less handed to the socket.
    pub service: Option<String>,
    /// Read less intended time.
    pub end_to_end: Option<String>,
}

/// A piece of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeSlice {
    /// Its start, seconds since the window's; negative during the warm-up.
    pub at_s: f64,
    /// Its length.
    pub seconds: f64,
    /// Records acked in it.
    pub acked_records: u64,
    /// Bytes of their keys and values.
    pub acked_bytes: u64,
    /// Records read back in it.
    pub consumed_records: u64,
    /// Acked and not yet read at its end.
    pub behind_records: u64,
    /// Of records acked in it: ack less intended time.
    pub response: Option<Percentiles>,
    /// Of records read in it: read less intended time.
    pub end_to_end: Option<Percentiles>,
    /// CPU seconds of the broker, where its process is known.
    pub broker_cpu_s: Option<f64>,
    /// CPU seconds of the generator.
    pub generator_cpu_s: f64,
}

/// One stage of a request's way through the broker, over all its cores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// `receive`, `parse`, `queue`, `recompress`, `hop`, `write`, `fsync` or `send`.
    pub stage: String,
    /// How long it took.
    pub percentiles: Percentiles,
    /// Its share of all stages' time.
    pub share: f64,
    /// Whole, as in [`Distributions`].
    pub distribution: String,
}

/// What the cores of a broker asked of each other for Produce and Fetch requests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BetweenCores {
    /// Questions to another core, per request.
    pub hops_per_request: f64,
    /// The share of the requests for which no other core was asked.
    pub local_share: f64,
    /// Bytes of records that one core had from another, uncopied.
    pub record_bytes: u64,
    /// Messages that shared a place in a mailbox, on average.
    pub messages_per_packet: f64,
    /// How often a core that slept was woken by another one, per request.
    pub wakes_per_request: f64,
}
