//! What `meta.properties` says of the journals of a data directory's cores: whether they may hold records that the
//! partitions lack, and where they lie.
//!
//! ```text
//! version=1                            they hold nothing
//! version=creel-journals-1             they lie in the data directory
//! version=creel-journals-elsewhere-1   they lie in another one:
//! creel.journal.dir=/mnt/journals      where it was
//! creel.journal.id=<id>                what it says of itself (`journal_directory`), wherever it is now
//! ```
//!
//! Kafka refuses a version that is no number. So nobody who does not know of the journals opens a directory without
//! them. The version and the place are written with one rename: a directory never names a place without the mark, nor
//! has the mark without the place.
//!
//! Bytes and values only. The file itself is read and written in `properties`.

use std::path::PathBuf;

/// What the version begins with while the journals may hold records that the partitions lack.
const INSIDE: &str = "creel-journals-";
const ELSEWHERE: &str = "creel-journals-elsewhere-";
const DIRECTORY: &str = "creel.journal.dir";
const ID: &str = "creel.journal.id";
/// The version of a file that has none.
const VERSION: &str = "1";

/// A directory of journals that is not the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalPlace {
    /// Where it is, or was.
    pub directory: PathBuf,
    /// What it says of itself.
    pub id: String,
}

/// Whether the journals may hold records that the partitions lack, and where they lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JournalsMark {
    /// They hold nothing.
    #[default]
    Unused,
    /// They lie in the data directory.
    Inside,
    /// They lie in a directory of their own.
    Elsewhere(JournalPlace),
}

impl JournalsMark {
    /// Reads the text of the file. An error says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let version = value(text, "version").unwrap_or_default();
        let (directory, id) = (value(text, DIRECTORY), value(text, ID));
        if version.starts_with(ELSEWHERE) {
            let missing = |name: &str| format!("version={version}, and {name} is missing");
            let directory = directory.filter(|directory| !directory.is_empty());
            let directory = unescaped(&directory.ok_or_else(|| missing(DIRECTORY))?);
            let directory = directory.ok_or_else(|| format!("{DIRECTORY} is no path"))?;
            let id = id.filter(|id| !id.is_empty()).ok_or_else(|| missing(ID))?;
            return Ok(Self::Elsewhere(JournalPlace { directory: PathBuf::from(directory), id }));
        }
        if directory.is_some() || id.is_some() {
            return Err(format!("it names a {DIRECTORY}, and version={version} does not say so"));
        }
        Ok(if version.starts_with(INSIDE) { Self::Inside } else { Self::Unused })
    }

    /// The same file with this mark. Everything else in it stays.
    pub(super) fn write(&self, text: &str) -> String {
        let mark = match self {
            Self::Unused => "",
            Self::Inside => INSIDE,
            Self::Elsewhere(_) => ELSEWHERE,
        };
        let mut has_version = false;
        let mut marked = String::new();
        for line in text.lines() {
            match line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                Some((DIRECTORY | ID, _)) => continue,
                Some(("version", version)) => {
                    has_version = true;
                    marked.extend(["version=", mark, without_mark(version)]);
                }
                _ => marked.push_str(line),
            }
            marked.push('\n');
        }
        if *self != Self::Unused && !has_version {
            marked.extend(["version=", mark, VERSION, "\n"]);
        }
        if let Self::Elsewhere(JournalPlace { directory, id }) = self {
            let directory = escaped(&directory.to_string_lossy());
            marked.extend([DIRECTORY, "=", &directory, "\n", ID, "=", id, "\n"]);
        }
        marked
    }
}

/// A version as it would be without any mark.
pub(super) fn without_mark(version: &str) -> &str {
    version.strip_prefix(ELSEWHERE).or_else(|| version.strip_prefix(INSIDE)).unwrap_or(version)
}

/// A key's value in a file of properties, without the blanks around it.
pub(super) fn value(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '!']));
    let mut pairs = lines.filter_map(|line| line.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// A path as such a file holds it, also for Java: on one line, and with the blanks at its ends.
pub(super) fn escaped(path: &str) -> String {
    let mut escaped = String::new();
    let is_blank_inside = |at: usize| at > 0 && path[at..].chars().any(|c| c != ' ');
    for (at, c) in path.char_indices() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            ' ' if is_blank_inside(at) => escaped.push(' '),
            // Rust and Java disagree about which of the others are blanks.
            c if c.is_control() || c.is_whitespace() => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// `None`: nothing is escaped so.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut path = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                '\\' => path.push('\\'),
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let is_whole = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                    let code = is_whole.then(|| u32::from_str_radix(&digits, 16).ok())??;
                    path.push(char::from_u32(code)?);
                }
                _ => return None,
            },
            c => path.push(c),
        }
    }
    Some(path)
}

#[cfg(test)]
#[path = "journals_mark_tests.rs"]
mod tests;
