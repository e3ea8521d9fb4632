//! What time it is: a monotonic clock for durations and a wall clock for what is written down.
//!
//! Owns the reading of the machine's clocks. Of a simulated core it asks the core's environment, and knows nothing of it.

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

    /// How long ago this moment was; zero if it lies ahead.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        now().saturating_since(self)
    }
}

/// The current moment on this core's monotonic clock. Outside a core: the machine's.
#[must_use]
#[inline]
pub fn now() -> Instant {
    if context::is_simulated() { simulated(|environment| environment.now()) } else { machine_now() }
}

/// Milliseconds since the Unix epoch, as Kafka stamps them.
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
