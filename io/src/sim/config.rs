//! The settings of the simulated world: delays, and how often things go wrong.
//!
//! Plain values. Must not know how they are used.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How the world behaves. The default has delays, short reads and writes, and cold caches, all of which real systems
/// may have, and no errors. [`Config::calm`] has none of these.
#[derive(Clone, Debug)]
pub struct Config {
    /// The virtual time that one poll of a task takes.
    pub poll_cost: RangeInclusive<Duration>,
    /// Sockets.
    pub network: NetworkConfig,
    /// Disks.
    pub disk: DiskConfig,
    /// The number of steps (polls, and moves of the clock) after which a run gives up.
    pub steps_max: u64,
    /// The number of events that are kept as text for [`Handle::trace`](super::Handle::trace).
    pub trace_events: usize,
    /// The wall clock when the simulation begins, in milliseconds since the Unix epoch.
    pub epoch_ms: i64,
}

/// How sockets behave.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// How long a segment is in transit. Each one gets its own delay, but none overtakes another of its connection.
    pub delay: RangeInclusive<Duration>,
    /// How many bytes a connection holds in one direction, between the sender and the receiving task. When it is full,
    /// the sender waits.
    pub buffer_bytes: usize,
    /// The probability that a send or a receive moves only a part of what it could.
    pub short: f64,
    /// The probability that a send resets its connection instead.
    pub reset: f64,
}

/// How disks behave.
#[derive(Clone, Debug)]
pub struct DiskConfig {
    /// How long a read takes that the page cache does not answer.
    pub read_latency: RangeInclusive<Duration>,
    /// How long a sync takes.
    pub sync_latency: RangeInclusive<Duration>,
    /// How long a write past the page cache takes ([`DurableFile`](crate::fs::DurableFile)).
    pub direct_latency: RangeInclusive<Duration>,
    /// The probability that a file can't be opened for writes past the page cache, as on some file systems.
    pub no_direct: f64,
    /// The probability that bytes are not in the page cache.
    pub cold: f64,
    /// The probability that a read or a write moves only a part of what was asked.
    pub short: f64,
    /// The probabilities that operations fail with EIO.
    pub errors: ErrorRates,
    /// The capacity of the disk in bytes, if it is bounded.
    pub capacity_bytes: Option<u64>,
}

/// The probabilities of EIO, by operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorRates {
    /// Of a read.
    pub read: f64,
    /// Of a write.
    pub write: f64,
    /// Of a sync. Some of what it should have made durable is then lost, as on Linux.
    pub sync: f64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            poll_cost: Duration::from_nanos(100)..=Duration::from_micros(5),
            network: NetworkConfig {
                delay: Duration::from_micros(10)..=Duration::from_millis(1),
                buffer_bytes: 128 << 10,
                short: 0.1,
                reset: 0.0,
            },
            disk: DiskConfig {
                read_latency: Duration::from_micros(20)..=Duration::from_millis(2),
                sync_latency: Duration::from_micros(50)..=Duration::from_millis(5),
                direct_latency: Duration::from_micros(20)..=Duration::from_millis(2),
                no_direct: 0.2,
                cold: 0.1,
                short: 0.05,
                errors: ErrorRates::default(),
                capacity_bytes: None,
            },
            steps_max: 20_000_000,
            trace_events: 400,
            epoch_ms: 1_767_225_600_000,
        }
    }
}

impl Config {
    /// Fixed delays, everything in the page cache, and no short reads or writes.
    #[must_use]
    pub fn calm() -> Config {
        let fixed = |micros| Duration::from_micros(micros)..=Duration::from_micros(micros);
        let rough = Config::default();
        Config {
            poll_cost: fixed(1),
            network: NetworkConfig { delay: fixed(50), short: 0.0, ..rough.network },
            disk: DiskConfig {
                read_latency: fixed(100),
                sync_latency: fixed(500),
                direct_latency: fixed(100),
                no_direct: 0.0,
                cold: 0.0,
                short: 0.0,
                ..rough.disk
            },
            ..rough
        }
    }
}
