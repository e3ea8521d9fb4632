//! Points for people's eyes.

use super::front::front;
use super::metric::{Metric, Quantile};
use super::point::Point;
use crate::report::table::thousands;
use std::fmt::Write;

/// Busier than that, the generator was the limit.
const BUSY: f64 = 0.95;

const COLUMNS: [(&str, usize, Metric); 6] = [
    ("p99 ms", 9, Metric::Response(Quantile::P99)),
    ("p99.9 ms", 10, Metric::Response(Quantile::P999)),
    ("e2e p99", 9, Metric::EndToEnd(Quantile::P99)),
    ("B wire", 8, Metric::WireBytes),
    ("B disk", 8, Metric::DiskBytes),
    ("CPU s/M", 9, Metric::Cpu),
];

/// A line for each point, the fastest first; `*` marks the Pareto front.
pub fn points(points: &[Point]) -> String {
    let on_front = front(points);
    let mut sorted: Vec<&Point> = points.iter().collect();
    sorted.sort_by(|a, b| {
        a.is_open_loop().cmp(&b.is_open_loop()).then(b.records_per_s.total_cmp(&a.records_per_s))
    });
    let mut text = format!("\n    {:>12}", "records/s");
    COLUMNS.iter().for_each(|(name, width, _)| {
        let _ = write!(text, "{name:>width$}");
    });
    text += "  load         cell\n";
    for point in sorted {
        let star = if on_front.iter().any(|front| std::ptr::eq(*front, point)) { '*' } else { ' ' };
        let _ = write!(text, "  {star} {:>12}", thousands(point.records_per_s));
        for (_, width, metric) in COLUMNS {
            let digits = usize::from(matches!(metric, Metric::WireBytes | Metric::DiskBytes));
            let digits = if digits == 1 { 1 } else { 2 };
            let value = metric.of(point).map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"));
            let _ = write!(text, "{value:>width$}");
        }
        let _ = writeln!(text, "  {:<12} {}{}", point.load.to_string(), point.label, flags(point));
    }
    text + "\n  * no other point at a fixed rate is better in records/s, p99, bytes and CPU at once\n"
}

/// What makes a point mean less than it seems to.
fn flags(point: &Point) -> String {
    let mut flags = Vec::new();
    if point.failed_runs > 0 {
        flags.push("records lost, doubled or altered".to_owned());
    }
    if let Some(achieved) = point.achieved.filter(|_| !point.held()) {
        flags.push(format!("only {:.0} % of the rate", achieved * 100.0));
    }
    if point.generator_busy > BUSY {
        flags.push("generator at its limit".to_owned());
    }
    if point.noisy_runs > 0 {
        flags.push(format!("noise in {} of {} runs", point.noisy_runs, point.runs));
    }
    if flags.is_empty() { String::new() } else { format!("  !! {}", flags.join(", ")) }
}
