//! The broker's goals: CPU per request against the floor, and against Apache Kafka, in the same run.

use crate::shape::Acks;

/// The bounds of one shape; `None` where none is set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Goal {
    /// The broker's CPU over the floor's, at most.
    pub over_floor: Option<f64>,
    /// Kafka's CPU over the broker's, at least.
    pub under_kafka: Option<f64>,
    /// Kafka's p99.9 over the broker's, at least.
    pub tail: Option<f64>,
}

/// The goal of a shape.
#[must_use]
pub fn goal(shape: &str, acks: Acks) -> Goal {
    let cpu = |floor, kafka| Goal { over_floor: floor, under_kafka: Some(kafka), tail: None };
    match (shape, acks) {
        ("64KiB-batches" | "1000x100B", Acks::Written) => cpu(Some(1.25), 12.0),
        ("16KB-batches", Acks::Written) => cpu(None, 9.0),
        ("1KiB-single", Acks::Written) => cpu(Some(1.5), 6.5),
        ("1KiB-single", Acks::Durable) => cpu(Some(1.5), 30.0),
        ("fetch-1MiB", _) => cpu(Some(1.3), 3.4),
        ("fetch-64KiB", _) => cpu(None, 6.0),
        ("16KB-at-2000/s", _) => Goal { tail: Some(10.0), ..Goal::default() },
        _ => Goal::default(),
    }
}

/// Kafka's peak memory over the broker's, at least.
pub const MEMORY: f64 = 10.0;

/// CPU over that of before a change, at most. Less than this is the spread of rounds.
pub const NOT_WORSE: f64 = 1.05;
