//! The files that the cells' records come from. Their content is part of what a sweep is: results with another file
//! under the same name belong to another sweep.

use crate::error::StudyError;
use crate::matrix::Cell;
use loadgen_engine::payload::error::PayloadError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Each file by its name as the matrix has it.
pub type Contents = BTreeMap<PathBuf, Content>;

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// How much.
    pub bytes: u64,
    /// CRC-64/NVME, in hexadecimal.
    pub hash: String,
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} B ({})", self.bytes, self.hash)
    }
}

/// Of the payloads, templates and dictionaries of all cells, each read once.
pub fn of(cells: &[Cell]) -> Result<Contents, StudyError> {
    let mut found = Contents::new();
    let values = cells.iter().map(|cell| &cell.options.values);
    for path in values.flat_map(|values| [&values.payload, &values.template, &values.dictionary]).flatten() {
        if !found.contains_key(path) {
            found.insert(path.clone(), content(path)?);
        }
    }
    Ok(found)
}

fn content(path: &Path) -> Result<Content, PayloadError> {
    let unreadable = |why| PayloadError::Unreadable { path: path.to_owned(), why };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let hash = format!("{:016x}", crc_fast::crc64_nvme(&bytes));
    Ok(Content { bytes: bytes.len() as u64, hash })
}

/// The first file in which `found` differs from `wanted`, in words.
pub fn difference(found: &Contents, wanted: &Contents) -> Option<String> {
    let (path, is) = wanted.iter().find(|(path, is)| found.get(*path) != Some(is))?;
    let was = found.get(path).map_or_else(|| "not noted".to_owned(), ToString::to_string);
    Some(format!("in {} was {was}, now it is {is}", path.display()))
}
