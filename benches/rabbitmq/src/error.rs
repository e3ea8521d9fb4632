//! Why there is no result.

use thiserror::Error;

/// What can go wrong around a measurement.
#[derive(Debug, Error)]
pub enum BenchError {
    /// From a Kafka client call.
    #[error(transparent)]
    Engine(#[from] loadgen_engine::error::EngineError),
    /// From what loadgen knows of the machine.
    #[error(transparent)]
    Host(#[from] loadgen_host::error::HostError),
    /// From a run of loadgen's.
    #[error(transparent)]
    Run(#[from] loadgen_run::error::RunError),
    /// From the AMQP client.
    #[error("AMQP: {0}")]
    Amqp(#[from] lapin::Error),
    /// The system's word on something.
    #[error("{what}: {why}")]
    System {
        /// What was tried.
        what: String,
        /// Its answer.
        why: std::io::Error,
    },
    /// In words.
    #[error("{0}")]
    Said(String),
}

impl BenchError {
    /// Names what was tried.
    pub fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> BenchError {
        let what = what.into();
        move |why| BenchError::System { what, why }
    }
}

/// The usual one.
pub type Result<T> = std::result::Result<T, BenchError>;
