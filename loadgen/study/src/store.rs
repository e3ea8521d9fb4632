//! The directory of a sweep. Each result is written as soon as it is measured, whole or not at all. So a sweep that
//! ends early loses only the run it was in.
//!
//! ```text
//! DIR/sweep.json                     what the sweep is: another one in the same directory is refused
//! DIR/runs/c007.share-0.7.r0.json    one result: cell 7 at 0.7 of its maximum, first repeat
//! DIR/runs/c007.maximum.h1.r0.json   with --halving: the second, longer, round
//! DIR/halving.json                   who was dropped, and on what evidence
//! ```

pub mod contents;

use crate::error::StudyError;
use crate::matrix::{CellLoad, Matrix};
use contents::Contents;
use loadgen_result::files::FileError;
use loadgen_result::report::RunReport;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use toml::Table;

/// Names the kind and the version of `sweep.json`.
const SCHEMA: &str = "loadgen.sweep/1";
const DESCRIPTION: &str = "sweep.json";
const RUNS: &str = "runs";

/// What a sweep is, as its directory says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Description {
    /// Names the form of the file.
    pub schema: String,
    /// Tells sweeps apart at a glance.
    pub hash: String,
    /// What is measured.
    pub matrix: Matrix,
    /// Rounds of growing runs, 1 without halving.
    pub rounds: usize,
    /// The files that its records come from.
    #[serde(default)]
    pub files: Contents,
    /// Cell by cell, its label.
    pub cells: Vec<String>,
}

/// One run of a sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Job {
    /// Which cell.
    pub cell: usize,
    /// How it is loaded.
    pub load: CellLoad,
    /// Halving's round, if it has several.
    pub round: Option<usize>,
    /// Counts from 0.
    pub repeat: u32,
}

/// A run's result, as its file holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Which cell.
    pub cell: usize,
    /// Its label.
    pub label: String,
    /// How it was loaded.
    pub load: CellLoad,
    /// Halving's round.
    pub round: usize,
    /// Counts from 0.
    pub repeat: u32,
    /// Settings of the started broker.
    pub broker_set: Vec<String>,
    /// What was measured.
    pub report: RunReport,
}

impl Description {
    /// Of a sweep about to begin.
    pub fn new(matrix: Matrix, rounds: usize, files: Contents, cells: Vec<String>) -> Description {
        let text = serde_json::to_string(&(&matrix, rounds, &files)).expect("a matrix has only plain fields");
        let hash = format!("{:016x}", crc_fast::crc64_nvme(text.as_bytes()));
        Description { schema: SCHEMA.to_owned(), hash, matrix, rounds, files, cells }
    }

    /// The first thing in which `self`, found, differs from `wanted`.
    fn difference(&self, wanted: &Description) -> String {
        let sections = [
            ("base", &self.matrix.base, &wanted.matrix.base),
            ("sweep", &self.matrix.sweep, &wanted.matrix.sweep),
        ];
        for (section, found, wanted) in sections {
            if let Some(key) =
                found.keys().chain(wanted.keys()).find(|key| found.get(*key) != wanted.get(*key))
            {
                let (was, is) = (shown(found, key), shown(wanted, key));
                return format!("[{section}] {key} was {was}, now it is {is}");
            }
        }
        if self.rounds != wanted.rounds {
            return "--halving is different".into();
        }
        contents::difference(&self.files, &wanted.files).unwrap_or_else(|| "[load] is different".into())
    }
}

fn shown(table: &Table, key: &str) -> String {
    table.get(key).map_or_else(|| "not there".to_owned(), ToString::to_string)
}

impl Job {
    fn file_name(&self) -> String {
        let round = self.round.map(|round| format!(".h{round}")).unwrap_or_default();
        format!("c{:03}.{}{round}.r{}.json", self.cell, self.load, self.repeat)
    }
}

/// A sweep's directory.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// Begins in `dir`, or goes on there if the sweep in it is the same.
    pub fn open(dir: &Path, wanted: &Description) -> Result<Store, StudyError> {
        let store = Store { dir: dir.to_owned() };
        let runs = dir.join(RUNS);
        std::fs::create_dir_all(&runs).map_err(|why| StudyError::File(FileError { path: runs, why }))?;
        if !dir.join(DESCRIPTION).exists() {
            store.write(DESCRIPTION, wanted)?;
            return Ok(store);
        }
        let found = store.description()?;
        if found.hash == wanted.hash {
            return Ok(store);
        }
        Err(StudyError::Options(format!(
            "{} holds another sweep ({}, not {}): {}; choose another --out",
            dir.display(),
            found.hash,
            wanted.hash,
            found.difference(wanted)
        )))
    }

    /// A directory that a sweep has left.
    pub fn existing(dir: &Path) -> Store {
        Store { dir: dir.to_owned() }
    }

    /// What the sweep is.
    pub fn description(&self) -> Result<Description, StudyError> {
        let description: Description = read(&self.dir.join(DESCRIPTION))?;
        if description.schema == SCHEMA {
            return Ok(description);
        }
        let (dir, schema) = (self.dir.display(), description.schema);
        Err(StudyError::Options(format!("{dir}: its sweep has the schema {schema}, not {SCHEMA}")))
    }

    /// The result of `job`, if it is there.
    pub fn kept(&self, job: &Job) -> Result<Option<Kept>, StudyError> {
        let path = self.dir.join(RUNS).join(job.file_name());
        if path.exists() { read(&path).map(Some) } else { Ok(None) }
    }

    /// Every result there is, in the order of their names.
    pub fn all(&self) -> Result<Vec<Kept>, StudyError> {
        let runs = self.dir.join(RUNS);
        let entries =
            std::fs::read_dir(&runs).map_err(|why| StudyError::File(FileError { path: runs, why }))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
        paths.sort();
        paths.iter().map(|path| read(path)).collect()
    }

    /// Keeps a result.
    pub fn keep(&self, job: &Job, kept: &Kept) -> Result<(), StudyError> {
        self.write(&format!("{RUNS}/{}", job.file_name()), kept)
    }

    /// Writes `name` whole or not at all.
    pub fn write(&self, name: &str, what: &impl Serialize) -> Result<(), StudyError> {
        let path = self.dir.join(name);
        let text = serde_json::to_string_pretty(what).expect("results have only plain fields");
        replace(&path, text.as_bytes()).map_err(|why| StudyError::File(FileError { path, why }))
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, StudyError> {
    let wrong = |why| StudyError::File(FileError { path: path.to_owned(), why });
    let text = std::fs::read_to_string(path).map_err(wrong)?;
    serde_json::from_str(&text)
        .map_err(|error| wrong(io::Error::other(format!("not what a sweep writes: {error}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(base: &str) -> Description {
        let matrix = Matrix {
            base: base.parse().unwrap(),
            sweep: "codec = ['lz4']".parse().unwrap(),
            loads: vec![CellLoad::Maximum],
        };
        Description::new(matrix, 1, Contents::new(), vec!["codec=lz4".into()])
    }

    #[test]
    fn the_same_sweep_goes_on_and_another_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path(), &description("duration = '1s'")).unwrap();
        Store::open(dir.path(), &description("duration = '1s'")).unwrap();
        let error = Store::open(dir.path(), &description("duration = '2s'")).unwrap_err().to_string();
        assert!(error.contains("[base] duration was \"1s\", now it is \"2s\""), "{error}");
    }

    #[test]
    fn a_damaged_result_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &description("")).unwrap();
        let job = Job { cell: 7, load: CellLoad::Share(0.7), round: None, repeat: 0 };
        std::fs::write(dir.path().join("runs/c007.share-0.7.r0.json"), "{").unwrap();
        let error = store.kept(&job).unwrap_err().to_string();
        assert!(
            error.contains("c007.share-0.7.r0.json") && error.contains("not what a sweep writes"),
            "{error}"
        );
    }
}
