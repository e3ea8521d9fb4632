//! Counters over the last seconds, so that rates and the last second's latencies can be shown.

use loadgen_engine::run_state::{RunState, Totals};
use loadgen_engine::sketch::Counts;
use std::collections::VecDeque;

/// Looks that are kept; at four a second, two minutes and a half.
const LOOKS_MAX: usize = 600;
const SECOND_NS: u64 = 1_000_000_000;

/// The counters at one instant.
#[derive(Debug, Clone, Copy, Default)]
struct Look {
    at_ns: u64,
    totals: Totals,
}

/// Looks at a run's state.
#[derive(Debug, Default)]
pub struct History {
    looks: VecDeque<Look>,
    /// The distributions of about the last second, the oldest first.
    recent: VecDeque<(u64, Counts)>,
    start: Option<(u64, Counts)>,
}

/// Per second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rates {
    /// Records acked.
    pub acked: f64,
    /// Bytes of them.
    pub acked_bytes: f64,
    /// Records read.
    pub read: f64,
}

impl History {
    /// Takes a look.
    pub fn look(&mut self, now_ns: u64, run_state: &RunState) {
        let counts = run_state.response_counts();
        self.looks.push_back(Look { at_ns: now_ns, totals: run_state.totals() });
        if self.looks.len() > LOOKS_MAX {
            self.looks.pop_front();
        }
        let measured_from = run_state.start_ns().map(|_| run_state.window().from_ns);
        if self.start.is_none() && measured_from.is_some_and(|from| now_ns >= from) {
            self.start = Some((now_ns, counts.clone()));
        }
        self.recent.push_back((now_ns, counts));
        while self.recent.len() > 2 && self.recent[1].0 + SECOND_NS <= now_ns {
            self.recent.pop_front();
        }
    }

    /// Over the last second.
    pub fn rates(&self) -> Rates {
        let Some(last) = self.looks.back() else { return Rates::default() };
        let before = self.looks.iter().rev().find(|look| look.at_ns + SECOND_NS <= last.at_ns);
        let Some(before) = before.or(self.looks.front()) else { return Rates::default() };
        let seconds = last.at_ns.saturating_sub(before.at_ns) as f64 / 1e9;
        if seconds <= 0.0 {
            return Rates::default();
        }
        let per_second = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        Rates {
            acked: per_second(last.totals.acked_records, before.totals.acked_records),
            acked_bytes: per_second(last.totals.acked_bytes, before.totals.acked_bytes),
            read: per_second(last.totals.consumed_records, before.totals.consumed_records),
        }
    }

    /// Records acked per second between looks, the oldest first.
    pub fn time_series(&self) -> Vec<u64> {
        let pairs = self.looks.iter().zip(self.looks.iter().skip(1));
        let rate = |(before, after): (&Look, &Look)| {
            let records = after.totals.acked_records.saturating_sub(before.totals.acked_records);
            let seconds = after.at_ns.saturating_sub(before.at_ns) as f64 / 1e9;
            if seconds > 0.0 { (records as f64 / seconds) as u64 } else { 0 }
        };
        pairs.map(rate).collect()
    }

    /// Response times of about the last second.
    pub fn last_second(&self) -> Counts {
        match (self.recent.front(), self.recent.back()) {
            (Some((_, before)), Some((_, now))) => now.since(before),
            _ => Counts::default(),
        }
    }

    /// Response times since measuring began; before, of everything.
    pub fn so_far(&self) -> Counts {
        let now = self.recent.back().map(|(_, now)| now.clone()).unwrap_or_default();
        self.start.as_ref().map_or(now.clone(), |(_, start)| now.since(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_last_second_not_of_the_whole() {
        let run_state = RunState::new(1, 1, 1);
        let mut history = History::default();
        for step in 0..20u64 {
            run_state.progress(0).acked(if step < 10 { 1_000 } else { 10 }, 100);
            run_state.progress(0).response.record(if step < 10 { 1_000_000 } else { 90_000_000 }, 1);
            history.look(step * 200_000_000, &run_state);
        }
        assert_eq!(history.rates().acked.round(), 50.0);
        assert_eq!(history.time_series().len(), 19);
        assert!(history.last_second().at_quantile(0.1).unwrap() > 80.0);
        assert!(history.so_far().at_quantile(0.5).unwrap() < 2.0);
    }
}
