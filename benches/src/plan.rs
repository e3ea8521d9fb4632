//! What the driver is asked to do, and what the connections of one of its threads note.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::reply::Check;

/// How long a round goes on.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// For so long.
    Passed(Duration),
    /// Until each connection has had so many answers.
    Answered(u64),
    /// Until either.
    PassedOrAnswered(Duration, u64),
}

/// What to drive.
#[derive(Clone)]
pub struct Drive {
    /// The server.
    pub address: SocketAddr,
    /// Sent one after the other, again from the first after the last; each connection begins elsewhere.
    pub requests: Arc<[Bytes]>,
    /// Looks at a reply's body; an error ends the bench.
    pub check: Check,
    /// Connections.
    pub connections: usize,
    /// Requests in flight on each.
    pub in_flight: usize,
    /// The time between two requests of a connection; `None` for as fast as the answers come.
    pub interval: Option<Duration>,
    /// When it ends.
    pub until: Until,
}

/// What the connections of one thread have seen.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) latencies_us: RefCell<Vec<u32>>,
    pub(crate) unsent: Cell<u64>,
}
