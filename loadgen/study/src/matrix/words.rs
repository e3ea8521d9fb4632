//! What is wrong with a matrix, in one line that names file, line and key.

use crate::error::StudyError;
use std::path::Path;

/// Farther than that, a name is not a misspelling of another.
const SIMILAR: f64 = 0.6;

/// Where something is wrong.
pub(super) struct MatrixText<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl MatrixText<'_> {
    /// No TOML.
    pub(super) fn syntax(&self, error: &toml::de::Error) -> StudyError {
        let at = error.span().map_or(0, |span| span.start.min(self.text.len()));
        let line = 1 + self.text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        self.at(Some(line), &error.message().replace('\n', " "))
    }

    /// A key of a section; the section itself with `section` empty.
    pub(super) fn key(&self, section: &str, key: &str, why: &str) -> StudyError {
        self.at(self.line_of(|at, name| at == section && name == key), &format!("{key} {why}"))
    }

    /// A value that the option does not take, in clap's words: they name the option.
    pub(super) fn option(&self, words: &str) -> StudyError {
        let named = words.split("--").skip(1).map(|rest| {
            rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap_or_default()
        });
        let line = named.into_iter().find_map(|key| self.line_of(|_, name| name == key));
        self.at(line, words)
    }

    /// All of it.
    pub(super) fn whole(&self, why: &str) -> StudyError {
        self.at(None, why)
    }

    fn at(&self, line: Option<usize>, why: &str) -> StudyError {
        let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
        StudyError::Options(format!("{}{line}: {why}", self.path.display()))
    }

    /// The first line with a key of which `is_it(section, key)`; a section's own line has the section ``.
    fn line_of(&self, is_it: impl Fn(&str, &str) -> bool) -> Option<usize> {
        let mut section = "";
        for (index, line) in self.text.lines().enumerate() {
            let line = line.trim();
            let found = match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((name, "")) if !line.contains('=') => {
                    section = name.trim();
                    is_it("", section)
                }
                _ => {
                    line.split_once('=').is_some_and(|(key, _)| is_it(section, key.trim().trim_matches('"')))
                }
            };
            if found {
                return Some(index + 1);
            }
        }
        None
    }
}

/// `; did you mean X?`, if one of `known` is near.
pub(super) fn nearest(name: &str, known: &[&str]) -> String {
    let likeness = |known: &&&str| strsim::jaro_winkler(name, known);
    let near = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    near.filter(|known| likeness(known) > SIMILAR)
        .map(|known| format!("; did you mean {known}?"))
        .unwrap_or_default()
}
