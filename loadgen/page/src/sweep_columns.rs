//! The figures of a sweep's points, a column each in tables and grids.

use loadgen_study::advice::point::Point;

/// Where p99 lies among a point's latencies.
const P99: usize = 2;
const P50: usize = 0;

/// The same point, of a sweep's.
pub(super) fn is_among(front: &[&Point], point: &Point) -> bool {
    front.iter().any(|other| other.cell == point.cell && other.load == point.load)
}

/// A figure of a point.
pub(super) struct Column {
    pub(super) head: &'static str,
    pub(super) of: fn(&Point) -> Option<f64>,
    is_better_higher: bool,
}

pub(super) const RECORDS: Column =
    Column { head: "records/s", of: |point| Some(point.records_per_s), is_better_higher: true };
pub(super) const RESPONSE_P99: Column =
    Column { head: "p99 ms", of: |point| response_ms(point, P99), is_better_higher: false };
pub(super) const WIRE: Column =
    Column { head: "wire B/record", of: |point| point.wire_bytes_per_record, is_better_higher: false };
pub(super) const DISK: Column =
    Column { head: "disk B/record", of: |point| point.disk_bytes_per_record, is_better_higher: false };
pub(super) const BROKER_CPU: Column =
    Column { head: "broker CPU s/M", of: |point| point.broker_cpu_s_per_million, is_better_higher: false };

pub(super) const COLUMNS: [Column; 6] = [
    RECORDS,
    Column { head: "p50 ms", of: |point| response_ms(point, P50), is_better_higher: false },
    RESPONSE_P99,
    WIRE,
    DISK,
    BROKER_CPU,
];

/// In a closed loop it says nothing: the load waits for the broker.
fn response_ms(point: &Point, at: usize) -> Option<f64> {
    point.response_ms.filter(|_| point.is_open_loop()).map(|ms| ms[at])
}

impl Column {
    /// From 0 for the worst to 1 for the best, by ratio: a factor of two counts the same wherever it is.
    pub(super) fn goodness<'a>(&self, point: &Point, points: impl Iterator<Item = &'a Point>) -> Option<f64> {
        let log = |point: &Point| (self.of)(point).filter(|value| *value > 0.0).map(f64::ln);
        let (low, high) = points
            .filter_map(log)
            .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        let share = (log(point)? - low) / (high - low);
        (high > low).then_some(if self.is_better_higher { share } else { 1.0 - share })
    }
}
