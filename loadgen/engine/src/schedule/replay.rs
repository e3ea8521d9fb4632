//! Recorded times as a schedule.
//!
//! Each producer has a lane: the records of its own partitions. So each partition keeps its order, however far one
//! producer falls behind another. With n producers a lane has every n-th partition. A run that is longer than the
//! recording begins it anew, one mean gap after its last record.

use crate::error::EngineError;
use crate::payload::Payload;
use std::sync::Arc;

/// A recording, spread over producers.
#[derive(Debug, PartialEq)]
pub struct Replay {
    speed: f64,
    /// Of all records, since the first.
    at_ns: Vec<u64>,
    period_ns: u64,
    lanes: Vec<Arc<Lane>>,
}

/// What one producer sends, and when.
#[derive(Debug, PartialEq)]
pub struct Lane {
    records: Vec<u32>,
    at_ns: Vec<u64>,
    period_ns: u64,
}

impl Replay {
    /// Of `payload`, whose records go to the partitions `routes`, at `speed` times the recorded one.
    pub fn new(
        payload: &Payload,
        routes: &[u32],
        producers: usize,
        speed: f64,
    ) -> Result<Replay, EngineError> {
        let Some(recorded) = payload.recorded() else {
            return Err(EngineError::Options("--replay needs a --payload-topic".into()));
        };
        let first_ms = recorded.at_ms(0);
        let since = |index| (recorded.at_ms(index).abs_diff(first_ms) as f64 * 1e6 / speed) as u64;
        let at_ns: Vec<u64> = (0..routes.len()).map(since).collect();
        let span_ns = at_ns.last().copied().unwrap_or(0);
        if span_ns == 0 {
            let none = "it has one record only, or all have the same time";
            return Err(EngineError::Options(format!("--replay: {}: {none}", payload.about())));
        }
        let period_ns = span_ns + span_ns.div_ceil(at_ns.len() as u64 - 1);
        let lane = |producer| Arc::new(Lane::new(producer, producers, routes, &at_ns, period_ns));
        Ok(Replay { speed, lanes: (0..producers).map(lane).collect(), at_ns, period_ns })
    }

    /// How many times faster than recorded.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// What producer `index` sends.
    pub fn lane(&self, index: usize) -> Arc<Lane> {
        self.lanes[index].clone()
    }

    /// Records due before `since_ns` after the start.
    pub fn due_by(&self, since_ns: u64) -> u64 {
        due_by(&self.at_ns, self.period_ns, since_ns)
    }
}

impl Lane {
    fn new(producer: usize, producers: usize, routes: &[u32], at_ns: &[u64], period_ns: u64) -> Lane {
        let is_own = |route: &u32| *route as usize % producers == producer;
        let own = || routes.iter().enumerate().filter(|(_, route)| is_own(route)).map(|(index, _)| index);
        Lane {
            records: own().map(|index| index as u32).collect(),
            at_ns: own().map(|i| at_ns[i]).collect(),
            period_ns,
        }
    }

    /// Which record comes after `taken` ones. An empty lane has nothing due, and is never asked.
    #[inline]
    pub fn record(&self, taken: u64) -> usize {
        self.records
            .get((taken % self.records.len().max(1) as u64) as usize)
            .map_or(0, |record| *record as usize)
    }

    /// When it is due, since the start.
    #[inline]
    pub fn instant(&self, taken: u64) -> u64 {
        let count = self.at_ns.len() as u64;
        if count == 0 {
            return u64::MAX;
        }
        (taken / count).saturating_mul(self.period_ns).saturating_add(self.at_ns[(taken % count) as usize])
    }

    /// Records due before `since_ns` after the start.
    pub fn due_by(&self, since_ns: u64) -> u64 {
        due_by(&self.at_ns, self.period_ns, since_ns)
    }
}

fn due_by(at_ns: &[u64], period_ns: u64, since_ns: u64) -> u64 {
    let within = since_ns % period_ns;
    since_ns / period_ns * at_ns.len() as u64 + at_ns.partition_point(|at| *at < within) as u64
}

/// `2x`, `0.5x`, or the number alone.
pub fn parse_speed(text: &str) -> Result<f64, String> {
    let speed = text.strip_suffix('x').unwrap_or(text).parse().ok();
    let speed = speed.filter(|speed| (0.001..=1_000_000.0).contains(speed));
    speed.ok_or_else(|| "how many times faster than recorded, such as 1x, 2x or 0.5x".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn lane(producer: usize) -> Lane {
        Lane::new(producer, 2, &[0, 1, 0, 2], &[0, 5 * MS, 5 * MS, 9 * MS], 12 * MS)
    }

    #[test]
    fn a_producer_has_the_records_of_its_partitions_at_their_times() {
        let even = lane(0);
        let first: Vec<(usize, u64)> =
            (0..4).map(|taken| (even.record(taken), even.instant(taken) / MS)).collect();
        assert_eq!(first, [(0, 0), (2, 5), (3, 9), (0, 12)], "then it begins anew");
        assert_eq!([0, 1, 6 * MS, 12 * MS, 12 * MS + 1].map(|since| even.due_by(since)), [0, 1, 2, 3, 4]);
        assert_eq!((lane(1).record(1), lane(1).instant(1)), (1, 17 * MS));
    }

    #[test]
    fn a_lane_without_records_has_nothing_due() {
        let none = Lane::new(1, 2, &[0, 0], &[0, MS], 2 * MS);
        assert_eq!((none.instant(0), none.due_by(u64::MAX)), (u64::MAX, 0));
    }

    #[test]
    fn speeds_are_positive_and_finite() {
        assert_eq!((parse_speed("2x"), parse_speed("0.5")), (Ok(2.0), Ok(0.5)));
        for bad in ["", "x", "0x", "-1x", "nan", "infx", "2y"] {
            assert!(parse_speed(bad).is_err(), "{bad}");
        }
    }
}
