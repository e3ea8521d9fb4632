//! Why a broker or the machine is not what a load needs: one line each.

use loadgen_engine::error::EngineError;
use loadgen_result::files::FileError;
use std::io;
use thiserror::Error;

/// Something around a load that is not there or does not work.
#[derive(Debug, Error)]
pub enum HostError {
    /// Values that make no sense, alone or together.
    #[error("{0}")]
    Options(String),
    /// The started broker.
    #[error("{0}")]
    Broker(String),
    /// Asked to end before there was anything to tell.
    #[error("interrupted")]
    Interrupted,
    /// Files of loadgen itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// What the system refuses to loadgen.
    #[error("{what}: {why}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// The system's word.
        why: io::Error,
    },
    /// A broker that does not answer as it should.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl HostError {
    /// For `map_err`.
    pub fn system(what: &'static str) -> impl FnOnce(io::Error) -> HostError {
        move |why| HostError::System { what, why }
    }
}
