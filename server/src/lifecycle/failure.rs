//! Why a broker did not start, or did not end well.

use std::net::SocketAddr;

/// Why a broker did not start, or did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The data directory cannot be used.
    #[error("data directory {0}: {1}")]
    DataDir(String, String),
    /// Another process has it.
    #[error("data directory {0} is in use by another broker")]
    Locked(String),
    /// The journals of its cores are not where they should be, or cannot begin where they are to.
    #[error("journal directory {0}: {1}")]
    JournalDir(String, String),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1} (--listen, or listeners)")]
    Listen(SocketAddr, String),
    /// The admin listener's address cannot be listened on.
    #[error("cannot listen on {0}: {1} (creel.admin.listener)")]
    ListenForAdmin(SocketAddr, String),
    /// Something could not be made durable at the end; the next start recovers.
    #[error("the stop was not clean: see the log")]
    Unclean,
}
