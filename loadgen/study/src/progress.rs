//! Progress of a study that takes many runs: a bar on a terminal, a line for each part elsewhere.

use loadgen_engine::clock::now_ns;
use std::io::{IsTerminal, Write, stderr};

const BAR: usize = 16;

/// How far it is. Dropped, it leaves a clean line.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    /// `None`: nobody knows.
    total: Option<usize>,
    begun: usize,
    label: String,
    on_terminal: bool,
    /// Where there is no terminal, no part is worth a line.
    is_silent_elsewhere: bool,
    started_ns: u64,
}

impl Progress {
    /// `total` parts are to come, each a `what` ("round", "cell").
    pub fn new(what: &'static str, total: usize) -> Progress {
        Progress::of(what, Some(total))
    }

    fn of(what: &'static str, total: Option<usize>) -> Progress {
        let (on_terminal, label) = (stderr().is_terminal(), String::new());
        Progress {
            what,
            total,
            begun: 0,
            label,
            on_terminal,
            is_silent_elsewhere: false,
            started_ns: now_ns(),
        }
    }

    /// The same for parts too short for a line each where there is no terminal.
    pub fn on_terminal(what: &'static str, total: usize) -> Progress {
        let mut progress = Progress::new(what, total);
        progress.is_silent_elsewhere = true;
        progress
    }

    /// `total` is not known: parts are counted, and there is no bar.
    pub fn endless(what: &'static str) -> Progress {
        Progress::of(what, None)
    }

    /// The next part begins; the one before it is done.
    pub fn begin(&mut self, label: &str) {
        label.clone_into(&mut self.label);
        let text = self.text(now_ns());
        self.begun += 1;
        match (self.on_terminal, self.is_silent_elsewhere) {
            (true, _) => self.write(&text),
            (false, false) => self.write(&format!("{text}\n")),
            (false, true) => {}
        }
    }

    /// A line that stays, above the bar.
    pub fn say(&mut self, line: &str) {
        self.write(&format!("{line}\n"));
    }

    /// What the line of a run within the current part begins with, on a terminal.
    pub fn prefix(&self) -> String {
        let bar = self.bar(self.begun.saturating_sub(1));
        format!("{bar}{}", heading(self.what, self.begun, self.total, &self.label))
    }

    fn text(&self, now_ns: u64) -> String {
        let heading = heading(self.what, self.begun + 1, self.total, &self.label);
        let elapsed_ns = now_ns.saturating_sub(self.started_ns);
        let left = self.total.map(|total| left(self.begun, total, elapsed_ns)).unwrap_or_default();
        let bar = if self.on_terminal { self.bar(self.begun) } else { String::new() };
        format!("{bar}{heading}{left}")
    }

    fn bar(&self, done: usize) -> String {
        self.total.map(|total| format!("{} ", bar(done, total))).unwrap_or_default()
    }

    fn write(&self, text: &str) {
        let clear = if self.on_terminal { "\r\x1b[K" } else { "" };
        let _ = write!(stderr(), "{clear}{text}").and_then(|()| stderr().flush()); // nobody may be looking
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.on_terminal {
            self.write("");
        }
    }
}

fn heading(what: &str, number: usize, total: Option<usize>, label: &str) -> String {
    let label = if label.is_empty() { String::new() } else { format!(": {label}") };
    let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
    format!("{what} {number}{of}{label}")
}

/// `█████▌··········`, in half steps.
fn bar(done: usize, total: usize) -> String {
    let halves = (done.min(total) * BAR * 2).checked_div(total).unwrap_or(0);
    let half = if halves % 2 == 1 { "▌" } else { "" };
    let rest = BAR - halves / 2 - half.chars().count();
    format!("{}{half}{}", "█".repeat(halves / 2), "·".repeat(rest))
}

/// From the time that the parts done so far took.
fn left(done: usize, total: usize, elapsed_ns: u64) -> String {
    if done == 0 || done >= total {
        return String::new();
    }
    let seconds = elapsed_ns as f64 / 1e9 / done as f64 * (total - done) as f64;
    match seconds {
        s if s < 90.0 => format!(", about {s:.0} s left"),
        s if s < 5_400.0 => format!(", about {:.0} min left", s / 60.0),
        s => format!(", about {:.1} h left", s / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_wide_whatever_is_done() {
        assert_eq!(bar(0, 4), "················");
        assert_eq!(bar(1, 4), "████············");
        assert_eq!(bar(1, 32), "▌···············");
        assert_eq!(bar(4, 4), "████████████████");
        assert!((0..=40).all(|done| bar(done, 33).chars().count() == BAR));
        assert_eq!(bar(0, 0).chars().count(), BAR);
    }

    #[test]
    fn what_is_left_follows_from_what_was_done() {
        assert_eq!(left(0, 10, 5_000_000_000), "");
        assert_eq!(left(1, 3, 10_000_000_000), ", about 20 s left");
        assert_eq!(left(2, 8, 120_000_000_000), ", about 6 min left");
        assert_eq!(left(1, 11, 3_600_000_000_000), ", about 10.0 h left");
        assert_eq!(left(3, 3, 1), "");
    }
}
