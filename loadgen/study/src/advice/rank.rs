//! Which point is best, by one figure after the other. Points that lie close together in the first figure count as
//! equal in it, and the next figure decides. Otherwise the jitter of one figure would outweigh all others.

use super::criterion::{Criterion, Quantile};
use super::point::Point;
use std::cmp::Ordering;

/// What decides unless something else is preferred: the rate, the lasting cost, the cost at the moment, and the
/// latency.
pub(crate) const USUAL: [Criterion; 5] = [
    Criterion::RecordsPerSecond,
    Criterion::WireBytes,
    Criterion::DiskBytes,
    Criterion::Cpu,
    Criterion::Response(Quantile::P99),
];

/// Those preferred, and behind them what else usually decides.
pub(crate) fn order(preferred: &[Criterion]) -> Vec<Criterion> {
    let mut order: Vec<Criterion> = Vec::new();
    for metric in preferred.iter().chain(&USUAL) {
        if !order.contains(metric) {
            order.push(*metric);
        }
    }
    order
}

/// The best of some points, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'a> {
    pub(super) point: &'a Point,
    /// The figure that left no other, and the value that came next in it; `None`: it was the only one, or all are equal.
    pub(super) decided_by: Option<(Criterion, Option<f64>)>,
    /// Points that were as good in the first figure, this one among them.
    pub(super) equal_in_first: usize,
}

/// Of each figure only those remain that are as good as the best in it.
pub(super) fn choose<'a>(points: impl Iterator<Item = &'a Point>, order: &[Criterion]) -> Option<Choice<'a>> {
    let mut left: Vec<&Point> = points.collect();
    let (mut decided_by, mut equal_in_first) = (None, left.len());
    for (place, metric) in order.iter().enumerate() {
        let best = left.iter().map(|point| metric.of(point)).min_by(|a, b| metric.order(*a, *b))?;
        let (good, worse): (Vec<&Point>, Vec<&Point>) =
            left.iter().partition(|point| metric.is_as_good(metric.of(point), best));
        if !worse.is_empty() {
            let next = worse.iter().map(|point| metric.of(point)).min_by(|a, b| metric.order(*a, *b));
            decided_by = Some((*metric, next.flatten()));
        }
        left = good;
        if place == 0 {
            equal_in_first = left.len();
        }
    }
    let decided_by = decided_by.filter(|_| left.len() == 1);
    let point = left.into_iter().min_by(|one, other| compare(order, one, other))?;
    Some(Choice { point, decided_by, equal_in_first })
}

/// From the best on.
pub(super) fn ranked<'a>(points: impl Iterator<Item = &'a Point>, order: &[Criterion]) -> Vec<&'a Point> {
    let mut left: Vec<&Point> = points.collect();
    let mut ranked = Vec::with_capacity(left.len());
    while let Some(Choice { point, .. }) = choose(left.iter().copied(), order) {
        left.retain(|other| !std::ptr::eq(*other, point));
        ranked.push(point);
    }
    ranked
}

/// To the last digit: for those that are to be told apart in any case.
pub(crate) fn compare(order: &[Criterion], one: &Point, other: &Point) -> Ordering {
    let orders = order.iter().map(|metric| metric.order(metric.of(one), metric.of(other)));
    orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::super::sample::point;
    use super::*;

    /// At 10,000 records/s, of which it reached so many.
    fn at_rate(cell: usize, reached: f64, p99_ms: f64, bytes: f64) -> Point {
        let mut point = point(cell, 10_000.0, p99_ms, bytes);
        (point.records_per_s, point.achieved) = (reached, Some(reached / 10_000.0));
        point
    }

    fn best(points: &[Point], preferred: &[Criterion]) -> usize {
        choose(points.iter(), &order(preferred)).unwrap().point.cell
    }

    #[test]
    fn jitter_around_a_rate_that_was_held_decides_nothing() {
        let points = [
            at_rate(0, 10_004.0, 20.0, 200.0),
            at_rate(1, 9_978.0, 10.0, 100.0),
            at_rate(2, 9_902.0, 9.0, 150.0),
        ];
        assert_eq!(best(&points, &[]), 1, "the fewest bytes");
        let choice = choose(points.iter(), &USUAL).unwrap();
        assert_eq!(
            (choice.decided_by, choice.equal_in_first),
            (Some((Criterion::WireBytes, Some(150.0))), 3)
        );
        assert_eq!(
            ranked(points.iter(), &USUAL).iter().map(|point| point.cell).collect::<Vec<_>>(),
            [1, 2, 0]
        );
    }

    #[test]
    fn what_is_preferred_decides_and_what_is_close_leaves_it_to_the_next() {
        let mut points =
            [at_rate(0, 1e4, 10.0, 100.0), at_rate(1, 1e4, 9.5, 100.5), at_rate(2, 1e4, 5.0, 300.0)];
        assert_eq!(best(&points, &[Criterion::Response(Quantile::P99)]), 2);
        points[1].broker_cpu_s_per_million = Some(0.3);
        assert_eq!(
            best(&points, &[]),
            1,
            "half a percent of bytes is nothing, a tenth of the CPU is something"
        );
        points[1].broker_cpu_s_per_million = Some(0.49);
        assert_eq!(best(&points, &[]), 0, "equal in all: to the last digit");
        assert_eq!(choose(points.iter(), &USUAL).unwrap().decided_by, None);
        assert!(choose(std::iter::empty(), &USUAL).is_none());
    }

    #[test]
    fn the_usual_figures_stand_behind_the_preferred_ones() {
        let cpu_first = order(&[Criterion::Cpu, Criterion::BrokerCpu]);
        assert_eq!(cpu_first[..3], [Criterion::Cpu, Criterion::BrokerCpu, Criterion::RecordsPerSecond]);
        assert_eq!(cpu_first.len(), 6);
    }
}
