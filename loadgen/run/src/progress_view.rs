//! How a run is shown while it goes on, on standard error: one line that renews itself on a terminal, a plain line
//! every second elsewhere. `dashboard` shows the same on a full screen.

use loadgen_engine::clock::now_ns;
use loadgen_engine::plan::Plan;
use loadgen_engine::run_state::{RunState, Totals};
use loadgen_result::text::thousands;
use std::fmt::Debug;
use std::io::{IsTerminal, Write, stderr};

const TERMINAL_STEP_NS: u64 = 200_000_000;
const PLAIN_STEP_NS: u64 = 1_000_000_000;

/// Shows a run. Dropped, it leaves the place to what is said next.
pub trait ProgressView: Debug {
    /// The load is decided; `broker` is what to call the broker.
    fn load(&mut self, broker: &str, plan: &Plan);

    /// Says what is being done where that may take a moment.
    fn say(&mut self, text: &str);

    /// Shows how far the run is, if it is time to.
    fn show(&mut self, now_ns: u64, phase: &str, run_state: &RunState);
}

/// One line at a time.
#[derive(Debug)]
pub struct Lines {
    on_terminal: bool,
    /// What this run is a part of. A run that is one of many prints no lines where there is no terminal.
    part_of: Option<String>,
    last_ns: u64,
    last: Totals,
}

impl Lines {
    /// Lines of a run that stands alone.
    pub fn alone() -> Lines {
        Lines::new(None)
    }

    /// One line behind `prefix`, for a run that is a part of something.
    pub fn behind(prefix: String) -> Lines {
        Lines::new(Some(prefix))
    }

    fn new(part_of: Option<String>) -> Lines {
        let on_terminal = stderr().is_terminal();
        Lines { on_terminal, part_of, last_ns: now_ns(), last: Totals::default() }
    }

    fn show_totals(&mut self, now_ns: u64, phase: &str, totals: Totals) {
        let step = if self.on_terminal { TERMINAL_STEP_NS } else { PLAIN_STEP_NS };
        let since = now_ns.saturating_sub(self.last_ns);
        if since < step {
            return;
        }
        self.write(&line(phase, since as f64 / 1e9, self.last, totals));
        (self.last_ns, self.last) = (now_ns, totals);
    }

    fn write(&self, text: &str) {
        let written = match (self.on_terminal, &self.part_of) {
            (true, part_of) => {
                let prefix = part_of.as_ref().map(|prefix| format!("{prefix}  ")).unwrap_or_default();
                let line = cut(&format!("{prefix}{text}"), columns());
                write!(stderr(), "\r\x1b[K{line}").and_then(|()| stderr().flush())
            }
            (false, None) => writeln!(stderr(), "{text}"),
            (false, Some(_)) => Ok(()),
        };
        let _ = written; // nobody may be looking any more
    }
}

impl ProgressView for Lines {
    fn load(&mut self, _broker: &str, _plan: &Plan) {}

    fn say(&mut self, text: &str) {
        self.write(text);
    }

    fn show(&mut self, now_ns: u64, phase: &str, run_state: &RunState) {
        self.show_totals(now_ns, phase, run_state.totals());
    }
}

/// Clears the line, so that the result or the error stands alone.
impl Drop for Lines {
    fn drop(&mut self) {
        if self.on_terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

/// Of the terminal.
fn columns() -> usize {
    rustix::termios::tcgetwinsize(stderr()).ok().map_or(80, |size| usize::from(size.ws_col)).max(20)
}

/// A line that wraps can't renew itself.
fn cut(text: &str, columns: usize) -> String {
    text.chars().take(columns - 1).collect()
}

fn line(phase: &str, seconds: f64, last: Totals, totals: Totals) -> String {
    let per_second = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
    let acked = per_second(totals.acked_records, last.acked_records);
    let megabytes = per_second(totals.acked_bytes, last.acked_bytes) / 1e6;
    let read = per_second(totals.consumed_records, last.consumed_records);
    let behind = totals.acked_records.saturating_sub(totals.consumed_records);
    format!(
        "{phase:<10} {:>11} records/s {megabytes:>7.1} MB/s  read {:>9}/s, {} behind",
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

    #[test]
    fn a_line_fits_the_terminal() {
        assert_eq!(cut("████ abc", 6), "████ ");
    }
}
