//! `creel-journals.properties`: the file by which a directory of journals says whose it is.
//!
//! ```text
//! #The journals of a Creel broker: see docs/format.md
//! version=1
//! directory.id=<id>     of the data directory whose journals lie here
//! journal.id=<id>       of this directory, made anew whenever journals begin here that the data directory has not noted
//! data.dir=/var/creel   where the data directory was: for people
//! ```
//!
//! It is written before the data directory names the place. So journals are never looked for in a directory that
//! somebody else uses, nor in one that is empty because its device is not mounted.

use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs;

use super::journals_mark::{JournalPlace, escaped, unescaped, value};
use super::properties::random_id;

const NAME: &str = "creel-journals.properties";
const VERSION: &str = "1";
/// A data directory has this file.
const OF_DATA: &str = "meta.properties";

/// What a directory of journals says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JournalDirectory {
    /// The id of the data directory.
    pub(crate) directory_id: String,
    /// Its own.
    pub(crate) journal_id: String,
    /// Where the data directory was.
    pub(crate) data_dir: String,
}

/// Why a directory can't hold the journals of a data directory, or does not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalDirectoryError {
    #[error("it does not exist: make it, or mount its device")]
    Missing,
    #[error("{NAME}: {0}")]
    Io(#[from] io::Error),
    #[error("{NAME} is not what Creel writes: {0}")]
    Malformed(String),
    #[error("{NAME} has version {0}: start the version of Creel that wrote it, and stop it")]
    OtherVersion(String),
    #[error(
        "it holds the journals of another data directory: {data_dir}, whose directory.id is {directory_id}"
    )]
    SomeoneElses { directory_id: String, data_dir: String },
    #[error("they are not there: mount its device")]
    NotThere,
    #[error("it is a data directory")]
    DataDirectory,
    #[error("it holds journals, and does not say whose: remove them, or choose another directory")]
    Unowned,
}

impl JournalDirectory {
    /// Reads what a directory says of itself. `None`: it says nothing.
    pub(crate) fn read(directory: &Path) -> Result<Option<Self>, JournalDirectoryError> {
        if !fs::exists(directory) {
            return Err(JournalDirectoryError::Missing);
        }
        match fs::read(&directory.join(NAME)) {
            Ok(bytes) => Self::decode(&String::from_utf8_lossy(&bytes)).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the journals of the data directory with this id may lie here. Returns what the directory says of itself.
    pub(crate) fn check(
        directory: &Path,
        directory_id: Option<&str>,
    ) -> Result<Option<Self>, JournalDirectoryError> {
        if let Some(found) = Self::read(directory)? {
            if directory_id == Some(found.directory_id.as_str()) {
                return Ok(Some(found));
            }
            let Self { directory_id, data_dir, .. } = found;
            return Err(JournalDirectoryError::SomeoneElses { directory_id, data_dir });
        }
        if fs::exists(&directory.join(OF_DATA)) {
            return Err(JournalDirectoryError::DataDirectory);
        }
        match creel_engine::has_journals(directory)? {
            true => Err(JournalDirectoryError::Unowned),
            false => Ok(None),
        }
    }

    /// Makes a directory that may be taken say whose it is, durably. `noted`: the place whose journals still count. It
    /// must not be mistaken for this one.
    pub(crate) async fn claim(
        directory: &Path,
        directory_id: &str,
        data_dir: &Path,
        noted: Option<&JournalPlace>,
    ) -> Result<JournalPlace, JournalDirectoryError> {
        let place = |id: String| JournalPlace { directory: directory.to_path_buf(), id };
        let known = Self::check(directory, Some(directory_id))?;
        if let Some(known) = known.filter(|known| noted.is_none_or(|noted| noted.id != known.journal_id)) {
            return Ok(place(known.journal_id));
        }
        let (directory_id, data_dir) = (directory_id.to_owned(), data_dir.display().to_string());
        let claimed = Self { directory_id, journal_id: random_id(), data_dir };
        fs::write_atomically(&directory.join(NAME), claimed.encode().as_bytes()).await?;
        Ok(place(claimed.journal_id))
    }

    /// Lets others have a directory in which no journals are left.
    pub(crate) async fn give_back(directory: &Path) -> io::Result<()> {
        if creel_engine::has_journals(directory)? {
            return Ok(());
        }
        fs::remove_file(&directory.join(NAME))?;
        fs::sync_dir(directory).await
    }

    fn encode(&self) -> String {
        let Self { directory_id, journal_id, data_dir } = self;
        format!(
            "#The journals of a Creel broker: see docs/format.md\nversion={VERSION}\ndirectory.id={directory_id}\n\
             journal.id={journal_id}\ndata.dir={}\n",
            escaped(data_dir)
        )
    }

    fn decode(text: &str) -> Result<Self, JournalDirectoryError> {
        let found = |name: &str| {
            let missing = || JournalDirectoryError::Malformed(format!("{name} is missing"));
            value(text, name).filter(|value| !value.is_empty()).ok_or_else(missing)
        };
        match found("version")? {
            version if version == VERSION => {}
            version => return Err(JournalDirectoryError::OtherVersion(version)),
        }
        let data_dir = value(text, "data.dir").and_then(|data_dir| unescaped(&data_dir)).unwrap_or_default();
        Ok(Self { directory_id: found("directory.id")?, journal_id: found("journal.id")?, data_dir })
    }
}

impl JournalPlace {
    /// The place, wherever it is now: where it was, or in one of `others`. It is the directory that says that it is.
    pub(crate) fn find(&self, others: &[PathBuf]) -> Result<Self, JournalDirectoryError> {
        let here = self.look(&self.directory);
        if matches!(here, Ok(true)) {
            return Ok(self.clone());
        }
        if let Some(moved) = others.iter().find(|other| matches!(self.look(other), Ok(true))) {
            return Ok(Self { directory: moved.clone(), id: self.id.clone() });
        }
        here.and(Err(JournalDirectoryError::NotThere))
    }

    fn look(&self, directory: &Path) -> Result<bool, JournalDirectoryError> {
        let found = JournalDirectory::read(directory)?;
        Ok(found.is_some_and(|found| found.journal_id == self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> JournalDirectory {
        JournalDirectory { directory_id: "D".into(), journal_id: "J".into(), data_dir: "/a\nb".into() }
    }

    #[test]
    fn what_a_directory_says_of_itself_comes_back() {
        assert_eq!(JournalDirectory::decode(&whole().encode()).unwrap(), whole());
    }

    #[test]
    fn a_file_that_is_cut_or_changed_is_refused_or_says_the_same_ids() {
        let text = whole().encode();
        for end in 0..text.len() {
            if let Ok(read) = JournalDirectory::decode(&text[..end]) {
                assert_eq!((read.directory_id.as_str(), read.journal_id.as_str()), ("D", "J"), "{end}");
            }
        }
        let newer = JournalDirectory::decode(&text.replace("version=1", "version=2"));
        assert!(matches!(newer, Err(JournalDirectoryError::OtherVersion(version)) if version == "2"));
        for garbage in ["", "version", "version=1", "\u{0}\u{0}", "version=1\ndirectory.id=\njournal.id=J\n"]
        {
            assert!(
                matches!(JournalDirectory::decode(garbage), Err(JournalDirectoryError::Malformed(_))),
                "{garbage:?}"
            );
        }
    }
}
