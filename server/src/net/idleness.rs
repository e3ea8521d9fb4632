//! When a connection is given up: nothing moves, and it is the client's turn to move something.

use std::cell::Cell;
use std::time::Duration;

use creel_io::{Instant, now};

use crate::limits::{LARGE_REQUEST_PACE_BYTES, LARGE_REQUEST_PATIENCE};
use crate::net::in_flight::InFlight;
use crate::net::transport::Transport;

/// What the reader is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReaderState {
    /// It waits for the next request.
    Between,
    /// A request has begun to come.
    Within,
    /// It does not look at the socket: a request is being begun, or there is no room for the next one.
    Waiting,
    /// Nothing more is read; what is owed is sent, and then the connection ends.
    Ended,
}

/// How a large request comes: since when so many bytes.
#[derive(Clone, Copy)]
struct Pace {
    since: Instant,
    bytes: usize,
}

/// What is known about a connection's movements.
pub(crate) struct ConnectionIdleness {
    reading: Cell<ReaderState>,
    last_active: Cell<Instant>,
    pace: Cell<Option<Pace>>,
}

impl ConnectionIdleness {
    pub(crate) fn new() -> Self {
        Self {
            reading: Cell::new(ReaderState::Between),
            last_active: Cell::new(now()),
            pace: Cell::new(None),
        }
    }

    pub(crate) fn reads(&self, reading: ReaderState) {
        self.reading.set(reading);
    }

    /// Bytes have moved.
    pub(crate) fn moved(&self, at: Instant) {
        self.last_active.set(at);
    }

    /// A large request has its room, and is received from now on.
    pub(crate) fn large_begins(&self) {
        let at = now();
        self.moved(at);
        self.pace.set(Some(Pace { since: at, bytes: 0 }));
    }

    /// Bytes of a request have come.
    pub(crate) fn received(&self, at: Instant, bytes: usize) {
        self.moved(at);
        if let Some(pace) = self.pace.get() {
            let bytes = pace.bytes + bytes;
            let is_fast = bytes >= LARGE_REQUEST_PACE_BYTES;
            self.pace.set(Some(if is_fast { Pace { since: at, bytes: 0 } } else { Pace { bytes, ..pace } }));
        }
    }

    /// A request is whole.
    pub(crate) fn whole(&self) {
        self.pace.set(None);
    }

    /// Whether nothing has moved for `idle` although it is the client's turn. The client must take what it is owed,
    /// go on with the request that it has begun, or, if nothing is owed, ask for something. A client that has said
    /// that it will send no more is not waited for any longer either, whatever its requests wait for.
    ///
    /// While others want what the connection holds, it is always the client's turn.
    pub(crate) fn is_over(
        &self,
        idle: Duration,
        transport: &Transport,
        in_flight: &InFlight,
        wanted: bool,
    ) -> bool {
        let is_past = |since: Instant| now().saturating_since(since) >= idle;
        if let Some(since) = transport.blocked_since() {
            // Until then the client was taking something.
            self.moved(self.last_active.get().max(since));
            return is_past(since);
        }
        let holds_wanted = wanted && in_flight.is_large();
        let is_clients_turn = match self.reading.get() {
            ReaderState::Within | ReaderState::Ended => true,
            ReaderState::Between => in_flight.is_empty() || holds_wanted,
            ReaderState::Waiting => holds_wanted,
        };
        is_clients_turn && is_past(self.last_active.get())
    }

    /// Whether the connection is too slow, while it holds what others wait for.
    pub(crate) fn is_slow_holder(&self, transport: &Transport, in_flight: &InFlight) -> bool {
        let patience = LARGE_REQUEST_PATIENCE;
        let is_past = |since: Instant| now().saturating_since(since) >= patience;
        let sends_slowly = self.pace.get().is_some_and(|pace| is_past(pace.since));
        sends_slowly || (in_flight.is_large() && transport.blocked_since().is_some_and(is_past))
    }
}
