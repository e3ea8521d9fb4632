//! Looks at the files of a partition without changing any: what a start would find, and what is damaged.
//!
//! Owns what counts as damage and what a crash leaves, and reads every byte of the batches. The scan and its judgement
//! of a torn end are those of a start (`recover`). Must not write, nor know a broker: whoever checks a data directory
//! says which partitions there are.

mod findings;
mod in_journals;
mod index_entries;
mod log;
mod side_files;

pub use findings::{Finding, LogReport, Severity};
pub use log::LogChecker;
