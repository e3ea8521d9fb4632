//! A result as a directory: everything for machines, the distributions for HdrHistogram's tools, the time series for
//! a spreadsheet. All of it is made from the report.
//!
//! ```text
//! run.json      the report, whole
//! latency.hdr   HdrHistogram's interval log: one histogram each of response, queue, service and end_to_end, by tag
//! series.csv    the run over time, a line for each piece
//! flame.svg     with --flame: where the broker's CPU went
//! at-share/     of a run without a rate: the same of its second run, at a share of the highest rate
//! ```
//! latency.hdr and series.csv are there only where the run has figures.

use crate::files::{FileError, write_json, write_whole};
use crate::latency::Percentiles;
use crate::report::plain::PlainReport;
use crate::report::series::TimeSlice;
use crate::report::{Figures, RunReport};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The file that makes a directory a result.
pub const RUN_FILE: &str = "run.json";
/// The flame graph within a result's directory.
pub const FLAME_FILE: &str = "flame.svg";
/// The directory of the second run within the result's.
pub const AT_SHARE: &str = "at-share";
const HISTOGRAMS_FILE: &str = "latency.hdr";
const SERIES_FILE: &str = "series.csv";

/// Why nothing is measured for a directory.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// It holds a result, which is not overwritten.
    #[error("{} holds a result already: name another directory", .0.display())]
    HoldsResult(PathBuf),
    /// It can't be made.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Makes the directory, before anything is measured for it. A result that is there already is not overwritten.
pub fn prepare(dir: &Path) -> Result<(), PrepareError> {
    if dir.join(RUN_FILE).exists() {
        return Err(PrepareError::HoldsResult(dir.to_owned()));
    }
    fs::create_dir_all(dir).map_err(FileError::of(dir))?;
    Ok(())
}

/// Writes all files; `run.json` comes last, so that a directory that has it is whole.
pub fn write(dir: &Path, report: &PlainReport) -> Result<(), FileError> {
    if let Some(figures) = &report.highest.figures {
        write_file(dir, HISTOGRAMS_FILE, &histogram_log(&report.highest, figures))?;
        write_file(dir, SERIES_FILE, &csv(&figures.series))?;
    }
    write_json(report, &dir.join(RUN_FILE))
}

fn write_file(dir: &Path, name: &str, text: &str) -> Result<(), FileError> {
    write_whole(&dir.join(name), text)
}

/// Format 1.3 of HdrHistogram's HistogramLogWriter: start and length in seconds, the largest value in milliseconds, the
/// histogram in nanoseconds.
fn histogram_log(report: &RunReport, figures: &Figures) -> String {
    let of = &figures.distributions;
    let tagged = [
        ("response", &of.response, &figures.response),
        ("queue", &of.queue, &figures.queue),
        ("service", &of.service, &figures.service),
        ("end_to_end", &of.end_to_end, &figures.end_to_end),
    ];
    let start_s = report.ended_at_ms as f64 / 1e3 - report.measured_s;
    let mut log = format!(
        "#[Histogram log format version 1.3]\n#[StartTime: {start_s:.3} (seconds since epoch)]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
    );
    for (tag, histogram, percentiles) in tagged {
        if let (Some(histogram), Some(percentiles)) = (histogram, percentiles) {
            let (seconds, max_ms) = (report.measured_s, percentiles.max_us / 1e3);
            writeln!(log, "Tag={tag},0.000,{seconds:.3},{max_ms:.3},{histogram}").expect("text takes text");
        }
    }
    log
}

fn csv(series: &[TimeSlice]) -> String {
    let mut csv = String::from(
        "at_s,seconds,acked_records,acked_bytes,consumed_records,behind_records,\
         response_p50_us,response_p99_us,response_max_us,end_to_end_p50_us,end_to_end_p99_us,end_to_end_max_us,\
         broker_cpu_s,generator_cpu_s\n",
    );
    for piece in series {
        let TimeSlice { at_s, seconds, acked_records, acked_bytes, consumed_records, behind_records, .. } =
            piece;
        let broker_cpu_s = piece.broker_cpu_s.map(|cpu_s| format!("{cpu_s:.4}")).unwrap_or_default();
        let line = writeln!(
            csv,
            "{at_s:.3},{seconds:.3},{acked_records},{acked_bytes},{consumed_records},{behind_records},{},{},{broker_cpu_s},{:.4}",
            columns(piece.response.as_ref()),
            columns(piece.end_to_end.as_ref()),
            piece.generator_cpu_s
        );
        line.expect("text takes text");
    }
    csv
}

/// Empty where nothing happened.
fn columns(percentiles: Option<&Percentiles>) -> String {
    percentiles.map_or(",,".into(), |p| format!("{:.1},{:.1},{:.1}", p.p50_us, p.p99_us, p.max_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_course_has_as_many_fields_as_the_head() {
        let busy = TimeSlice {
            at_s: -0.5,
            response: Some(Percentiles { count: 1, ..Percentiles::default() }),
            broker_cpu_s: Some(0.25),
            ..TimeSlice::default()
        };
        let csv = csv(&[TimeSlice::default(), busy]);
        let fields: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(fields, [14, 14, 14], "{csv}");
        assert!(csv.contains("\n-0.500,"), "{csv}");
    }

    #[test]
    fn a_result_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let new = dir.path().join("a/b");
        prepare(&new).unwrap();
        fs::write(new.join(RUN_FILE), "{}").unwrap();
        assert!(prepare(&new).unwrap_err().to_string().contains("holds a result already"));
    }
}
