//! Limits the lines in a time: a flood of requests must not become a flood of log lines.

use std::cell::Cell;
use std::time::Duration;

use creel_io::{Instant, now};

/// Lets so many lines of a kind pass in an interval, and counts the others.
#[derive(Debug)]
pub(crate) struct LogThrottle {
    lines: u32,
    interval: Duration,
    since: Cell<Option<Instant>>,
    passed: Cell<u32>,
    left_out: Cell<u64>,
}

impl LogThrottle {
    pub(crate) const fn new(lines: u32, interval: Duration) -> Self {
        let (since, passed, left_out) = (Cell::new(None), Cell::new(0), Cell::new(0));
        Self { lines, interval, since, passed, left_out }
    }

    /// Whether there may be a line now.
    pub(crate) fn permits(&self) -> Option<LeftOut> {
        if self.is_over() {
            self.since.set(Some(now()));
            self.passed.set(0);
        }
        if self.passed.get() < self.lines {
            self.passed.set(self.passed.get() + 1);
            return Some(LeftOut(self.left_out.take()));
        }
        self.left_out.set(self.left_out.get() + 1);
        None
    }

    /// How many lines were left out, if the interval is over and nobody has been told. They count as told now.
    pub(crate) fn take_left_out(&self) -> Option<u64> {
        (self.left_out.get() > 0 && self.is_over()).then(|| self.left_out.take())
    }

    fn is_over(&self) -> bool {
        self.since.get().is_none_or(|since| now().saturating_since(since) >= self.interval)
    }
}

/// How many lines like this one were left out since the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut(u64);

impl LeftOut {
    /// As a field of the line; none were is not worth a word.
    pub(crate) fn field(self) -> Option<u64> {
        (self.0 > 0).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use creel_io::sim::{Config, Simulation};
    use creel_io::sleep;

    use super::*;

    #[test]
    fn a_flood_of_lines_is_counted_and_the_count_is_told_once() {
        let mut sim = Simulation::new(1, Config::calm());
        let node = sim.add_node("node", 1);
        let story = async {
            let throttle = LogThrottle::new(2, Duration::from_secs(1));
            let told: Vec<_> = (0..5).map(|_| throttle.permits().map(LeftOut::field)).collect();
            assert_eq!(told, [Some(None), Some(None), None, None, None]);
            assert_eq!(throttle.take_left_out(), None);
            sleep(Duration::from_secs(1)).await;
            assert_eq!(throttle.permits().map(LeftOut::field), Some(Some(3)));
            assert_eq!(throttle.permits().map(LeftOut::field), Some(None));
            assert_eq!(throttle.permits(), None);
            sleep(Duration::from_secs(1)).await;
            assert_eq!((throttle.take_left_out(), throttle.take_left_out()), (Some(1), None));
        };
        sim.block_on(node, story).unwrap();
    }
}
