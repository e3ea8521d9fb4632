//! Was the measured time one steady state? A straight line is laid through equal windows of it. A slope means that
//! the warm-up was too short or that something fills up. Variation means that a short run shows chance.

use crate::report::series::TimeSlice;
use crate::report::steady::{Steady, Trend};

/// So many windows, if the run is long enough for that.
const WINDOWS: f64 = 10.0;
/// Shorter windows show single flushes and batches, not a state.
const WINDOW_S_MIN: f64 = 0.5;
/// A line through fewer points says nothing.
const WINDOWS_MIN: usize = 5;
/// A steady run drifts by less than this from its beginning to its end: two such runs are compared to a few percent.
const RATE_DRIFT_MAX: f64 = 0.05;
/// And its windows differ by less.
const RATE_VARIATION_MAX: f64 = 0.10;
/// A median response may wander by as much without anything filling up.
const RESPONSE_DRIFT_MAX: f64 = 0.5;
/// A drift below so many standard errors is chance.
const ERRORS_MIN: f64 = 3.0;

/// Judges a run by its figures over time; `None` where it is too short to say.
pub fn judge(series: &[TimeSlice]) -> Option<Steady> {
    let (warmup, measured) = series.split_at(series.partition_point(|piece| piece.at_s < 0.0));
    let windows = windows(measured);
    let judged = Judged::of(&windows)?;
    let steady_at =
        (0..windows.len()).find(|first| Judged::of(&windows[*first..]).is_some_and(|j| j.is_steady()));
    Some(Steady {
        is_steady: steady_at == Some(0),
        steady_from_s: steady_at.map(|first| windows[first].at_s),
        windows: windows.len(),
        window_s: windows.first()?.seconds,
        rate: judged.rate,
        response: judged.response,
        excluded_s: warmup.iter().map(|piece| piece.seconds).sum(),
        excluded_records: warmup.iter().map(|piece| piece.acked_records).sum(),
    })
}

/// Some pieces in a row.
struct Stretch {
    at_s: f64,
    seconds: f64,
    rate: f64,
    response_us: f64,
}

/// Equal windows of whole pieces; what is left at the end is not looked at.
fn windows(pieces: &[TimeSlice]) -> Vec<Stretch> {
    let Some(piece_s) = pieces.first().map(|piece| piece.seconds) else { return Vec::new() };
    let all_s: f64 = pieces.iter().map(|piece| piece.seconds).sum();
    let each = ((all_s / WINDOWS).max(WINDOW_S_MIN) / piece_s).round().max(1.0) as usize;
    pieces.chunks_exact(each).map(Stretch::of).collect()
}

impl Stretch {
    fn of(pieces: &[TimeSlice]) -> Stretch {
        let seconds: f64 = pieces.iter().map(|piece| piece.seconds).sum();
        let records: u64 = pieces.iter().map(|piece| piece.acked_records).sum();
        let medians = pieces.iter().filter_map(|piece| piece.response.map(|response| response.p50_us));
        let (sum, count) = medians.fold((0.0, 0.0), |(sum, count), median| (sum + median, count + 1.0));
        let response_us = if count > 0.0 { sum / count } else { 0.0 };
        Stretch { at_s: pieces[0].at_s, seconds, rate: records as f64 / seconds, response_us }
    }
}

struct Judged {
    rate: Trend,
    response: Trend,
}

impl Judged {
    fn of(windows: &[Stretch]) -> Option<Judged> {
        if windows.len() < WINDOWS_MIN {
            return None;
        }
        let window_s = windows[0].seconds;
        let rates: Vec<f64> = windows.iter().map(|window| window.rate).collect();
        let responses: Vec<f64> = windows.iter().map(|window| window.response_us).collect();
        Some(Judged { rate: trend(&rates, window_s), response: trend(&responses, window_s) })
    }

    fn is_steady(&self) -> bool {
        let is_small = |trend: &Trend, max: f64| {
            trend.drift.abs() <= max || trend.drift.abs() < ERRORS_MIN * trend.drift_error
        };
        is_small(&self.rate, RATE_DRIFT_MAX)
            && self.rate.variation <= RATE_VARIATION_MAX
            && is_small(&self.response, RESPONSE_DRIFT_MAX)
    }
}

/// Least squares through values `step_s` apart.
fn trend(values: &[f64], step_s: f64) -> Trend {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if mean <= 0.0 {
        return Trend::default();
    }
    let middle = (count - 1.0) / 2.0;
    let around = || values.iter().enumerate().map(|(i, value)| (i as f64 - middle, value - mean));
    let squares: f64 = around().map(|(x, _)| x * x).sum();
    let slope = around().map(|(x, y)| x * y).sum::<f64>() / squares;
    let squares: f64 = around().map(|(x, y)| (y - slope * x).powi(2)).sum();
    let variance = squares / (count - 2.0);
    Trend {
        mean,
        slope_per_minute: slope / step_s * 60.0 / mean,
        drift: slope * (count - 1.0) / mean,
        drift_error: (variance / squares).sqrt() * (count - 1.0) / mean,
        variation: variance.sqrt() / mean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Latency;

    /// 2 s of warm-up, 10 s measured, in pieces of 100 ms.
    fn run(rate: impl Fn(f64) -> f64, response_ms: impl Fn(f64) -> f64) -> Option<Steady> {
        let piece = |i: i32| {
            let at_s = f64::from(i) / 10.0;
            let mut response = Latency::default();
            response.record((response_ms(at_s) * 1e6) as u64, 1);
            let acked_records = (rate(at_s) / 10.0) as u64;
            TimeSlice {
                at_s,
                seconds: 0.1,
                acked_records,
                response: response.percentiles(),
                ..TimeSlice::default()
            }
        };
        judge(&(-20..100).map(piece).collect::<Vec<_>>())
    }

    fn wobble(at_s: f64) -> f64 {
        (at_s * 37.0).sin()
    }

    #[test]
    fn a_restless_but_even_run_is_steady_and_its_warm_up_is_told() {
        let steady = run(|at_s| 10_000.0 + 1_000.0 * wobble(at_s), |at_s| 5.0 + wobble(at_s)).unwrap();
        assert!(steady.is_steady && steady.steady_from_s == Some(0.0), "{steady:?}");
        assert_eq!((steady.windows, steady.excluded_s.round()), (10, 2.0));
        assert!((19_000..21_000).contains(&steady.excluded_records));
    }

    #[test]
    fn a_slow_start_is_found_and_where_it_ended() {
        let steady = run(|at_s| if at_s < 3.0 { 4_000.0 } else { 10_000.0 }, |_| 5.0).unwrap();
        assert!(!steady.is_steady, "{steady:?}");
        assert_eq!(steady.steady_from_s, Some(3.0));
        assert!(steady.rate.slope_per_minute > 0.5, "{steady:?}");
    }

    #[test]
    fn a_queue_that_fills_up_is_no_steady_state() {
        let steady = run(|_| 10_000.0, |at_s| 5.0 + 10.0 * at_s.max(0.0)).unwrap();
        assert!(!steady.is_steady && steady.steady_from_s.is_none(), "{steady:?}");
        assert!(steady.rate.drift.abs() < 0.001 && steady.response.drift > 1.0);
    }

    #[test]
    fn a_rate_that_jumps_about_is_not_steady() {
        let steady = run(|at_s| if at_s as i32 % 2 == 0 { 5_000.0 } else { 15_000.0 }, |_| 5.0).unwrap();
        assert!(!steady.is_steady && steady.rate.variation > 0.4, "{steady:?}");
    }

    #[test]
    fn a_short_run_is_not_judged() {
        assert_eq!(judge(&[]), None);
        let piece = |i| TimeSlice { at_s: f64::from(i) / 20.0, seconds: 0.05, ..TimeSlice::default() };
        assert_eq!(judge(&(0..20).map(piece).collect::<Vec<_>>()), None);
    }
}
