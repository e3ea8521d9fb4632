//! What all loads of a comparison have in common.

use loadgen_engine::payload::Payload;
use std::sync::Arc;
use std::time::Duration;

/// Fixed before the first load.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Producers, each with a connection of its own.
    pub producers: usize,
    /// Bytes of a message's value.
    pub message_bytes: usize,
    /// The values.
    pub payload: Arc<Payload>,
    /// Seed of the values.
    pub seed: u64,
    /// Before measuring.
    pub warmup: Duration,
    /// Measuring.
    pub measure: Duration,
    /// Delivered by RabbitMQ to a reader and not acknowledged, at most.
    pub prefetch: u16,
    /// The broker's CPUs.
    pub broker_cpus: String,
    /// How many CPUs the generator has.
    pub generator_cpus: usize,
}

/// Messages of one producer that are sent and not yet acknowledged, at most: what loadgen's `--in-flight 5` with
/// `--batch-bytes 64k` comes to with 1-KiB messages, so that both closed loops have the same length.
pub const UNCONFIRMED_MAX: usize = 300;
