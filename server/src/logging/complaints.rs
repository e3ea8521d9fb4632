//! What the log says about clients, so many lines at a time: a flood of requests must not become a flood of log.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use creel_io::{Instant, now};

use crate::limits::{COMPLAINT_INTERVAL_MS, TRANSACTIONS_TOLD_MS};

/// Lets so many lines of a kind pass in an interval, and counts the others.
#[derive(Debug)]
pub(crate) struct LinePace {
    lines: u32,
    interval: Duration,
    since: Cell<Option<Instant>>,
    passed: Cell<u32>,
    left_out: Cell<u64>,
}

impl LinePace {
    pub(crate) const fn new(lines: u32, interval_ms: u64) -> Self {
        let interval = Duration::from_millis(interval_ms);
        let (since, passed, left_out) = (Cell::new(None), Cell::new(0), Cell::new(0));
        Self { lines, interval, since, passed, left_out }
    }

    /// Whether there may be a line now.
    pub(crate) fn may_speak(&self) -> Option<LeftOut> {
        if self.is_over() {
            self.since.set(Some(now()));
            self.passed.set(0);
        }
        if self.passed.get() < self.lines {
            self.passed.set(self.passed.get() + 1);
            return Some(LeftOut(self.left_out.take()));
        }
        self.left_out.set(self.left_out.get() + 1);
        None
    }

    /// How many lines were left out, if the interval is over and nobody has been told. They count as told now.
    pub(crate) fn take_left_out(&self) -> Option<u64> {
        (self.left_out.get() > 0 && self.is_over()).then(|| self.left_out.take())
    }

    fn is_over(&self) -> bool {
        self.since.get().is_none_or(|since| now().saturating_since(since) >= self.interval)
    }
}

/// How many lines like this one were left out since the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut(u64);

impl LeftOut {
    /// As a field of the line; none were is not worth a word.
    pub(crate) fn field(self) -> Option<u64> {
        (self.0 > 0).then_some(self.0)
    }
}

/// What clients did that cannot be served.
#[derive(Debug)]
pub(crate) struct Complaints {
    connections: LinePace,
    transactions: LinePace,
}

impl Default for Complaints {
    fn default() -> Self {
        Self {
            connections: LinePace::new(1, COMPLAINT_INTERVAL_MS),
            transactions: LinePace::new(1, TRANSACTIONS_TOLD_MS),
        }
    }
}

impl Complaints {
    /// A connection is closed for what it sent, or did not send in time.
    pub(crate) fn closed(&self, peer: &dyn fmt::Display, why: &dyn fmt::Display) {
        if let Some(left_out) = self.connections.may_speak() {
            tracing::warn!(%peer, %why, left_out = left_out.field(), "connection closed");
        }
    }

    /// A connection could not be accepted.
    pub(crate) fn refused_connection(&self, why: &dyn fmt::Display) {
        if let Some(left_out) = self.connections.may_speak() {
            tracing::warn!(%why, left_out = left_out.field(), "connection refused");
        }
    }

    /// A client asked for transactions. Many ask again and again.
    pub(crate) fn refused_transaction(&self, peer: &dyn fmt::Display, client_id: &str, id: &str) {
        if let Some(left_out) = self.transactions.may_speak() {
            let (client, transactional_id) = (Quoted(client_id), Quoted(id));
            tracing::warn!(
                %client, %peer, %transactional_id, left_out = left_out.field(),
                "transactions are not served yet: a client that asks for them is refused"
            );
        }
    }
}

/// A client's own words on the log: in one line, and not at any length.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

/// More of a client's words are left out.
const CHARS_QUOTED: usize = 100;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(CHARS_QUOTED) {
            Some((end, _)) => write!(f, "{:?}...", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use creel_io::sim::{Config, Simulation};
    use creel_io::sleep;

    use super::*;

    #[test]
    fn a_flood_of_lines_is_counted_and_the_count_is_told_once() {
        let mut sim = Simulation::new(1, Config::calm());
        let node = sim.add_node("node", 1);
        let story = async {
            let pace = LinePace::new(2, 1_000);
            let told: Vec<_> = (0..5).map(|_| pace.may_speak().map(LeftOut::field)).collect();
            assert_eq!(told, [Some(None), Some(None), None, None, None]);
            assert_eq!(pace.take_left_out(), None);
            sleep(Duration::from_secs(1)).await;
            assert_eq!(pace.may_speak().map(LeftOut::field), Some(Some(3)));
            assert_eq!(pace.may_speak().map(LeftOut::field), Some(None));
            assert_eq!(pace.may_speak(), None);
            sleep(Duration::from_secs(1)).await;
            assert_eq!((pace.take_left_out(), pace.take_left_out()), (Some(1), None));
        };
        sim.block_on(node, story).unwrap();
    }

    #[test]
    fn a_clients_words_are_one_short_line() {
        assert_eq!(Quoted("a\nb\u{1b}[31m").to_string(), r#""a\nb\u{1b}[31m""#);
        assert_eq!(Quoted(&"é".repeat(101)).to_string(), format!("\"{}\"...", "é".repeat(100)));
    }
}
