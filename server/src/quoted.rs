//! Clients' own words on the log.

use std::fmt;

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
    use super::*;

    #[test]
    fn a_clients_words_are_one_short_line() {
        assert_eq!(Quoted("a\nb\u{1b}[31m").to_string(), r#""a\nb\u{1b}[31m""#);
        assert_eq!(Quoted(&"é".repeat(101)).to_string(), format!("\"{}\"...", "é".repeat(100)));
    }
}
