//! What the log says about clients that can't be served.

use std::fmt;

use super::log_throttle::LogThrottle;
use crate::limits::{REFUSED_LOG_INTERVAL, TRANSACTIONS_LOG_INTERVAL};
use crate::quoted::Quoted;

/// What clients did that cannot be served.
#[derive(Debug)]
pub(crate) struct ClientLog {
    connections: LogThrottle,
    transactions: LogThrottle,
}

impl Default for ClientLog {
    fn default() -> Self {
        Self {
            connections: LogThrottle::new(1, REFUSED_LOG_INTERVAL),
            transactions: LogThrottle::new(1, TRANSACTIONS_LOG_INTERVAL),
        }
    }
}

impl ClientLog {
    /// A connection is closed for what it sent, or did not send in time.
    pub(crate) fn closed(&self, peer: &dyn fmt::Display, why: &dyn fmt::Display) {
        if let Some(left_out) = self.connections.permits() {
            tracing::warn!(%peer, %why, left_out = left_out.field(), "connection closed");
        }
    }

    /// A connection could not be accepted.
    pub(crate) fn refused_connection(&self, why: &dyn fmt::Display) {
        if let Some(left_out) = self.connections.permits() {
            tracing::warn!(%why, left_out = left_out.field(), "connection refused");
        }
    }

    /// A client asked for transactions. Many ask again and again.
    pub(crate) fn refused_transaction(&self, peer: &dyn fmt::Display, client_id: &str, id: &str) {
        if let Some(left_out) = self.transactions.permits() {
            let (client, transactional_id) = (Quoted(client_id), Quoted(id));
            tracing::warn!(
                %client, %peer, %transactional_id, left_out = left_out.field(),
                "transactions are not supported yet: the client's request was refused"
            );
        }
    }
}
