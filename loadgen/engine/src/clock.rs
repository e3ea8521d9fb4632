//! Time: nanoseconds of CLOCK_MONOTONIC since the process began to measure, and a timer of the same precision.
//!
//! tokio's own timers tick in milliseconds, which is longer than what is measured here. So the timer is a timerfd
//! that is read through the ring.

use crate::runtime::TimerFile;
use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

static ORIGIN_NS: OnceLock<u64> = OnceLock::new();

const NANOS: u64 = 1_000_000_000;

fn monotonic_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * NANOS + time.tv_nsec as u64
}

fn origin_ns() -> u64 {
    *ORIGIN_NS.get_or_init(monotonic_ns)
}

/// Nanoseconds since the first call of this function in the process.
#[inline]
pub fn now_ns() -> u64 {
    let origin = origin_ns();
    monotonic_ns() - origin
}

/// Wall-clock milliseconds at instant 0 of [`now_ns`]: what turns an instant into a record's timestamp.
pub fn wall_at_zero_ms() -> i64 {
    let since_zero_ms = (now_ns() / 1_000_000) as i64;
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    wall.as_millis() as i64 - since_zero_ms
}

/// Blocks the calling thread until an instant of [`now_ns`].
pub fn sleep_until(at_ns: u64) {
    // A signal may wake it early; who needs to know looks at the clock.
    let _ = clock_nanosleep_absolute(ClockId::Monotonic, &timespec(origin_ns() + at_ns));
}

fn timespec(at_ns: u64) -> Timespec {
    Timespec { tv_sec: (at_ns / NANOS) as i64, tv_nsec: (at_ns % NANOS) as _ }
}

/// A timer that sleeps until an instant of [`now_ns`]. One task waits on it; any task may set it.
#[derive(Debug)]
pub struct Alarm {
    timer: OwnedFd,
}

impl Alarm {
    /// An alarm that is not set, and the file through which the ring waits for it.
    pub(crate) fn new() -> std::io::Result<(Alarm, TimerFile)> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
        let file = std::fs::File::from(timer.try_clone()?);
        Ok((Alarm { timer }, TimerFile::of(file)))
    }

    /// Rings at `at_ns`, or at once when that is past; what was set before is forgotten.
    pub fn set(&self, at_ns: u64) -> std::io::Result<()> {
        let at = timespec(origin_ns() + at_ns);
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: at };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &once)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime;

    #[test]
    fn an_alarm_rings_not_before_its_instant() {
        runtime::block_on(async {
            let (alarm, mut timer) = Alarm::new().unwrap();
            for wait_ns in [0, 150_000, 3_000_000] {
                let at = now_ns() + wait_ns;
                alarm.set(at).unwrap();
                timer.rung().await.unwrap();
                assert!(now_ns() >= at);
            }
        })
        .unwrap();
    }
}
