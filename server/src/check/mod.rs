//! `creel check`: what a data directory holds that no broker uses, whether anything in it is damaged, and (`--replay`) the
//! journals' records appended, so that Apache Kafka can open it.
//!
//! This room owns what is asked of a directory as a whole, and how the answer reads. The engine checks a partition's files
//! (`creel_engine::LogChecker`). A replay is a start and a stop of the broker (`lifecycle`): this room only tells what came
//! of it. It must not know cores, connections or requests, and must not print.

mod directory;
mod look;
mod replay;
mod report;

pub use look::look;
pub use replay::{prepare_replay, told_of_replay};
pub use report::{Report, Verdict};

/// Why a check could not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It is not there, or no data directory.
    #[error("{0} is no data directory: {1}")]
    NoDataDirectory(String, String),
    /// A broker has it.
    #[error("data directory {0} is in use by a broker: stop it first")]
    InUse(String),
    /// Something could not be read.
    #[error("{0}")]
    Unreadable(String),
    /// Somebody has stopped it.
    #[error("the check was stopped")]
    Stopped,
    /// The start of a replay has failed.
    #[error("{0}")]
    Start(String),
}
