//! What is sent in a round.

use clap::ValueEnum;

/// How much each produce request carries, over how many connections, how many at a time.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its name in reports.
    pub name: &'static str,
    /// Bytes of the one record batch in each request.
    pub batch_bytes: usize,
    /// Records in that batch.
    pub records: u32,
    /// Connections, all driven by one core.
    pub connections: usize,
    /// Requests a connection has unanswered at most.
    pub in_flight: usize,
}

/// The shapes of the speed goals.
pub const SHAPES: [Shape; 3] = [
    Shape { name: "64KiB-batches", batch_bytes: 64 << 10, records: 64, connections: 4, in_flight: 8 },
    Shape { name: "16KB-batches", batch_bytes: 16 << 10, records: 140, connections: 8, in_flight: 4 },
    Shape { name: "1KiB-single", batch_bytes: 1 << 10, records: 1, connections: 64, in_flight: 1 },
];

/// When a produce request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Acks {
    /// After the write to the page cache (acks=1).
    Written,
    /// After fdatasync (acks=all).
    Durable,
}

impl Acks {
    /// The number that Kafka's protocol carries.
    #[must_use]
    pub fn wire(self) -> i16 {
        match self {
            Acks::Written => 1,
            Acks::Durable => -1,
        }
    }
}
