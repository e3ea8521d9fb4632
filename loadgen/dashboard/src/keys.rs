//! Reads keys without waiting for one.

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, poll, read};
use std::time::Duration;

/// Whether `q`, Escape or Ctrl-C came. (Ctrl-C is a signal here; where a terminal sends it as a key, it counts too.)
pub(super) fn stop_was_pressed() -> bool {
    let mut stop = false;
    while poll(Duration::ZERO).unwrap_or(false) {
        let Ok(event) = read() else { break };
        stop |= is_stop(&event);
    }
    stop
}

fn is_stop(event: &Event) -> bool {
    let Event::Key(key) = event else { return false };
    let is_ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press
        && (is_ctrl_c || matches!(key.code, KeyCode::Char('q' | 'Q') | KeyCode::Esc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    #[test]
    fn a_few_keys_stop_and_others_do_not() {
        let key = |code, modifiers| is_stop(&Event::Key(KeyEvent::new(code, modifiers)));
        assert!(
            key(KeyCode::Char('q'), KeyModifiers::NONE) && key(KeyCode::Char('c'), KeyModifiers::CONTROL)
        );
        assert!(!key(KeyCode::Char('c'), KeyModifiers::NONE) && !is_stop(&Event::Resize(1, 1)));
    }
}
