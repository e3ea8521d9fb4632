//! Why a load could not be made or finished: one line each.

use crate::payload::error::PayloadError;
use std::io;
use std::net::SocketAddr;
use thiserror::Error;

/// A load that ended without a result.
#[derive(Debug, Error)]
pub enum EngineError {
    /// Values that make no sense, alone or together.
    #[error("{0}")]
    Options(String),
    /// No values to send.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// Nobody answers there.
    #[error("no broker at {address}: {why}")]
    Unreachable {
        /// As given or as the cluster named it.
        address: String,
        /// The system's word.
        why: io::Error,
    },
    /// The connection ended while it was needed.
    #[error("the broker at {address} closed the connection{}", why.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Closed {
        /// The broker's.
        address: SocketAddr,
        /// `None` for a plain end of stream.
        why: Option<io::Error>,
    },
    /// Bytes that are no answer to what was asked.
    #[error("the broker at {address} answered {api} with something that is not an answer to it: {why}")]
    Protocol {
        /// The broker's.
        address: SocketAddr,
        /// Which request.
        api: &'static str,
        /// What was wrong.
        why: String,
    },
    /// No version of an API in common.
    #[error("the broker at {address} offers {api} in no version that loadgen knows ({ours})")]
    NoVersion {
        /// The broker's.
        address: SocketAddr,
        /// Which request.
        api: &'static str,
        /// The versions of the wire crate.
        ours: String,
    },
    /// The broker said no.
    #[error("the broker refused to {what}: {code}")]
    Refused {
        /// What was asked of it.
        what: String,
        /// Its error code, in words.
        code: String,
    },
    /// No answer for too long.
    #[error("the broker at {address} has not answered {what} for {seconds} s")]
    Silent {
        /// The broker's.
        address: SocketAddr,
        /// Which request.
        what: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// Ended by whoever times the load, who knows why.
    #[error("{0}")]
    Ended(String),
    /// Asked to end before there was anything to tell.
    #[error("interrupted")]
    Interrupted,
    /// What the system refuses to loadgen.
    #[error("{what}: {why}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// The system's word.
        why: io::Error,
    },
}

impl EngineError {
    /// For `map_err`.
    pub fn system(what: &'static str) -> impl FnOnce(io::Error) -> EngineError {
        move |why| EngineError::System { what, why }
    }
}
