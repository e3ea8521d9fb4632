//! Points as a table for a terminal.

use super::caveats::{Common, flags};
use super::criterion::{Criterion, Quantile};
use super::front::front;
use super::point::Point;
use super::rank::ranked;
use loadgen_result::text::thousands;
use std::fmt::Write;

const COLUMNS: [(&str, usize, Criterion); 6] = [
    ("p99 ms", 9, Criterion::Response(Quantile::P99)),
    ("p99.9 ms", 10, Criterion::Response(Quantile::P999)),
    ("e2e p99", 9, Criterion::EndToEnd(Quantile::P99)),
    ("B wire", 8, Criterion::WireBytes),
    ("B disk", 8, Criterion::DiskBytes),
    ("broker+generator CPU s/M", 26, Criterion::Cpu),
];

/// A line for each point: what ran at maximum from the fastest on, then fixed rates in this `order`, and those not held
/// last. `*` marks the Pareto front.
pub(crate) fn points(points: &[Point], order: &[Criterion]) -> String {
    let (on_front, common) = (front(points), Common::of(points));
    let mut text = format!("\n    {:>12}", "records/s");
    COLUMNS.iter().for_each(|(name, width, _)| {
        let _ = write!(text, "{name:>width$}");
    });
    text += "  load         cell\n";
    for point in sorted(points, order) {
        let star = if on_front.iter().any(|front| std::ptr::eq(*front, point)) { '*' } else { ' ' };
        let _ = write!(text, "  {star} {:>12}", thousands(point.records_per_s));
        for (_, width, metric) in COLUMNS {
            let digits = usize::from(matches!(metric, Criterion::WireBytes | Criterion::DiskBytes));
            let digits = if digits == 1 { 1 } else { 2 };
            let value = metric.of(point).map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"));
            let _ = write!(text, "{value:>width$}");
        }
        let flags = flags(point, &common).join(", ");
        let flags = if flags.is_empty() { flags } else { format!("  !! {flags}") };
        let _ = writeln!(text, "  {:<12} {}{flags}", point.load.to_string(), point.label);
    }
    text += "\n  * is on the Pareto front: no other point at a fixed rate is as good in rate, bytes, CPU and p99, and better in one.\n    \
        Points that reached 99 % of their rate count with all of it. 1 % of bytes, 5 % of CPU and 10 % of p99 count as equal.\n";
    common.sentences().iter().for_each(|sentence| {
        let _ = writeln!(text, "  !! {sentence}");
    });
    text
}

fn sorted<'a>(points: &'a [Point], order: &[Criterion]) -> Vec<&'a Point> {
    let (closed, open): (Vec<&Point>, Vec<&Point>) = points.iter().partition(|point| !point.is_open_loop());
    let (held, late): (Vec<&Point>, Vec<&Point>) = open.into_iter().partition(|point| point.is_valid());
    let fastest = |mut points: Vec<&'a Point>| {
        points.sort_by(|a, b| b.records_per_s.total_cmp(&a.records_per_s));
        points
    };
    [fastest(closed), ranked(held.into_iter(), order), fastest(late)].concat()
}
