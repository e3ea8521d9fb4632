//! What is sent in a round.

use std::time::Duration;

use clap::ValueEnum;

/// What a round's requests ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Appends, each sent as soon as an earlier one is answered.
    Produce,
    /// Appends at a fixed rate over all connections; response time counts from the intended instant.
    Paced {
        /// Requests a second.
        per_second: u32,
    },
    /// Reads of so many bytes each, over and over, from a log that lies in the page cache.
    Fetch {
        /// Bytes of records in each answer.
        bytes: usize,
    },
    /// The same, once through a log that does not lie in the page cache.
    ColdFetch {
        /// Bytes of records in each answer.
        bytes: usize,
    },
}

impl Work {
    /// Bytes of each answer's records, where the requests read.
    #[must_use]
    pub fn fetch_bytes(self) -> Option<usize> {
        match self {
            Work::Fetch { bytes } | Work::ColdFetch { bytes } => Some(bytes),
            Work::Produce | Work::Paced { .. } => None,
        }
    }

    /// The time between two requests of one of `connections`.
    #[must_use]
    pub fn interval(self, connections: usize) -> Option<Duration> {
        match self {
            Work::Paced { per_second } => {
                Some(Duration::from_secs_f64(connections as f64 / f64::from(per_second)))
            }
            _ => None,
        }
    }

    /// Requests a second over all connections, where they have a rate.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        match self {
            Work::Paced { per_second } => Some(f64::from(per_second)),
            _ => None,
        }
    }
}

/// How much each request carries or asks for, over how many connections, how many at a time.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its name in reports.
    pub name: &'static str,
    /// What is done with the batches.
    pub work: Work,
    /// Bytes of one record batch.
    pub batch_bytes: usize,
    /// Records in that batch.
    pub records: u32,
    /// Partitions of the topic; a connection sends to one after the other.
    pub partitions: i32,
    /// Connections.
    pub connections: usize,
    /// Requests a connection has unanswered at most.
    pub in_flight: usize,
}

impl Shape {
    /// Bytes of records that one request moves.
    #[must_use]
    pub fn bytes_per_request(&self) -> usize {
        self.work.fetch_bytes().unwrap_or(self.batch_bytes)
    }

    /// Records that one request moves.
    #[must_use]
    pub fn records_per_request(&self) -> usize {
        self.records as usize * self.bytes_per_request() / self.batch_bytes
    }
}

/// Appends to one partition, as fast as the answers come.
#[must_use]
pub const fn produce(
    name: &'static str,
    batch_bytes: usize,
    records: u32,
    connections: usize,
    in_flight: usize,
) -> Shape {
    Shape { name, work: Work::Produce, batch_bytes, records, partitions: 1, connections, in_flight }
}

const fn fetch(name: &'static str, work: Work, connections: usize) -> Shape {
    Shape { name, work, batch_bytes: 64 << 10, records: 64, partitions: 1, connections, in_flight: 1 }
}

/// One record of 1 KiB.
pub const SINGLE: Shape = produce("1KiB-single", 1 << 10, 1, 64, 1);

/// The shapes of the speed goals.
pub const SHAPES: [Shape; 9] = [
    produce("64KiB-batches", 64 << 10, 64, 4, 8),
    produce("16KB-batches", 16 << 10, 140, 8, 4),
    SINGLE,
    produce("1000x100B", 108_000, 1000, 4, 8),
    produce("100B-flood", 16 << 10, 140, 16, 16),
    Shape { work: Work::Paced { per_second: 2000 }, ..produce("16KB-at-2000/s", 16 << 10, 140, 8, 64) },
    fetch("fetch-1MiB", Work::Fetch { bytes: 1 << 20 }, 4),
    fetch("fetch-64KiB", Work::Fetch { bytes: 64 << 10 }, 8),
    fetch("fetch-cold", Work::ColdFetch { bytes: 1 << 20 }, 1),
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

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Acks::Written => "written",
            Acks::Durable => "durable",
        }
    }
}
