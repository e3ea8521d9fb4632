//! What one load told, in one form for both systems.

use crate::arm::Arm;
use loadgen_result::latency::Percentiles;
use loadgen_result::report::verification::Findings;
use serde::{Deserialize, Serialize};

/// The load's form.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Closed loop with one reader: the highest rate.
    Maximum,
    /// Closed loop with three readers that each get everything.
    FanOut,
    /// Open loop at a rate common to all, messages per second.
    Rate(f64),
    /// The same with nobody reading: every acknowledgement has to wait for what it stands for.
    Stored(f64),
    /// Open loop at four fifths of what this one reached in the same round and read as fast.
    OwnReach,
}

/// One load's figures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// Messages per second meant to be sent, in an open loop.
    pub target_rate: Option<f64>,
    /// Messages per second acknowledged within the window.
    pub acked_per_s: f64,
    /// Messages per second read within the window, by the reader with the latency below.
    pub read_per_s: f64,
    /// Ack less intended time.
    pub response: Option<Percentiles>,
    /// Read less intended time.
    pub end_to_end: Option<Percentiles>,
    /// CPU seconds of the broker per million messages acknowledged.
    pub broker_cpu_s_per_million: f64,
    /// Share of its cores' time that the generator used.
    pub generator_busy: f64,
    /// Resident memory of the broker at its most during the load, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Of the judge: confirmed and never read, read twice, read out of a producer's order.
    pub findings: Findings,
    /// Due and not sent when the load ended.
    pub unsent: u64,
}

impl Figures {
    /// What was both acknowledged and read: the slower of the two.
    pub fn sustained_per_s(&self) -> f64 {
        self.acked_per_s.min(self.read_per_s)
    }

    /// Share of the target that was reached.
    pub fn achieved(&self) -> Option<f64> {
        self.target_rate.map(|rate| self.acked_per_s / rate)
    }
}

/// One load of one round.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// From 0.
    pub round: usize,
    /// Which system.
    pub arm: Arm,
    /// Which load.
    pub kind: Kind,
    /// What it told.
    pub figures: Figures,
}

/// What a kill -9 in the middle of a load left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Crash {
    /// Which system.
    pub arm: Arm,
    /// Messages confirmed before the kill.
    pub confirmed: u64,
    /// Of those, not there after the restart.
    pub lost: u64,
    /// There, though never confirmed: allowed.
    pub unconfirmed_there: u64,
    /// There twice.
    pub duplicated: u64,
    /// Not in their producer's order.
    pub reordered: u64,
    /// From the start of the process until it served again, seconds.
    pub restart_s: f64,
    /// Bytes on disk per confirmed message, all of it still stored.
    pub disk_bytes_per_message: f64,
}

/// What readers see when one of them dies, and what can be read again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// Which system.
    pub arm: Arm,
    /// Messages stored beforehand.
    pub stored: u64,
    /// One reader dies, another goes on: messages processed twice.
    pub handover_twice: u64,
    /// The same: messages that the second reader got after a later one of their producer.
    pub handover_reordered: u64,
    /// The same: never processed.
    pub handover_lost: u64,
    /// Two readers compete, one dies. Processed after a later one of their producer, whoever processed that; `None` where
    /// two can't compete for one partition.
    pub competing_reordered: Option<u64>,
    /// The same: of these, seen so by one and the same reader.
    pub competing_reordered_for_one: Option<u64>,
    /// Messages that could be read once more after all had been read and acknowledged.
    pub replayed: u64,
    /// Messages read from an offset in the middle; `None` where there are no offsets.
    pub replayed_from_middle: Option<u64>,
}
