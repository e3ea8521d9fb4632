//! Distributions as points: the portable HdrHistogram strings of a result, decoded.

use loadgen_result::latency::{Latency, Percentiles};

/// Points per factor of ten of the share above.
const POINTS_PER_DECADE: i32 = 24;
/// From about the 10th percentile: below, a logarithm shows little but the one smallest value.
const FIRST: i32 = 1;
/// Up to the 99.999999th percentile.
const DECADES_MAX: i32 = 8;

/// `1 / share above, milliseconds`: of the whole distribution where it can be read, else of its percentiles.
pub(super) fn points(whole: Option<&str>, percentiles: Option<&Percentiles>) -> Vec<(f64, Option<f64>)> {
    match whole.and_then(Latency::from_portable).filter(|histogram| histogram.count() > 0) {
        Some(histogram) => of_histogram(&histogram),
        None => percentiles.map(of_percentiles).unwrap_or_default(),
    }
}

fn of_histogram(histogram: &Latency) -> Vec<(f64, Option<f64>)> {
    let count = histogram.count() as f64;
    let grid = (FIRST..=DECADES_MAX * POINTS_PER_DECADE)
        .map(|i| 10f64.powf(f64::from(i) / f64::from(POINTS_PER_DECADE)));
    let point = |x: f64| (x, Some(histogram.at_quantile(1.0 - 1.0 / x) as f64 / 1e6));
    // The last point is the first beyond what the count can tell: the largest value.
    let known = grid.clone().take_while(|x| *x < count);
    let last = grid.clone().find(|x| *x >= count);
    known.map(point).chain(last.map(|x| (x, Some(histogram.at_quantile(1.0) as f64 / 1e6)))).collect()
}

fn of_percentiles(p: &Percentiles) -> Vec<(f64, Option<f64>)> {
    let known = [(2.0, p.p50_us), (10.0, p.p90_us), (100.0, p.p99_us), (1e3, p.p999_us), (1e4, p.p9999_us)];
    let count = p.count as f64;
    let known = known.into_iter().filter(|(x, _)| *x < count);
    known.chain([(count.clamp(2.0, 1e8), p.max_us)]).map(|(x, us)| (x, Some(us / 1e3))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_distribution_becomes_a_curve_that_ends_at_its_largest_value() {
        let mut latency = Latency::default();
        (1..=10_000).for_each(|i| latency.record(i * 1_000, 1));
        let text = latency.portable().unwrap();
        let points = points(Some(&text), None);
        let at =
            |x: f64| points.iter().find(|(at, _)| (at / x - 1.0).abs() < 1e-9).and_then(|(_, y)| *y).unwrap();
        assert!((at(10.0) - 9.0).abs() < 0.02 && (at(100.0) - 9.9).abs() < 0.02, "{points:?}");
        let (last_x, last_y) = *points.last().unwrap();
        assert!(last_x >= 10_000.0 * 0.999 && (last_y.unwrap() - 10.0).abs() < 0.02);
        assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1));
    }

    #[test]
    fn what_is_no_histogram_is_left_out() {
        for bad in ["", "AAAA", "no base64", "HISTFAAAAC==", "////////////////"] {
            assert!(points(Some(bad), None).is_empty(), "{bad}");
        }
    }
}
