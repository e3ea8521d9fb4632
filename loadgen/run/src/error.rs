//! Why a run could not be made or finished: one line each.

use loadgen_engine::error::EngineError;
use loadgen_host::error::HostError;
use std::io;
use thiserror::Error;

/// A run that ended without a result, or was cut short.
#[derive(Debug, Error)]
pub enum RunError {
    /// Values that make no sense, alone or together.
    #[error("{0}")]
    Options(String),
    /// The started broker, killed on purpose.
    #[error("the broker did not come back after its kill -9: {0}")]
    NotBack(String),
    /// Asked to end during the warm-up.
    #[error("interrupted before anything was measured{}", if *warmup_s > 0.0 { format!(": the warm-up lasts {warmup_s} s") } else { String::new() })]
    NothingMeasured {
        /// As asked for.
        warmup_s: f64,
    },
    /// What the system refuses to loadgen.
    #[error("{what}: {why}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// The system's word.
        why: io::Error,
    },
    /// The load.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What is around it.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl RunError {
    /// For `map_err`.
    pub fn system(what: &'static str) -> impl FnOnce(io::Error) -> RunError {
        move |why| RunError::System { what, why }
    }
}
