//! The dashboard of a run on a terminal: rates, latencies of the last second and so far, how far each partition's
//! consumer is behind, and how long the run still takes.
//!
//! This crate owns the screen. It must not know who starts runs. It runs on the main thread, four times a second, and
//! reads counters that the load's threads write anyway (`run_state`, `sketch`). `terminal` gives the screen back
//! whatever happens. `history` turns counters into rates. `board` is what is shown, and `draw` shows it at any size.

#![forbid(unsafe_code)]
#![warn(clippy::print_stdout, clippy::print_stderr, reason = "they panic where the reader has gone")]

pub mod board;
mod draw;
mod history;
mod keys;
mod terminal;

use board::Board;
use history::History;
use loadgen_engine::clock::now_ns;
use loadgen_engine::plan::Plan;
use loadgen_engine::run_state::RunState;
use loadgen_run::progress_view::{Lines, ProgressView};
use std::fmt::{self, Debug, Formatter};
use std::io::{self, IsTerminal, stderr, stdin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use terminal::Terminal;

const STEP_NS: u64 = 250_000_000;

/// What a run that stands alone is shown by: the dashboard where there is a terminal, lines elsewhere. A key pressed
/// there may set `interrupted`.
pub fn best_view(interrupted: &Arc<AtomicBool>) -> Box<dyn ProgressView> {
    if !stderr().is_terminal() || !stdin().is_terminal() {
        return Box::new(Lines::alone());
    }
    match Dashboard::open(interrupted.clone()) {
        Ok(dashboard) => Box::new(Screen::Dashboard(Box::new(dashboard))),
        Err(_) => Box::new(Lines::alone()),
    }
}

/// The dashboard, and lines once it has been asked to end.
#[derive(Debug)]
enum Screen {
    Dashboard(Box<Dashboard>),
    Lines(Lines),
}

impl ProgressView for Screen {
    fn load(&mut self, broker: &str, plan: &Plan) {
        if let Screen::Dashboard(dashboard) = self {
            dashboard.load(broker, plan);
        }
    }

    fn say(&mut self, text: &str) {
        match self {
            Screen::Dashboard(dashboard) => dashboard.say(text),
            Screen::Lines(lines) => lines.say(text),
        }
    }

    fn show(&mut self, now_ns: u64, phase: &str, run_state: &RunState) {
        match self {
            // What is left is short, and a second Ctrl-C must find the terminal as it was.
            Screen::Dashboard(dashboard) if dashboard.is_over() => *self = Screen::Lines(Lines::alone()),
            Screen::Dashboard(dashboard) => dashboard.show(now_ns, phase, run_state),
            Screen::Lines(lines) => lines.show(now_ns, phase, run_state),
        }
    }
}

/// A screen full of a run.
pub struct Dashboard {
    terminal: Terminal,
    board: Board,
    history: History,
    interrupted: Arc<AtomicBool>,
    last_ns: u64,
}

impl Dashboard {
    /// Takes the terminal on standard error. A press of `q` sets `interrupted`, as Ctrl-C does.
    pub fn open(interrupted: Arc<AtomicBool>) -> io::Result<Dashboard> {
        let terminal = Terminal::open()?;
        Ok(Dashboard {
            terminal,
            board: Board::default(),
            history: History::default(),
            interrupted,
            last_ns: 0,
        })
    }

    /// The load is decided.
    pub fn load(&mut self, address: &str, plan: &Plan) {
        self.board.describe(address, plan);
    }

    /// Says what is being done where that may take a moment.
    pub fn say(&mut self, text: &str) {
        text.clone_into(&mut self.board.phase);
        self.draw();
    }

    /// Shows how far the run is, if it is time to.
    pub fn show(&mut self, now_ns: u64, phase: &str, run_state: &RunState) {
        if keys::stop_was_pressed() {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        if now_ns.saturating_sub(self.last_ns) < STEP_NS {
            return;
        }
        self.last_ns = now_ns;
        phase.clone_into(&mut self.board.phase);
        self.history.look(now_ns, run_state);
        self.board.update(now_ns, &self.history, run_state);
        self.draw();
    }

    /// Whether it was asked to end. If so the screen should be given back, so that a second Ctrl-C finds it so.
    pub fn is_over(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn draw(&mut self) {
        let board = &self.board;
        let _ = self.terminal.draw(|frame| draw::draw(frame, board)); // nobody may be looking any more
    }
}

impl Debug for Dashboard {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard").field("at_ns", &now_ns()).finish_non_exhaustive()
    }
}
