//! What a run tells of a broker that it killed.

use serde::{Deserialize, Serialize};

/// Of all crashes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CrashReport {
    /// How many crashes were asked for. Fewer happen when the run ends before, or an outage lasts into the next.
    pub asked: usize,
    /// Each, in order.
    pub kills: Vec<Kill>,
    /// Records in flight when a connection broke: neither acked nor refused, and not sent again.
    pub in_flight_unknown: u64,
    /// Acked, and not there at the end.
    pub lost: u64,
    /// Records in flight at a break that were there at the end. This is no fault.
    pub appeared: u64,
    /// There more than once.
    pub duplicates: u64,
    /// Read before a crash, and gone or another at the end: consumers have seen records that did not last.
    pub taken_back: u64,
}

/// One kill -9.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kill {
    /// When, in seconds since the window's start, as in the series.
    pub at_s: f64,
    /// The process that was killed.
    pub killed_pid: u32,
    /// From the last ack before to the first after; `None` when none came.
    pub down_s: Option<f64>,
    /// Records acked until then, since the run's start.
    pub acked_before: u64,
    /// Records in flight when their connections broke.
    pub in_flight_unknown: u64,
}
