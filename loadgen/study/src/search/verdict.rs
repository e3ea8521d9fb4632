//! Whether a rate held.

use super::report::Probe;
use loadgen_result::report::RunReport;
use loadgen_result::report::series::TimeSlice;
use std::time::Duration;

/// Less than this of the rate is not the rate.
const ACHIEVED_MIN: f64 = 0.99;
/// A backlog that grows by more than this share of the rate does not end. Growth below it comes from records coming in
/// batches.
const GROWTH_SHARE_MAX: f64 = 0.02;
/// A generator that has less of its cores left was the limit, not the broker.
const GENERATOR_BUSY_MAX: f64 = 0.95;

/// Judges a probe at `rate`; `None` when its verification failed.
pub(super) fn judge(report: &RunReport, rate: f64, p99_max: Duration) -> Option<Probe> {
    let figures = report.figures.as_ref()?;
    let p99_us = figures.response.map_or(f64::INFINITY, |response| response.p99_us);
    let achieved = figures.achieved.unwrap_or(0.0);
    let measured = || figures.series.iter().filter(|piece| piece.at_s >= 0.0);
    let unacked_growth = growth(&unacked(measured(), rate)) / rate;
    let unread: Vec<(f64, f64)> =
        measured().map(|piece| (end_s(piece), piece.behind_records as f64)).collect();
    let unread_growth = if report.settings.consumers > 0 { growth(&unread) / rate } else { 0.0 };
    let against = [
        (p99_us > p99_max.as_secs_f64() * 1e6).then(|| "p99 too high".to_owned()),
        (achieved < ACHIEVED_MIN).then(|| format!("{:.1} % of the rate", achieved * 100.0)),
        (unacked_growth > GROWTH_SHARE_MAX).then(|| "acks fall behind".to_owned()),
        (unread_growth > GROWTH_SHARE_MAX).then(|| "consumers fall behind".to_owned()),
    ];
    let against: Vec<String> = against.into_iter().flatten().collect();
    Some(Probe {
        rate,
        held: against.is_empty(),
        against,
        p99_ms: p99_us / 1e3,
        achieved,
        backlog_growth: unacked_growth.max(unread_growth),
        generator_was_limit: figures.generator_busy + figures.generator_starved > GENERATOR_BUSY_MAX,
        disturbed: figures.noise.flags.clone(),
        warnings: report.warnings.clone(),
    })
}

fn end_s(piece: &TimeSlice) -> f64 {
    piece.at_s + piece.seconds
}

/// Records due but not acked at the end of each piece, from where the first began.
fn unacked<'a>(pieces: impl Iterator<Item = &'a TimeSlice>, rate: f64) -> Vec<(f64, f64)> {
    let mut acked = 0.0;
    let at_end = |piece: &TimeSlice| {
        acked += piece.acked_records as f64;
        (end_s(piece), rate * end_s(piece) - acked)
    };
    pieces.map(at_end).collect()
}

/// Rise per second of the line through (seconds, records); nothing for less than three points.
fn growth(points: &[(f64, f64)]) -> f64 {
    if points.len() < 3 {
        return 0.0;
    }
    let count = points.len() as f64;
    let sum = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    let (mean_x, mean_y) = (sum.0 / count, sum.1 / count);
    let around = points.iter().map(|(x, y)| (x - mean_x, y - mean_y));
    let (products, squares) = around.fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x * y, sum.1 + x * x));
    products / squares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_series(acked_per_piece: impl Fn(u64) -> u64) -> Vec<TimeSlice> {
        let piece = |i| TimeSlice {
            at_s: i as f64 / 10.0,
            seconds: 0.1,
            acked_records: acked_per_piece(i),
            ..TimeSlice::default()
        };
        (0..50).map(piece).collect()
    }

    #[test]
    fn a_backlog_that_only_wobbles_does_not_grow() {
        let even = time_series(|i| if i % 2 == 0 { 80 } else { 120 });
        assert!(growth(&unacked(even.iter(), 1_000.0)).abs() < 0.02 * 1_000.0);
    }

    #[test]
    fn what_is_missing_of_the_rate_piles_up() {
        let short = time_series(|_| 95);
        let growth = growth(&unacked(short.iter(), 1_000.0));
        assert!((growth - 50.0).abs() < 1e-6, "50 records a second: {growth}");
    }
}
