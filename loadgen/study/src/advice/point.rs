//! A point of a sweep: a cell under one load, all its repeats together.

use crate::matrix::CellLoad;
use crate::store::Kept;
use loadgen_result::latency::Percentiles;
use loadgen_result::report::MISSED_RATIO;
use loadgen_result::report::{Figures, SettingsReport};
use serde::Serialize;

/// Below this share of its rate a point did not hold it, and its latency is that of an overload.
const HELD: f64 = 0.99;

/// Medians over the repeats.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// Which cell.
    pub cell: usize,
    /// Its label.
    pub label: String,
    /// How it was loaded.
    pub load: CellLoad,
    /// Halving's round: only the longest runs of a cell count in the end.
    pub round: usize,
    /// Runs with figures.
    pub runs: usize,
    /// Runs in which the verification failed.
    pub failed_runs: usize,
    /// Runs that a noisy machine may have spoilt.
    pub noisy_runs: usize,
    /// By what, in words, as the last of them has it.
    pub disturbed_by: String,
    /// Seconds measured in each run.
    pub measured_s: f64,
    /// What became of --target-ratio, in words, where it is not what was asked for.
    pub missed_ratio: Option<String>,
    /// The options, as the last run had them.
    pub settings: SettingsReport,
    /// Settings of the started broker.
    pub broker_set: Vec<String>,
    /// Acked.
    pub records_per_s: f64,
    /// Slowest and fastest run.
    pub records_per_s_range: [f64; 2],
    /// Share of the rate, in an open loop.
    pub achieved: Option<f64>,
    /// p50, p90, p99, p99.9, p99.99 and the maximum.
    pub response_ms: Option<[f64; 6]>,
    /// The same from the intended time to the consumer.
    pub end_to_end_ms: Option<[f64; 6]>,
    /// Sent, all frames.
    pub wire_bytes_per_record: Option<f64>,
    /// Of the segment files.
    pub disk_bytes_per_record: Option<f64>,
    /// Broker.
    pub broker_cpu_s_per_million: Option<f64>,
    /// Generator.
    pub generator_cpu_s_per_million: Option<f64>,
    /// Share of their time that the generator's threads were busy.
    pub generator_busy: f64,
    /// Records before compression over the same after it.
    pub compression_ratio: Option<f64>,
    /// Bytes of key and value of a record.
    pub payload_bytes_per_record: f64,
}

impl Point {
    /// Its numbers mean something.
    pub fn is_valid(&self) -> bool {
        self.failed_runs == 0 && self.runs > 0 && self.held()
    }

    /// It kept up with its rate, if it had one.
    pub fn held(&self) -> bool {
        self.achieved.is_none_or(|achieved| achieved >= HELD)
    }

    /// The rate it was asked for, where it held that: what is a little more or less of it is chance. Else what it reached.
    pub fn rate(&self) -> f64 {
        let asked = self.settings.target_rate.filter(|_| self.is_open_loop() && self.held());
        asked.unwrap_or(self.records_per_s)
    }

    /// Latencies count from a schedule.
    pub fn is_open_loop(&self) -> bool {
        self.load != CellLoad::Maximum
    }
}

/// One point for each cell, load and round.
pub fn points(kept: &[Kept]) -> Vec<Point> {
    let mut keys: Vec<(usize, CellLoad, usize)> = Vec::new();
    for kept in kept {
        let key = (kept.cell, kept.load, kept.round);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.sort_by_key(|(cell, _, round)| (*round, *cell));
    let of = |key: &(usize, CellLoad, usize)| {
        kept.iter().filter(|kept| (kept.cell, kept.load, kept.round) == *key).collect::<Vec<_>>()
    };
    keys.iter().filter_map(|key| point(&of(key))).collect()
}

/// Of each cell only what its longest runs say.
pub fn of_last_rounds(mut points: Vec<Point>) -> Vec<Point> {
    let all: Vec<(usize, usize)> = points.iter().map(|point| (point.cell, point.round)).collect();
    points.retain(|point| all.iter().all(|(cell, round)| *cell != point.cell || *round <= point.round));
    points
}

fn point(kept: &[&Kept]) -> Option<Point> {
    let last = kept.last()?;
    let figures: Vec<&Figures> = kept.iter().filter_map(|kept| kept.report.figures.as_ref()).collect();
    let each = |of: fn(&Figures) -> Option<f64>| median(figures.iter().filter_map(|figures| of(figures)));
    let warnings = || kept.iter().flat_map(|kept| &kept.report.warnings);
    let noisy = || figures.iter().filter(|figures| !figures.noise.flags.is_empty());
    let rates = || figures.iter().map(|figures| figures.records_per_s);
    Some(Point {
        cell: last.cell,
        label: last.label.clone(),
        load: last.load,
        round: last.round,
        runs: figures.len(),
        failed_runs: kept.iter().filter(|kept| kept.report.verification.passed == Some(false)).count(),
        noisy_runs: noisy().count(),
        disturbed_by: noisy().next_back().map(|figures| figures.noise.flags.join("; ")).unwrap_or_default(),
        measured_s: median(kept.iter().map(|kept| kept.report.measured_s)).unwrap_or(0.0),
        missed_ratio: warnings().find(|text| text.starts_with(MISSED_RATIO)).cloned(),
        settings: last.report.settings.clone(),
        broker_set: last.broker_set.clone(),
        records_per_s: each(|f| Some(f.records_per_s)).unwrap_or(0.0),
        records_per_s_range: [
            rates().min_by(f64::total_cmp).unwrap_or(0.0),
            rates().max_by(f64::total_cmp).unwrap_or(0.0),
        ],
        achieved: each(|f| f.achieved),
        response_ms: quantiles(figures.iter().filter_map(|f| f.response)),
        end_to_end_ms: quantiles(figures.iter().filter_map(|f| f.end_to_end)),
        wire_bytes_per_record: each(|f| f.wire_out_bytes_per_record),
        disk_bytes_per_record: each(|f| f.disk_bytes_per_record),
        broker_cpu_s_per_million: each(|f| f.broker_cpu_s_per_million),
        generator_cpu_s_per_million: each(|f| f.generator_cpu_s_per_million),
        generator_busy: each(|f| Some(f.generator_busy)).unwrap_or(0.0),
        compression_ratio: each(|f| f.compression_ratio),
        payload_bytes_per_record: each(|f| Some(f.mb_per_s * 1e6 / f.records_per_s.max(1.0))).unwrap_or(0.0),
    })
}

/// Quantile by quantile the median over the runs.
fn quantiles(runs: impl Iterator<Item = Percentiles>) -> Option<[f64; 6]> {
    let of_run = |p: Percentiles| [p.p50_us, p.p90_us, p.p99_us, p.p999_us, p.p9999_us, p.max_us];
    let runs: Vec<[f64; 6]> = runs.map(of_run).collect();
    let mut medians = [0.0; 6];
    for (place, out) in medians.iter_mut().enumerate() {
        *out = median(runs.iter().map(|run| run[place] / 1e3))?;
    }
    Some(medians)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

#[cfg(test)]
mod tests {
    use super::super::sample::point;
    use super::*;

    #[test]
    fn a_median_is_of_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }

    #[test]
    fn of_a_cell_only_the_longest_runs_count() {
        let mut long = point(1, 5.0, 1.0, 1.0);
        long.round = 2;
        let left = of_last_rounds(vec![point(1, 9.0, 1.0, 1.0), point(0, 4.0, 1.0, 1.0), long]);
        assert_eq!(left.iter().map(|point| point.records_per_s).collect::<Vec<_>>(), [4.0, 5.0]);
    }
}
