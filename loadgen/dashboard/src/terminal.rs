//! The terminal, taken and given back: at the end, on an error, and before a panic's message is printed.
//!
//! Keys come one by one and unechoed, but Ctrl-C stays a signal: it must work while the main thread waits for a broker.

use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::Frame;
use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io::{self, Stderr, stderr, stdin};
use std::sync::{Mutex, Once, PoisonError};

/// How the terminal was, while it is taken.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
static HOOK: Once = Once::new();

/// The terminal on standard error, all of it.
pub(super) struct Terminal(ratatui::Terminal<CrosstermBackend<Stderr>>);

impl Terminal {
    /// Takes it; one at a time.
    pub(super) fn open() -> io::Result<Terminal> {
        let before = tcgetattr(stdin())?;
        HOOK.call_once(give_back_before_panics);
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before.clone());
        let opened = take(before);
        if opened.is_err() {
            give_back();
        }
        opened
    }

    /// Draws what changed.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.0.draw(render).map(|_| ())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn take(mut modes: Termios) -> io::Result<Terminal> {
    modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    modes.special_codes[SpecialCodeIndex::VSUSP] = 0; // stopped in the middle, it would leave the screen as it is
    tcsetattr(stdin(), OptionalActions::Now, &modes)?;
    execute!(stderr(), EnterAlternateScreen)?;
    let mut terminal = ratatui::Terminal::new(CrosstermBackend::new(stderr()))?;
    terminal.hide_cursor()?;
    // Not `Terminal::clear`: it asks for the cursor's place on standard output, which may be a file.
    terminal.backend_mut().clear_region(ClearType::All)?;
    Ok(Terminal(terminal))
}

/// Once for each time it was taken, from wherever.
fn give_back() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        let _ = execute!(stderr(), LeaveAlternateScreen, Show); // a terminal that is gone needs nothing back
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
    }
}

fn give_back_before_panics() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        hook(panic);
    }));
}
