//! Sleeping until an instant of loadgen's clock, to the microsecond: tokio's own timers tick in milliseconds.

use crate::error::{BenchError, Result};
use loadgen_engine::clock::now_ns;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;

const NANOS: u64 = 1_000_000_000;

/// One sleeper's timer.
#[derive(Debug)]
pub struct Pacer {
    timer: AsyncFd<OwnedFd>,
    set_to_ns: u64,
}

impl Pacer {
    /// Inside a runtime.
    #[expect(deprecated, reason = "unsound for types that lie about their descriptor; an OwnedFd does not")]
    pub fn new() -> Result<Pacer> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK);
        let timer = timer.map_err(std::io::Error::from).and_then(AsyncFd::new);
        Ok(Pacer { timer: timer.map_err(BenchError::system("a timer"))?, set_to_ns: 0 })
    }

    /// Returns when `at_ns` has come.
    pub async fn until(&mut self, at_ns: u64) -> Result<()> {
        loop {
            let left_ns = at_ns.saturating_sub(now_ns());
            if left_ns == 0 {
                return Ok(());
            }
            if self.set_to_ns != at_ns {
                self.set(left_ns)?;
                self.set_to_ns = at_ns;
            }
            let mut ready = self.timer.readable().await.map_err(BenchError::system("a timer"))?;
            let _ = rustix::io::read(self.timer.get_ref(), &mut [0; 8]); // how often it rang does not matter
            ready.clear_ready();
            self.set_to_ns = 0;
        }
    }

    fn set(&self, left_ns: u64) -> Result<()> {
        let value = Timespec { tv_sec: (left_ns / NANOS) as i64, tv_nsec: (left_ns % NANOS) as _ };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        let set = timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once);
        set.map(drop).map_err(|why| BenchError::system("a timer")(why.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_never_wakes_early() {
        let mut pacer = Pacer::new().unwrap();
        for wait_ns in [0, 50_000, 2_500_000] {
            let at = now_ns() + wait_ns;
            pacer.until(at).await.unwrap();
            assert!(now_ns() >= at);
        }
    }
}
