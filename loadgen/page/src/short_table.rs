//! The short result of a run without a rate: what it was, the rate, the latency, the cost, and what makes these
//! doubtful.

use crate::run_table::{
    batches, cut, head_of_latencies, keys, line, milliseconds, write_broker, write_verification,
    write_warning,
};
use crate::run_tables::several;
use loadgen_result::report::plain::PlainReport;
use loadgen_result::report::{Figures, RunReport};
use loadgen_result::text::thousands;
use std::fmt::{self, Display, Formatter};

/// Prints a report in a few lines.
#[derive(Debug)]
pub struct Short<'a>(pub &'a PlainReport);

impl Display for Short<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (report, highest) = (self.0, &self.0.highest);
        writeln!(f)?;
        write_broker(f, highest)?;
        write_settings(f, highest)?;
        writeln!(f)?;
        for (name, run) in report.runs() {
            run.figures.as_ref().map_or(Ok(()), |figures| write_rate(f, &name, run, figures))?;
        }
        let second = report.at_share.as_ref().and_then(|second| second.run.figures.as_ref());
        match second {
            Some(figures) => write_latencies(f, figures)?,
            None => {
                line(f, "latency ms", "not measured: the first run has no rate, or the second did not end")?
            }
        }
        if let Some(figures) = &highest.figures {
            writeln!(f)?;
            write_costs(f, figures, second)?;
        }
        write_verified(f, report)?;
        for (name, run) in report.runs() {
            run.spoiled_by.iter().try_for_each(|warning| write_warning(f, &format!("{name}: {warning}")))?;
        }
        writeln!(f, "\n  Words: loadgen run --help. Long tables: --details. All figures: --json FILE.")
    }
}

fn write_settings(f: &mut Formatter<'_>, report: &RunReport) -> fmt::Result {
    let settings = &report.settings;
    line(f, "records", &settings.payload)?;
    line(f, "topic", format_args!("{}, {}", several(settings.partitions, "partition"), keys(settings)))?;
    line(f, "clients", batches(settings))
}

fn write_rate(f: &mut Formatter<'_>, name: &str, report: &RunReport, figures: &Figures) -> fmt::Result {
    let is_open = report.settings.target_rate.is_some();
    let text = format_args!(
        "{:>12} records/s {:>10.1} MB/s   {} loop, {:.1} s{}",
        thousands(figures.records_per_s),
        figures.mb_per_s,
        if is_open { "open" } else { "closed" },
        report.measured_s,
        cut(report)
    );
    line(f, name, text)
}

fn write_latencies(f: &mut Formatter<'_>, figures: &Figures) -> fmt::Result {
    head_of_latencies(f, &["p50", "p99", "p99.9", "max"])?;
    for (label, percentiles) in [("  response", &figures.response), ("  end to end", &figures.end_to_end)] {
        let Some(p) = percentiles else { continue };
        let columns = [p.p50_us, p.p99_us, p.p999_us, p.max_us].map(milliseconds);
        line(f, label, columns.map(|column| format!("{column:>10}")).concat())?;
    }
    Ok(())
}

/// Beside a rate: a record costs more where batches are smaller.
fn write_costs(f: &mut Formatter<'_>, highest: &Figures, second: Option<&Figures>) -> fmt::Result {
    let cost = |figures: &Figures| figures.broker_cpu_s_per_million;
    if let Some(at_highest) = cost(highest) {
        let at_share = second.and_then(cost).map(|cost| format!(", {cost:.3} s at the lower rate"));
        let text =
            format_args!("broker {at_highest:.3} s per million records{}", at_share.unwrap_or_default());
        line(f, "CPU", text)?;
    }
    if let Some(bytes) = highest.broker_peak_memory_bytes {
        line(f, "memory", format_args!("broker {:.1} MB at its peak", bytes as f64 / 1e6))?;
    }
    let Some(each) = highest.disk_bytes_per_record else { return Ok(()) };
    let ratio = highest.compression_ratio.map(|ratio| format!(", compression {ratio:.2} : 1"));
    line(f, "disk", format_args!("{each:.1} B/record{}", ratio.unwrap_or_default()))
}

/// One line where all is well.
fn write_verified(f: &mut Formatter<'_>, report: &PlainReport) -> fmt::Result {
    let runs = report.runs();
    let is_well = runs.iter().all(|(_, run)| run.verification.passed == Some(true));
    if !is_well {
        return runs.iter().try_for_each(|(_, run)| write_verification(f, run));
    }
    let acked = |run: &RunReport| thousands(run.verification.acked_records as f64);
    let acked: Vec<_> = runs.iter().map(|(_, run)| acked(run)).collect();
    line(f, "verified", format_args!("all {} acked records came back, once, in order", acked.join(" + ")))
}
