//! `loadgen diff`: two results that are there already, figure by figure. `loadgen trend`: all of a directory over time.
//!
//! A run of each says how far they lie apart and not how far they would by chance; that takes the pairs of
//! [`crate::compare`], and the reader is told so. `read` makes cells of any result, `likeness` says whether two of them
//! measured the same thing, `judgement` what changed, `table` tells it.

pub mod cli;
mod judgement;
mod likeness;
mod read;
mod table;
pub mod trend;

pub use judgement::{Judgement, Verdict};
pub use table::Table;

use crate::error::LoadError;
use cli::DiffArgs;
use read::Measured;

/// Reads both and judges B by A.
pub fn diff(args: &DiffArgs) -> Result<Judgement, LoadError> {
    let [a, b] = [Measured::read(&args.a)?, Measured::read(&args.b)?];
    judgement::judge(a, b, args)
}
