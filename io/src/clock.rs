//! Time: a monotonic clock for durations and a wall clock for what is written down.

use std::ops::{Add, Sub};
use std::time::Duration;

use crate::executor::context;
use crate::executor::core_state::Backend;
use crate::sim;

/// A moment on the monotonic clock, in nanoseconds since an arbitrary start. Virtual in the simulator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    /// A moment `nanos` nanoseconds after the clock's start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Instant {
        Instant(nanos)
    }

    /// Nanoseconds since the clock's start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The current moment; the same as [`now`].
    #[must_use]
    pub fn now() -> Instant {
        now()
    }

    /// How long ago this moment was; zero if it lies ahead.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        now().saturating_since(self)
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub fn saturating_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Instant {
    /// Nanoseconds from `earlier` to this moment; zero if `earlier` is later. Taking a `Duration` apart costs a division.
    #[must_use]
    #[inline]
    pub const fn nanos_since(self, earlier: Instant) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    /// Saturates at the end of the clock, some five hundred years on.
    fn add(self, rhs: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, rhs: Instant) -> Duration {
        self.saturating_since(rhs)
    }
}

/// The current moment on this core's monotonic clock. Outside a core: the machine's.
#[must_use]
#[inline]
pub fn now() -> Instant {
    if context::is_simulated() { simulated(sim::Here::now) } else { machine_now() }
}

/// Milliseconds since the Unix epoch, as Kafka stamps them.
#[must_use]
pub fn wall_clock_ms() -> i64 {
    if context::is_simulated() { simulated(sim::Here::wall_clock_ms) } else { machine_wall_clock_ms() }
}

#[cold]
fn simulated<T>(read: impl FnOnce(&sim::Here) -> T) -> T {
    context::with(|core| match &core.backend {
        Backend::Sim(here) => read(here),
        Backend::Ring(_) => unreachable!("the current core is a simulated one"),
    })
}

fn machine_now() -> Instant {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `ts` is a valid timespec that outlives the call, and CLOCK_MONOTONIC always exists on Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut ts) };
    Instant(ts.tv_sec as u64 * 1_000_000_000 + ts.tv_nsec as u64)
}

fn machine_wall_clock_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
