//! `loadgen sweep`: every combination of the values in a matrix, each at maximum and at fixed rates.
//!
//! The order of the cells is drawn anew for every repeat, so that a drift of the machine does not meet one cell
//! alone. Within a cell the maximum comes first, because the shares are shares of it. The `store` has each result at
//! once.

mod halving;
pub mod options;

use crate::advice::point::{Point, points};
use crate::advice::rank::USUAL;
use crate::advice::table;
use crate::error::StudyError;
use crate::matrix::{Cell, CellLoad, Matrix};
use crate::progress::Progress;
use crate::runner::Runner;
use crate::store::{Description, Job, Kept, Store, contents};
use loadgen_result::report::RunReport;
use loadgen_result::rng::Rng;
use options::{Halving, SweepOptions};
use std::time::Duration;

/// Starting and stopping a broker, making the topic, draining: about so long per run.
const AROUND_A_RUN: Duration = Duration::from_millis(1_500);
/// So many runs in a row without a result are no accident.
const FAILURES_MAX: usize = 3;

/// How a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepEnd {
    /// All there.
    Whole,
    /// By a signal; what was done is kept.
    Interrupted,
    /// A broker lost, doubled or altered records in some run.
    VerificationFailed,
    /// Some runs ended without a result.
    RunsFailed,
}

/// Measures what is not there yet, and tells what is.
pub fn sweep(
    options: &SweepOptions,
    runner: &dyn Runner,
    tell: &dyn Fn(&str),
) -> Result<SweepEnd, StudyError> {
    let (matrix, cells) = Matrix::read(&options.matrix, &options.set, runner)?;
    let rounds = options.halving.map_or(1, |halving| halving::rounds(cells.len(), halving.keep as usize));
    tell(&format!("{}\n", announcement(&matrix, &cells, options, rounds)));
    if options.dry_run {
        cells.iter().for_each(|cell| tell(&format!("  {:>4}  {}\n", cell.index, cell.label)));
        return Ok(SweepEnd::Whole);
    }
    let labels = cells.iter().map(|cell| cell.label.clone()).collect();
    let description = Description::new(matrix.clone(), rounds, contents::of(&cells)?, labels);
    let store = Store::open(&options.out, &description)?;
    let progress = Progress::new("run", run_count(&matrix, cells.len(), options, rounds));
    let mut sweep =
        Sweep { options, matrix, cells, store, progress, runner, failed_in_a_row: 0, lost: Vec::new() };
    sweep.all_rounds(rounds)?;
    let (lost, store) = (sweep.lost, sweep.store);
    drop(sweep.progress);
    conclude(options, &store, lost, runner.is_interrupted(), tell)
}

fn announcement(matrix: &Matrix, cells: &[Cell], options: &SweepOptions, rounds: usize) -> String {
    let loads: Vec<String> = matrix.loads.iter().map(ToString::to_string).collect();
    let mut time = Duration::ZERO;
    for (round, count) in (0..rounds).zip(halving::sizes(cells.len(), rounds)) {
        let scale = halving::scale(round, rounds);
        let mean: Duration =
            cells.iter().map(|cell| (cell.options.duration + cell.options.warmup).mul_f64(scale)).sum();
        let each = mean / cells.len() as u32 + AROUND_A_RUN;
        time += each * (count * matrix.loads.len()) as u32 * options.repeats;
    }
    let halving =
        if options.halving.is_some() { format!(", {rounds} rounds of halving") } else { String::new() };
    format!(
        "{} cells, each at {}, {} time(s){halving}: {} runs in about {:.0} min",
        cells.len(),
        loads.join(" and "),
        options.repeats,
        run_count(matrix, cells.len(), options, rounds),
        (time.as_secs_f64() / 60.0).ceil()
    )
}

fn run_count(matrix: &Matrix, cells: usize, options: &SweepOptions, rounds: usize) -> usize {
    halving::sizes(cells, rounds).sum::<usize>() * matrix.loads.len() * options.repeats as usize
}

fn conclude(
    options: &SweepOptions,
    store: &Store,
    mut lost: Vec<StudyError>,
    is_interrupted: bool,
    tell: &dyn Fn(&str),
) -> Result<SweepEnd, StudyError> {
    let kept = store.all()?;
    if kept.is_empty() && !lost.is_empty() {
        return Err(lost.swap_remove(0));
    }
    tell(&table::points(&points(&kept), &USUAL));
    let dir = options.out.display();
    tell(&format!(
        "\n  {} results are in {dir}. To choose a cell: loadgen advice {dir} --slo 'p99<20ms'\n",
        kept.len()
    ));
    if kept.iter().any(|kept| kept.report.verification.passed == Some(false)) {
        tell(
            "\n  !! In some runs records were lost, duplicated, reordered or altered. These runs do not count.\n",
        );
        return Ok(SweepEnd::VerificationFailed);
    }
    if is_interrupted {
        tell("\n  !! Interrupted. The same command continues the sweep.\n");
        return Ok(SweepEnd::Interrupted);
    }
    if !lost.is_empty() {
        let lost = lost.len();
        tell(&format!("\n  !! {lost} runs ended without a result. The same command tries them again.\n"));
        return Ok(SweepEnd::RunsFailed);
    }
    Ok(SweepEnd::Whole)
}

/// A sweep that goes on.
struct Sweep<'a> {
    options: &'a SweepOptions,
    matrix: Matrix,
    cells: Vec<Cell>,
    store: Store,
    progress: Progress,
    runner: &'a dyn Runner,
    failed_in_a_row: usize,
    lost: Vec<StudyError>,
}

impl Sweep<'_> {
    fn all_rounds(&mut self, rounds: usize) -> Result<(), StudyError> {
        let mut cells: Vec<usize> = (0..self.cells.len()).collect();
        let mut dropped = Vec::new();
        for round in 0..rounds {
            let round = halving::Round { number: round, of: rounds };
            let kept = self.round(round, &cells)?;
            let Some(Halving { objective, .. }) = self.options.halving else { return Ok(()) };
            if self.is_interrupted() || round.is_last() {
                return Ok(());
            }
            let selection = halving::select(round, &self.cells, &cells, &points(&kept), objective);
            self.progress.say(&selection.to_string());
            dropped.extend(selection.dropped);
            self.store.write("halving.json", &dropped)?;
            cells = selection.kept;
        }
        Ok(())
    }

    /// Every load of every cell, as often as asked for.
    fn round(&mut self, round: halving::Round, cells: &[usize]) -> Result<Vec<Kept>, StudyError> {
        let mut kept = Vec::new();
        for repeat in 0..self.options.repeats {
            let mut order = cells.to_vec();
            let seed =
                self.options.seed.wrapping_mul(1_000_003) ^ (u64::from(repeat) << 8) ^ round.number as u64;
            shuffle(&mut order, &mut Rng::new(seed));
            for cell in order {
                for load in self.matrix.loads.clone() {
                    if self.is_interrupted() {
                        return Ok(kept);
                    }
                    let job = Job { cell, load, round: round.in_name(), repeat };
                    kept.extend(self.one(&job, round)?);
                }
            }
        }
        Ok(kept)
    }

    fn is_interrupted(&self) -> bool {
        self.runner.is_interrupted()
    }

    /// The result of one run: found, or measured and kept. `None`: there is none.
    fn one(&mut self, job: &Job, round: halving::Round) -> Result<Option<Kept>, StudyError> {
        let cell = &self.cells[job.cell];
        self.progress.begin(&format!("{}, {}", cell.label, job.load));
        if let Some(kept) = self.store.kept(job)? {
            return Ok(Some(kept));
        }
        let mut options = cell.options.clone();
        options.duration = round.scaled(options.duration);
        options.warmup = round.scaled(options.warmup);
        if job.load == CellLoad::Maximum {
            options.schedule = None; // there are no instants to shape
        }
        options.rate = match job.load {
            CellLoad::Maximum => None,
            CellLoad::Rate(rate) => Some(rate),
            CellLoad::Share(share) => match self.maximum_of(job)? {
                Some(maximum) => Some((maximum * share).round().max(1.0)),
                None => return Ok(None), // said when the maximum was not measured
            },
        };
        let label = cell.label.clone();
        match self.runner.run(&options, self.progress.prefix()) {
            Ok(report) => self.keep(job, round, report),
            Err(error) => self.lose(&label, error).map(|()| None),
        }
    }

    /// The first repeat's: all repeats then have the same rate.
    fn maximum_of(&self, job: &Job) -> Result<Option<f64>, StudyError> {
        let kept = self.store.kept(&Job { load: CellLoad::Maximum, repeat: 0, ..*job })?;
        Ok(kept.and_then(|kept| kept.report.figures).map(|figures| figures.records_per_s))
    }

    fn keep(
        &mut self,
        job: &Job,
        round: halving::Round,
        report: RunReport,
    ) -> Result<Option<Kept>, StudyError> {
        self.failed_in_a_row = 0;
        if report.interrupted {
            return Ok(None); // shorter than the others
        }
        let (cell, load, repeat) = (job.cell, job.load, job.repeat);
        let (label, broker_set) =
            (self.cells[cell].label.clone(), self.cells[cell].options.broker.broker_set.clone());
        let kept = Kept { cell, label, load, round: round.number, repeat, broker_set, report };
        self.store.keep(job, &kept)?;
        Ok(Some(kept))
    }

    /// One run may fail without ending the others. Several failures in a row have a common cause.
    fn lose(&mut self, label: &str, error: StudyError) -> Result<(), StudyError> {
        if self.is_interrupted() {
            return Ok(());
        }
        self.failed_in_a_row += 1;
        if self.failed_in_a_row >= FAILURES_MAX {
            return Err(error);
        }
        self.progress.say(&format!("  !! {label}: {error}"));
        self.lost.push(error);
        Ok(())
    }
}

fn shuffle(order: &mut [usize], rng: &mut Rng) {
    for last in (1..order.len()).rev() {
        order.swap(last, rng.below(last as u64 + 1) as usize);
    }
}

/// For halving and tests: the point of a cell that has one.
fn point_of(points: &[Point], cell: usize) -> impl Iterator<Item = &Point> {
    points.iter().filter(move |point| point.cell == cell)
}
