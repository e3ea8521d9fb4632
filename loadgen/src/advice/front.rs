//! The Pareto front: the points that no other point beats.

use super::metric::Metric;
use super::point::Point;

/// Points that can be compared: valid ones, and those with a schedule where there are any, because the latency of a
/// closed loop is that of its own limit.
pub(super) fn comparable(points: &[Point]) -> impl Iterator<Item = &Point> {
    let any_open = points.iter().any(Point::is_open_loop);
    points.iter().filter(move |point| point.is_valid() && (!any_open || point.is_open_loop()))
}

/// Those of them that no other beats in everything.
pub(crate) fn front(points: &[Point]) -> Vec<&Point> {
    let all: Vec<&Point> = comparable(points).collect();
    all.iter().copied().filter(|point| !all.iter().any(|other| beats(other, point))).collect()
}

/// At least as good in every metric of the front, and better in one.
fn beats(one: &Point, other: &Point) -> bool {
    let orders = Metric::FRONT.map(|metric| metric.order(metric.of(one), metric.of(other)));
    orders.iter().all(|order| order.is_le()) && orders.iter().any(|order| order.is_lt())
}

#[cfg(test)]
mod tests {
    use super::super::point::tests::point;
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
    fn what_was_lost_or_late_does_not_count() {
        let mut points = [point(0, 100.0, 10.0, 50.0), point(1, 900.0, 1.0, 5.0), point(2, 900.0, 1.0, 5.0)];
        points[1].failed_runs = 1;
        points[2].achieved = Some(0.9);
        assert_eq!(front(&points).len(), 1);
    }
}
