//! The run over time, from the pieces of all threads.

use loadgen_engine::metrics::Metrics;
use loadgen_engine::time_series::Grid;
use loadgen_engine::window::Window;
use loadgen_host::observer::Observed;
use loadgen_result::report::series::TimeSlice;

/// One interval for each piece of the run up to the window's end.
pub(super) fn series(grid: &Grid, window: Window, metrics: &Metrics, observed: &Observed) -> Vec<TimeSlice> {
    let (mut acked_so_far, mut consumed_so_far) = (0, 0);
    let interval = |(index, piece): (usize, Window)| {
        let (acked, consumed) = (metrics.response.piece(index), metrics.end_to_end.piece(index));
        let volume = acked.map(|acked| acked.volume).unwrap_or_default();
        let consumed_records = consumed.map_or(0, |consumed| consumed.volume.records);
        acked_so_far += volume.records;
        consumed_so_far += consumed_records;
        let (from, to) = (observed.cpu_at(piece.from_ns), observed.cpu_at(piece.to_ns));
        TimeSlice {
            at_s: (piece.from_ns as f64 - window.from_ns as f64) / 1e9,
            seconds: piece.seconds(),
            acked_records: volume.records,
            acked_bytes: volume.bytes,
            consumed_records,
            behind_records: acked_so_far.saturating_sub(consumed_so_far),
            response: acked.and_then(|acked| acked.latency.percentiles()),
            end_to_end: consumed.and_then(|consumed| consumed.latency.percentiles()),
            broker_cpu_s: to.broker_s.zip(from.broker_s).map(|(to, from)| to - from),
            generator_cpu_s: to.generator_s - from.generator_s,
        }
    };
    grid.pieces(window.to_ns).into_iter().enumerate().map(interval).collect()
}
