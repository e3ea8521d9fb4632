//! Successive halving: all cells get short runs, the better half of them runs twice as long, and so on.

use super::cli::SweepArgs;
use super::matrix::Cell;
use super::point_of;
use crate::advice::metric::Metric;
use crate::advice::point::Point;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Shorter than that, a run is all beginning.
const SHORTEST: Duration = Duration::from_millis(300);

/// How many rounds leave `keep` cells for the last.
pub(super) fn rounds(cells: usize, keep: usize) -> usize {
    std::iter::successors(Some(cells), |left| (*left > keep).then(|| left.div_ceil(2))).count()
}

/// Cells in each round.
pub(super) fn sizes(cells: usize, rounds: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(cells), |left| Some(left.div_ceil(2))).take(rounds)
}

/// What part of the full duration a round's runs have: each twice the one before.
pub(super) fn scale(round: usize, rounds: usize) -> f64 {
    0.5f64.powi((rounds - 1 - round) as i32)
}

/// Which round it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    pub(super) number: usize,
    pub(super) of: usize,
}

impl Round {
    pub(super) fn is_last(self) -> bool {
        self.number + 1 == self.of
    }

    /// Without halving files need no round in their names.
    pub(super) fn in_name(self) -> Option<usize> {
        (self.of > 1).then_some(self.number)
    }

    pub(super) fn scaled(self, full: Duration) -> Duration {
        full.mul_f64(scale(self.number, self.of)).max(SHORTEST.min(full))
    }
}

/// A cell that goes no further, and why.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Dropped {
    /// After which round, from 0.
    round: usize,
    cell: usize,
    label: String,
    metric: String,
    /// `None`: nothing that counts was measured.
    value: Option<f64>,
    /// Of its runs, when there were several.
    runs: usize,
    /// What the worst cell that goes on has.
    last_kept: Option<f64>,
}

/// Who goes on after a round.
pub(super) struct Verdict {
    round: Round,
    metric: Metric,
    pub(super) kept: Vec<usize>,
    pub(super) dropped: Vec<Dropped>,
    best: Option<(String, f64)>,
}

/// Keeps the better half.
pub(super) fn judge(
    round: Round,
    all: &[Cell],
    cells: &[usize],
    points: &[Point],
    args: &SweepArgs,
) -> Verdict {
    let metric = args.objective;
    let points: Vec<Point> = points.iter().filter(|point| point.round == round.number).cloned().collect();
    let value = |cell: usize| best_of(&points, cell, metric);
    let mut ranked = cells.to_vec();
    ranked.sort_by(|a, b| metric.order(value(*a), value(*b)).then(a.cmp(b)));
    let rest = ranked.split_off(cells.len().div_ceil(2));
    let last_kept = ranked.last().and_then(|cell| value(*cell));
    let best = ranked.first().and_then(|cell| Some((all[*cell].label.clone(), value(*cell)?)));
    let dropped = rest.iter().map(|cell| Dropped {
        round: round.number,
        cell: *cell,
        label: all[*cell].label.clone(),
        metric: metric.to_string(),
        value: value(*cell),
        runs: point_of(&points, *cell).map(|point| point.runs).sum(),
        last_kept,
    });
    Verdict { round, metric, dropped: dropped.collect(), kept: ranked, best }
}

/// A latency is judged at a fixed rate where there is one, all else wherever it is best.
fn best_of(points: &[Point], cell: usize, metric: Metric) -> Option<f64> {
    let valid = || point_of(points, cell).filter(|point| point.is_valid());
    let open = |point: &&Point| point.is_open_loop();
    let any_open = metric.is_latency() && valid().any(|point| open(&point));
    let values = valid().filter(|point| !any_open || open(point)).map(|point| metric.of(point));
    values.min_by(|a, b| metric.order(*a, *b)).flatten()
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (metric, value) = (self.metric, |value: Option<f64>| {
            value.map_or_else(|| "nothing that counts".to_owned(), |value| self.metric.shown(value))
        });
        let last_kept = self.dropped.first().and_then(|dropped| dropped.last_kept);
        write!(
            f,
            "  round {} of {} by {metric}: {} cells go on, down to {}",
            self.round.number + 1,
            self.round.of,
            self.kept.len(),
            value(last_kept)
        )?;
        if let Some((label, best)) = &self.best {
            write!(f, " (best {}: {label})", value(Some(*best)))?;
        }
        for dropped in &self.dropped {
            write!(
                f,
                "\n    dropped at {}, {} run(s): {}",
                value(dropped.value),
                dropped.runs,
                dropped.label
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_halve_until_few_are_left_and_the_last_is_whole() {
        assert_eq!(rounds(24, 3), 4);
        assert_eq!(sizes(24, 4).collect::<Vec<_>>(), [24, 12, 6, 3]);
        assert_eq!((rounds(3, 3), rounds(1, 1), rounds(5, 1)), (1, 1, 4));
        assert_eq!((scale(0, 4), scale(3, 4)), (0.125, 1.0));
        let round = Round { number: 0, of: 4 };
        assert_eq!(round.scaled(Duration::from_secs(8)), Duration::from_secs(1));
        assert_eq!(round.scaled(Duration::from_millis(400)), SHORTEST);
        assert_eq!(round.scaled(Duration::ZERO), Duration::ZERO, "no warm-up stays none");
    }
}
