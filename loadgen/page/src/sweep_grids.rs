//! Grids of two swept options: one grid for each figure and each combination of all other options.

use super::sweep_columns::{BROKER_CPU, Column, DISK, RECORDS, RESPONSE_P99, is_among};
use super::sweep_results::Sweep;
use super::text::{number, short};
use super::view::{Block, Grid, GridCell, Grids};
use loadgen_study::advice::point::Point;
use loadgen_study::matrix::CellLoad;

/// More fields of one figure are no overview.
const GRIDS_MAX: usize = 24;

/// A swept option and its values.
type Axis = (String, Vec<String>);

/// A block for each figure; none unless two options have two values or more.
pub(super) fn blocks(sweep: &Sweep, front: &[&Point]) -> Vec<Block> {
    let axes = sweep.description.matrix.axes();
    let Some(across) = across(&axes) else { return Vec::new() };
    let loads = &sweep.description.matrix.loads;
    let open = loads.iter().filter(|load| **load != CellLoad::Maximum);
    let wanted = loads.iter().map(|load| (RECORDS, *load)).filter(|(_, load)| *load == CellLoad::Maximum);
    let wanted = wanted.chain(open.flat_map(|load| [RESPONSE_P99, BROKER_CPU].map(|column| (column, *load))));
    let wanted = wanted.chain(loads.first().map(|load| (DISK, *load)));
    wanted
        .filter_map(|(column, load)| {
            let field = Field { axes: &axes, across, column: &column, load, sweep, front };
            field.grids().map(Block::Grids)
        })
        .collect()
}

/// A load as a part of a sentence.
pub(super) fn words(load: &CellLoad) -> String {
    match load {
        CellLoad::Maximum => "at the highest rate".into(),
        CellLoad::Share(share) => format!("at {share} of each cell’s highest rate"),
        CellLoad::Rate(rate) => format!("at {} records/s", short(*rate)),
    }
}

/// Rows and columns: the two with the most values, the longer from left to right.
fn across(axes: &[Axis]) -> Option<[usize; 2]> {
    let mut ranked: Vec<usize> = (0..axes.len()).filter(|axis| axes[*axis].1.len() > 1).collect();
    ranked.sort_by_key(|axis| std::cmp::Reverse(axes[*axis].1.len()));
    ranked.get(1).map(|rows| [*rows, ranked[0]])
}

/// One figure under one load.
struct Field<'a> {
    axes: &'a [Axis],
    across: [usize; 2],
    column: &'a Column,
    load: CellLoad,
    sweep: &'a Sweep,
    front: &'a [&'a Point],
}

impl Field<'_> {
    fn grids(&self) -> Option<Grids> {
        let best = self.best()?;
        let others = self.others();
        let cut = if others.len() > GRIDS_MAX {
            format!(" The first {GRIDS_MAX} of {} grids. All cells are in the table below.", others.len())
        } else {
            String::new()
        };
        Some(Grids {
            title: format!("{} {}", self.column.head, words(&self.load)),
            about: format!(
                "The greener, the better. Framed: the best. ★: on the Pareto front. Without colour: the point does not count.{cut}"
            ),
            grids: others.iter().take(GRIDS_MAX).map(|fixed| self.grid(fixed, best)).collect(),
        })
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.sweep.points.iter().filter(|point| point.load == self.load)
    }

    /// The best cell, of those that count.
    fn best(&self) -> Option<usize> {
        let good = |point: &&Point| point.is_valid() && (self.column.of)(point).is_some();
        let goodness = |point: &Point| self.column.goodness(point, self.counted()).unwrap_or(0.0);
        let best = self.points().filter(good).max_by(|a, b| goodness(a).total_cmp(&goodness(b)));
        best.map(|point| point.cell)
    }

    fn counted(&self) -> impl Iterator<Item = &Point> {
        self.points().filter(|point| point.is_valid())
    }

    /// Each combination of the options that are neither rows nor columns.
    fn others(&self) -> Vec<Vec<usize>> {
        let free = |axis: &usize| !self.across.contains(axis);
        (0..self.axes.len()).fold(vec![vec![]], |all, axis| {
            let count = if free(&axis) { self.axes[axis].1.len() } else { 1 };
            all.iter().flat_map(|one| (0..count).map(move |at| [&one[..], &[at]].concat())).collect()
        })
    }

    fn grid(&self, fixed: &[usize], best: usize) -> Grid {
        let [rows, columns] = self.across;
        let is_told = |axis: &usize| !self.across.contains(axis) && self.axes[*axis].1.len() > 1;
        let told = (0..self.axes.len()).filter(is_told);
        let told = told.map(|axis| format!("{}={}", self.axes[axis].0, self.axes[axis].1[fixed[axis]]));
        let cells = |row: usize| {
            let cell = |column: usize| {
                let mut places = fixed.to_vec();
                (places[rows], places[columns]) = (row, column);
                self.cell(&places, best)
            };
            (0..self.axes[columns].1.len()).map(cell).collect()
        };
        let names = self.axes[rows].1.iter().enumerate();
        Grid {
            title: told.collect::<Vec<_>>().join(", "),
            corner: format!("{} ↓ {} →", self.axes[rows].0, self.axes[columns].0),
            columns: self.axes[columns].1.clone(),
            rows: names.map(|(row, name)| (name.clone(), cells(row))).collect(),
        }
    }

    /// `None`: not measured.
    fn cell(&self, places: &[usize], best: usize) -> Option<GridCell> {
        let matrix = &self.sweep.description.matrix;
        let point = self.points().find(|point| matrix.places(point.cell) == places)?;
        let goodness = self.column.goodness(point, self.counted());
        Some(GridCell {
            text: number((self.column.of)(point)?),
            goodness: goodness.filter(|_| point.is_valid()),
            is_best: point.cell == best,
            is_on_front: is_among(self.front, point),
        })
    }
}
