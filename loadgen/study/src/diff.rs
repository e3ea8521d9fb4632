//! `loadgen diff`: two results that are there already, figure by figure. `loadgen trend`: all of a directory over time.
//!
//! One run of each tells how far they lie apart, but not how far they would by chance. That takes the pairs of
//! [`crate::compare`], and the reader is told so. `read` makes cells of any result, `comparability` says whether two
//! of them measured the same thing, `judgement` what changed, `table` shows it.

mod comparability;
mod judgement;
pub mod options;
mod read;
mod table;
pub mod trend;

pub use judgement::{DiffVerdict, Judgement};
pub use table::Table;

use crate::error::StudyError;
use options::DiffOptions;
use read::ResultCells;

/// Reads both and judges B by A.
pub fn diff(options: &DiffOptions) -> Result<Judgement, StudyError> {
    let [a, b] = [ResultCells::read(&options.a)?, ResultCells::read(&options.b)?];
    judgement::judge(a, b, options)
}
