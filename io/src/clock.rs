//! Reads the time: a monotonic clock for durations, and a wall clock for timestamps.
//!
//! Owns the reading of the machine's clocks. On a simulated core it asks the core's environment, and knows nothing else
//! of the simulator.

use std::time::Duration;

use crate::executor::context;
use crate::executor::environment::Environment;
use crate::instant::Instant;

impl Instant {
    /// The current moment; the same as [`now`].
    #[must_use]
    pub fn now() -> Instant {
        now()
    }

    /// How long ago this moment was; zero if it lies in the future.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        now().saturating_since(self)
    }
}

/// The current moment on this core's monotonic clock. Outside a core, it is the machine's clock.
#[must_use]
#[inline]
pub fn now() -> Instant {
    if context::is_simulated() { simulated(|environment| environment.now()) } else { machine_now() }
}

/// The wall clock in milliseconds since the Unix epoch, as Kafka's timestamps are.
#[must_use]
pub fn wall_clock_ms() -> i64 {
    if context::is_simulated() {
        simulated(|environment| environment.wall_clock_ms())
    } else {
        machine_wall_clock_ms()
    }
}

#[cold]
fn simulated<T>(read: impl FnOnce(&dyn Environment) -> T) -> T {
    context::with(|core| read(core.environment().expect("the current core is a simulated one")))
}

fn machine_now() -> Instant {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `ts` is a valid timespec that outlives the call, and CLOCK_MONOTONIC always exists on Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut ts) };
    Instant::from_nanos(ts.tv_sec as u64 * 1_000_000_000 + ts.tv_nsec as u64)
}

fn machine_wall_clock_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
