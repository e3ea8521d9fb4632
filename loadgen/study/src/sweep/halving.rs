//! Successive halving: all cells get short runs, the better half gets runs twice as long, and so on.

use super::point_of;
use crate::advice::criterion::Criterion;
use crate::advice::point::Point;
use crate::advice::rank;
use crate::matrix::Cell;
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
pub(super) struct Selection {
    round: Round,
    metric: Criterion,
    pub(super) kept: Vec<usize>,
    pub(super) dropped: Vec<Dropped>,
    best: Option<(String, f64)>,
}

/// Keeps the better half.
pub(super) fn select(
    round: Round,
    all: &[Cell],
    cells: &[usize],
    points: &[Point],
    metric: Criterion,
) -> Selection {
    let points: Vec<Point> = points.iter().filter(|point| point.round == round.number).cloned().collect();
    let value = |cell: usize| best_of(&points, cell, metric).and_then(|point| metric.of(point));
    let mut ranked = cells.to_vec();
    // Rates that were held are equal: then what else usually decides does, not the place in the matrix.
    let order = rank::order(&[metric]);
    ranked.sort_by(|a, b| {
        let [one, other] = [a, b].map(|cell| best_of(&points, *cell, metric));
        let both = one.zip(other).map(|(one, other)| rank::compare(&order, one, other));
        both.unwrap_or_else(|| other.is_some().cmp(&one.is_some())).then(a.cmp(b))
    });
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
    Selection { round, metric, dropped: dropped.collect(), kept: ranked, best }
}

/// Where a cell is best. A latency is judged at a fixed rate where there is one, all else at any load.
fn best_of(points: &[Point], cell: usize, metric: Criterion) -> Option<&Point> {
    let valid = || point_of(points, cell).filter(|point| point.is_valid());
    let open = |point: &&Point| point.is_open_loop();
    let any_open = metric.is_latency() && valid().any(|point| open(&point));
    let able = valid().filter(|point| !any_open || open(point));
    able.min_by(|a, b| metric.order(metric.of(a), metric.of(b)))
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (metric, value) = (self.metric, |value: Option<f64>| {
            value.map_or_else(|| "no valid result".to_owned(), |value| self.metric.shown(value))
        });
        let last_kept = self.dropped.first().and_then(|dropped| dropped.last_kept);
        write!(
            f,
            "  round {} of {} by {metric}: {} cells continue, the last with {}",
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

    #[test]
    fn of_cells_that_all_held_their_rate_jitter_does_not_choose_the_better_half() {
        let cell = |index: usize| Cell {
            index,
            label: format!("cell={index}"),
            options: loadgen_engine::options::RunOptions::default(),
        };
        let cells: Vec<Cell> = (0..4).map(cell).collect();
        let measured = |cell: usize, reached: f64, bytes: f64| {
            let mut point = crate::advice::sample::point(cell, 10_000.0, 10.0, bytes);
            (point.records_per_s, point.achieved) = (reached, Some(reached / 10_000.0));
            point
        };
        let points = [
            measured(0, 10_050.0, 90.0),
            measured(1, 9_980.0, 50.0),
            measured(2, 9_990.0, 60.0),
            measured(3, 9_000.0, 10.0),
        ];
        let selection =
            select(Round { number: 0, of: 2 }, &cells, &[0, 1, 2, 3], &points, Criterion::RecordsPerSecond);
        assert_eq!(selection.kept, [1, 2], "the fewest bytes");
        assert_eq!(selection.dropped.iter().map(|dropped| dropped.cell).collect::<Vec<_>>(), [0, 3]);
    }
}
