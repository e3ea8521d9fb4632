//! What is shown while a run goes on: one line that renews itself on a terminal, a plain line every second elsewhere.

use crate::report::table::thousands;
use crate::stage::Totals;
use std::io::{IsTerminal, Write, stderr};

const TERMINAL_STEP_NS: u64 = 200_000_000;
const PLAIN_STEP_NS: u64 = 1_000_000_000;

/// Shows progress on standard error.
#[derive(Debug)]
pub struct Live {
    on_terminal: bool,
    last_ns: u64,
    last: Totals,
}

impl Live {
    /// Begins at `now_ns`.
    pub fn new(now_ns: u64) -> Live {
        Live { on_terminal: stderr().is_terminal(), last_ns: now_ns, last: Totals::default() }
    }

    /// Shows how far the run is, if it is time to.
    pub fn show(&mut self, now_ns: u64, phase: &str, totals: Totals) {
        let step = if self.on_terminal { TERMINAL_STEP_NS } else { PLAIN_STEP_NS };
        let since = now_ns.saturating_sub(self.last_ns);
        if since < step {
            return;
        }
        let text = line(phase, since as f64 / 1e9, self.last, totals);
        let written = if self.on_terminal {
            write!(stderr(), "\r\x1b[K{text}").and_then(|()| stderr().flush())
        } else {
            writeln!(stderr(), "{text}")
        };
        let _ = written; // nobody may be looking any more
        (self.last_ns, self.last) = (now_ns, totals);
    }

    /// Says what is being done where that may take a moment.
    pub fn say(&self, text: &str) {
        let end = if self.on_terminal { "" } else { "\n" };
        let start = if self.on_terminal { "\r\x1b[K" } else { "" };
        let _ = write!(stderr(), "{start}{text}{end}").and_then(|()| stderr().flush());
    }
}

/// Clears the line, so that the result or the error stands alone.
impl Drop for Live {
    fn drop(&mut self) {
        if self.on_terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn line(phase: &str, seconds: f64, last: Totals, totals: Totals) -> String {
    let per_second = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
    let acked = per_second(totals.acked_records, last.acked_records);
    let megabytes = per_second(totals.acked_bytes, last.acked_bytes) / 1e6;
    let read = per_second(totals.consumed_records, last.consumed_records);
    let behind = totals.acked_records.saturating_sub(totals.consumed_records);
    format!(
        "{phase:<18} {:>12} records/s {megabytes:>8.1} MB/s   read {:>12}/s, {} behind",
        thousands(acked),
        thousands(read),
        thousands(behind as f64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_step() {
        let before = Totals { acked_records: 1_000, acked_bytes: 100_000, consumed_records: 900 };
        let after = Totals { acked_records: 3_000, acked_bytes: 300_000, consumed_records: 2_900 };
        let text = line("measuring", 0.5, before, after);
        assert!(
            text.contains("4,000 records/s") && text.contains("0.4 MB/s") && text.contains("100 behind"),
            "{text}"
        );
    }
}
