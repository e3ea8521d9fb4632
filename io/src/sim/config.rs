//! How rough the simulated world is.
//!
//! Values. Knows nothing of how they are used.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The world's manners. The default is rough but legal: delays, short reads and writes, cold caches, and no errors.
/// [`Config::calm`] has none of these.
#[derive(Clone, Debug)]
pub struct Config {
    /// What one poll of a task costs in virtual time.
    pub poll_cost: RangeInclusive<Duration>,
    /// Sockets.
    pub network: NetworkConfig,
    /// Disks.
    pub disk: DiskConfig,
    /// Steps (polls, and leaps of the clock) after which a run gives up.
    pub steps_max: u64,
    /// Events kept in words for [`Handle::trace`](super::Handle::trace).
    pub trace_events: usize,
    /// What the wall clock says when the simulation begins, in milliseconds since the Unix epoch.
    pub epoch_ms: i64,
}

/// How sockets behave.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// How long a segment travels. Each draws its own delay, but none overtakes another of its connection.
    pub delay: RangeInclusive<Duration>,
    /// Bytes a connection holds in one direction between the sender and the receiving task. A full one makes the sender wait.
    pub buffer_bytes: usize,
    /// How likely a send or a receive moves only a part of what it could.
    pub short: f64,
    /// How likely a send resets its connection instead.
    pub reset: f64,
}

/// How disks behave.
#[derive(Clone, Debug)]
pub struct DiskConfig {
    /// How long a read that is not answered from the cache takes.
    pub read_latency: RangeInclusive<Duration>,
    /// How long a sync takes.
    pub sync_latency: RangeInclusive<Duration>,
    /// How likely bytes are not in the page cache.
    pub cold: f64,
    /// How likely a read or a write moves only a part of what was asked.
    pub short: f64,
    /// How likely operations fail with EIO.
    pub errors: ErrorRates,
    /// Bytes that fit, if bounded.
    pub capacity_bytes: Option<u64>,
}

/// Probabilities of EIO, by operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorRates {
    /// Of a read.
    pub read: f64,
    /// Of a write.
    pub write: f64,
    /// Of a sync; what it should have made durable is then lost in part, as on Linux.
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
    /// Fixed delays, everything in the cache, nothing cut short.
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
                cold: 0.0,
                short: 0.0,
                ..rough.disk
            },
            ..rough
        }
    }
}
