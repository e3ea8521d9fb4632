//! What changed from A to B, and whether any of it is a regression.

use super::comparability::{changes, unlike};
use super::options::DiffOptions;
use super::read::{Cell, ResultCells, ResultKind};
use crate::error::StudyError;
use loadgen_result::comparison::metric::Metric;

/// Everything that is to be told.
#[derive(Debug)]
pub struct Judgement {
    pub(super) names: [String; 2],
    pub(super) kind: ResultKind,
    pub(super) cells: Vec<CellDiff>,
    /// Cells that only one of the two has.
    pub(super) alone: Vec<String>,
    pub(super) threshold: f64,
    /// What decides.
    pub verdict: DiffVerdict,
}

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffVerdict {
    /// Nothing is worse by more than the threshold.
    Held,
    /// Something is, or B lost records.
    Regression,
    /// The two measured different things, so the figures say nothing about either.
    NotComparable,
}

/// One cell of both.
#[derive(Debug)]
pub(super) struct CellDiff {
    pub(super) label: String,
    pub(super) figures: Vec<FigureDiff>,
    pub(super) unlike: Vec<String>,
    pub(super) changes: Vec<String>,
    pub(super) doubts: [Vec<String>; 2],
    /// Fewest of either side.
    pub(super) runs: usize,
    /// Why B has no figures.
    pub(super) failed: Option<String>,
}

/// One figure of both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FigureDiff {
    pub(super) metric: Metric,
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) change: Change,
}

/// Seen from B, by the direction that is better for the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Better,
    /// By no more than the threshold, either way.
    Little,
    Worse,
    /// Beyond the threshold too, but not asked for by `--metric`.
    WorseUncounted,
}

pub(super) fn judge(a: ResultCells, b: ResultCells, options: &DiffOptions) -> Result<Judgement, StudyError> {
    if a.kind != b.kind {
        let (a, b) = ((&a.name, a.kind.name()), (&b.name, b.kind.name()));
        let why = format!("{} is a {} and {} is a {}: diff takes two of one kind", a.0, a.1, b.0, b.1);
        return Err(StudyError::Options(why));
    }
    let (cells, alone) = matched(&a, &b, options)?;
    if cells.is_empty() {
        return Err(StudyError::Options(format!("{} and {} have no cell in common", a.name, b.name)));
    }
    let verdict = verdict(&cells, options);
    let (names, kind) = ([a.name, b.name], a.kind);
    Ok(Judgement { names, kind, cells, alone, threshold: options.threshold, verdict })
}

fn verdict(cells: &[CellDiff], options: &DiffOptions) -> DiffVerdict {
    if cells.iter().any(|cell| cell.failed.is_some()) {
        return DiffVerdict::Regression; // lost records are a regression on any machine
    }
    if !options.anyway && cells.iter().any(|cell| !cell.unlike.is_empty()) {
        return DiffVerdict::NotComparable;
    }
    let mut figures = cells.iter().flat_map(|cell| &cell.figures);
    if figures.any(|figure| figure.change == Change::Worse) {
        DiffVerdict::Regression
    } else {
        DiffVerdict::Held
    }
}

/// Cells by their labels; those of a comparison by their place, as the names of its sides are the user's.
fn matched(
    a: &ResultCells,
    b: &ResultCells,
    options: &DiffOptions,
) -> Result<(Vec<CellDiff>, Vec<String>), StudyError> {
    if a.kind != ResultKind::Sweep {
        let pairs = a.cells.iter().zip(&b.cells).map(|(one, other)| cell(one, other, a, options));
        return Ok((pairs.collect::<Result<_, _>>()?, Vec::new()));
    }
    let (mut both, mut alone) = (Vec::new(), Vec::new());
    for one in &a.cells {
        match b.cells.iter().find(|other| other.label == one.label) {
            Some(other) => both.push(cell(one, other, a, options)?),
            None => alone.push(format!("{} is in {} only", one.label, a.name)),
        }
    }
    let is_new = |other: &&Cell| a.cells.iter().all(|one| one.label != other.label);
    alone.extend(b.cells.iter().filter(is_new).map(|new| format!("{} is in {} only", new.label, b.name)));
    Ok((both, alone))
}

fn cell(a: &Cell, b: &Cell, whole: &ResultCells, options: &DiffOptions) -> Result<CellDiff, StudyError> {
    if let Some(why) = &a.failed {
        return Err(StudyError::Options(format!("{} has no figures to compare with: {why}", whole.name)));
    }
    let figure = |(metric, value): (&Metric, &f64)| {
        let b = *b.values.get(metric)?;
        Some(FigureDiff { metric: *metric, a: *value, b, change: change(*metric, *value, b, options) })
    };
    Ok(CellDiff {
        label: a.label.clone(),
        figures: if b.failed.is_none() { a.values.iter().filter_map(figure).collect() } else { Vec::new() },
        unlike: unlike(a, b),
        changes: changes(a, b),
        doubts: [a.doubts.clone(), b.doubts.clone()],
        runs: a.runs.min(b.runs),
        failed: b.failed.clone(),
    })
}

/// Five percent less and five percent more are each five percent of A.
fn change(metric: Metric, a: f64, b: f64, options: &DiffOptions) -> Change {
    let rise = b / a - 1.0;
    let gain = if metric.is_better_higher() { rise } else { -rise };
    match gain {
        gain if gain > options.threshold => Change::Better,
        gain if gain >= -options.threshold => Change::Little,
        _ if options.decides(metric) => Change::Worse,
        _ => Change::WorseUncounted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(metric: Vec<Metric>) -> DiffOptions {
        DiffOptions { a: "a".into(), b: "b".into(), threshold: 0.05, metrics: metric, anyway: false }
    }

    #[test]
    fn the_direction_that_is_better_decides() {
        let of = |metric, b| change(metric, 100.0, b, &args(Vec::new()));
        assert_eq!(of(Metric::RecordsPerS, 94.0), Change::Worse);
        assert_eq!(of(Metric::RecordsPerS, 106.0), Change::Better);
        assert_eq!(of(Metric::P99, 106.0), Change::Worse);
        assert_eq!(of(Metric::BrokerCpu, 94.0), Change::Better);
        for little in [96.0, 100.0, 104.0] {
            assert_eq!(of(Metric::P50, little), Change::Little);
            assert_eq!(of(Metric::RecordsPerS, little), Change::Little);
        }
    }

    #[test]
    fn what_was_not_asked_for_is_no_regression() {
        let of = |metric| change(metric, 100.0, 150.0, &args(vec![Metric::BrokerCpu]));
        assert_eq!((of(Metric::BrokerCpu), of(Metric::P99)), (Change::Worse, Change::WorseUncounted));
    }
}
