//! The Pareto front: the points that no other point beats.

use super::criterion::Criterion;
use super::point::Point;
use super::rank::{USUAL, ranked};

/// Points that can be compared: valid ones, and those with a schedule where there are any, because the latency of a
/// closed loop is that of its own limit.
pub(super) fn comparable(points: &[Point]) -> impl Iterator<Item = &Point> {
    let any_open = points.iter().any(Point::is_open_loop);
    points.iter().filter(move |point| point.is_valid() && (!any_open || point.is_open_loop()))
}

/// Those of them that no better point beats. A point that is on the front only by chance is left out: see
/// `Criterion::is_as_good`.
pub fn front(points: &[Point]) -> Vec<&Point> {
    let mut front: Vec<&Point> = Vec::new();
    for point in ranked(comparable(points), &USUAL) {
        if !front.iter().any(|better| beats(better, point)) {
            front.push(point);
        }
    }
    points.iter().filter(|point| front.iter().any(|other| std::ptr::eq(*other, *point))).collect()
}

/// As good in every figure, and better in one.
fn beats(one: &Point, other: &Point) -> bool {
    let is_as_good =
        |one: &Point, other: &Point, metric: &Criterion| metric.is_as_good(metric.of(one), metric.of(other));
    USUAL.iter().all(|metric| is_as_good(one, other, metric))
        && !USUAL.iter().all(|metric| is_as_good(other, one, metric))
}

#[cfg(test)]
mod tests {
    use super::super::sample::point;
    use super::*;

    #[test]
    fn who_is_beaten_in_everything_is_not_on_it() {
        let points = [
            point(0, 100.0, 10.0, 50.0),
            point(1, 200.0, 20.0, 50.0),
            point(2, 90.0, 11.0, 60.0),
            point(3, 90.0, 11.0, 10.0),
        ];
        let cells: Vec<usize> = front(&points).iter().map(|point| point.cell).collect();
        assert_eq!(cells, [0, 1, 3]);
    }

    #[test]
    fn nobody_is_on_it_for_a_few_records_more_of_a_rate_that_all_held() {
        let mut points =
            [point(0, 10_000.0, 10.0, 50.0), point(1, 10_000.0, 20.0, 90.0), point(2, 10_000.0, 9.9, 80.0)];
        points[1].records_per_s = 10_004.0;
        (points[0].records_per_s, points[0].achieved) = (9_978.0, Some(0.9978));
        let cells: Vec<usize> = front(&points).iter().map(|point| point.cell).collect();
        assert_eq!(cells, [0], "1 is worse in all else; of 2 the p99 is better by chance");
        let alike = [point(0, 10_000.0, 10.0, 50.0), point(1, 10_000.0, 10.0, 50.0)];
        assert_eq!(front(&alike).len(), 2);
    }

    #[test]
    fn what_was_lost_or_late_does_not_count() {
        let mut points = [point(0, 100.0, 10.0, 50.0), point(1, 900.0, 1.0, 5.0), point(2, 900.0, 1.0, 5.0)];
        points[1].failed_runs = 1;
        points[2].achieved = Some(0.9);
        assert_eq!(front(&points).len(), 1);
    }
}
