//! Where the journals of the cores lie: those of the last life, and those of this one (`creel.journal.dir`).
//!
//! The data directory names the place of the journals that it needs (`meta.properties`), and the place says whose it is. So
//! a start with another setting reads the old place first. A place that is missing, somebody else's, or not mounted is
//! refused: what it alone holds was acknowledged.

use std::io::ErrorKind;
use std::path::Path;

use creel_io::fs::{DirLock, lock_exclusive};

use super::failure::Failure;
use crate::config::Config;
use crate::metadata::{
    JournalDirectory, JournalDirectoryError, JournalPlace, JournalsMark, MetaProperties, PropertiesError,
};

/// Directories of journals other than the data directory.
#[derive(Debug, Default)]
pub(super) struct JournalPlaces {
    /// Where the last life had its journals.
    before: Option<JournalPlace>,
    /// Where this life has them.
    now: Option<JournalPlace>,
}

impl JournalPlaces {
    /// Finds the journals of the last life, and looks whether those of this one may begin where they are to. Changes
    /// nothing.
    pub(super) fn find(config: &Config) -> Result<Self, Failure> {
        let of_data = |error: PropertiesError| Failure::DataDir(shown(&config.data_dir), error.to_string());
        let before = match MetaProperties::journals(&config.data_dir).map_err(of_data)? {
            JournalsMark::Elsewhere(noted) => Some(find_noted(&noted, config)?),
            JournalsMark::Unused | JournalsMark::Inside => None,
        };
        let places = Self { before, now: None };
        if let Some(directory) = places.to_claim(config) {
            let id = MetaProperties::known_directory_id(&config.data_dir);
            let id = id.map_err(|error| of_data(error.into()))?;
            JournalDirectory::check(directory, id.as_deref()).map_err(|error| refused(directory, &error))?;
        }
        Ok(places)
    }

    /// Takes the place of this life's journals, and locks it and that of the last life's. The data directory has an owner
    /// now.
    pub(super) async fn claim(&mut self, config: &Config) -> Result<Vec<DirLock>, Failure> {
        let mut locks = Vec::new();
        if let Some(before) = &self.before {
            locks.extend(lock(&before.directory)?);
        }
        let Some(directory) = self.to_claim(config) else {
            self.now =
                self.before.clone().filter(|before| wanted(config) == Some(before.directory.as_path()));
            return Ok(locks);
        };
        locks.extend(lock(directory)?);
        let id = MetaProperties::directory_id(&config.data_dir).await;
        let id = id.map_err(|error| Failure::DataDir(shown(&config.data_dir), error.to_string()))?;
        let claimed = JournalDirectory::claim(directory, &id, &config.data_dir, self.before.as_ref()).await;
        self.now = Some(claimed.map_err(|error| refused(directory, &error))?);
        Ok(locks)
    }

    /// The directory of this life's journals, if they were elsewhere before.
    fn to_claim<'a>(&self, config: &'a Config) -> Option<&'a Path> {
        let before = self.before.as_ref().map(|before| before.directory.as_path());
        wanted(config).filter(|wanted| before != Some(*wanted))
    }

    /// The directory of the last life's journals, if it is not the data directory.
    pub(super) fn before(&self) -> Option<&Path> {
        self.before.as_ref().map(|before| before.directory.as_path())
    }

    /// The directory of this life's journals, if nothing in it is needed.
    pub(super) fn unread(&self) -> Option<&Path> {
        let now = self.now.as_ref().filter(|_| self.now != self.before);
        now.map(|now| now.directory.as_path())
    }

    /// What the data directory says from now on, with journals or without.
    pub(super) fn mark(&self, are_wanted: bool) -> JournalsMark {
        match &self.now {
            Some(now) => JournalsMark::Elsewhere(now.clone()),
            None if are_wanted => JournalsMark::Inside,
            None => JournalsMark::Unused,
        }
    }

    /// Lets others have the directory of the last life's journals. The data directory names it no more.
    pub(super) async fn give_back(&self) {
        if let Some(before) = self.before.as_ref().filter(|_| self.now != self.before)
            && let Err(error) = JournalDirectory::give_back(&before.directory).await
        {
            let directory = before.directory.display();
            tracing::warn!(%directory, %error, "a directory that journals have left still says that it is this broker's");
        }
    }
}

/// The directory in which journals are to begin, if it is not the data directory.
fn wanted(config: &Config) -> Option<&Path> {
    config.journal_dir.as_deref().filter(|_| config.broker.creel_journal)
}

fn find_noted(noted: &JournalPlace, config: &Config) -> Result<JournalPlace, Failure> {
    noted.find(config.journal_dir.as_slice()).map_err(|error| {
        let reason = format!(
            "the data directory {} needs the journals there, and {error}; if they are somewhere else now, say where \
             (creel.journal.dir)",
            shown(&config.data_dir)
        );
        Failure::JournalDir(shown(&noted.directory), reason)
    })
}

/// `None`: the directory can't be written to, so nobody else needs to be kept out.
fn lock(directory: &Path) -> Result<Option<DirLock>, Failure> {
    match lock_exclusive(directory) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            Err(Failure::JournalDir(shown(directory), "it is in use by another broker".to_owned()))
        }
        Err(_) => Ok(None),
    }
}

fn refused(directory: &Path, error: &JournalDirectoryError) -> Failure {
    Failure::JournalDir(shown(directory), error.to_string())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
