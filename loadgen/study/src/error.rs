//! Why a study came to no answer: one line each.

use loadgen_engine::error::EngineError;
use loadgen_engine::payload::error::PayloadError;
use loadgen_result::files::FileError;
use std::error::Error as StdError;
use thiserror::Error;

/// A study that ended without an answer.
#[derive(Debug, Error)]
pub enum StudyError {
    /// Values that make no sense, alone or together.
    #[error("{0}")]
    Options(String),
    /// Asked to end before there was anything to tell.
    #[error("interrupted")]
    Interrupted,
    /// Results, or files that say what to study.
    #[error(transparent)]
    File(#[from] FileError),
    /// No values to send.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A load, or what it is made of.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A run that the runner could not make, in its words.
    #[error(transparent)]
    Run(Box<dyn StdError + Send + Sync>),
}
