//! Names of files: directories, renames, removals. A name is durable only once its directory has been synced.
//!
//! Owns no state. Must not know what the names mean to a log.

use std::ffi::OsString;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::file::File;
use super::options::OpenOptions;
use crate::sim;

/// Creates a directory and those above it. Sync the parents with [`sync_dir`] where the name must be durable.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    match sim::context() {
        Some(sim) => sim::directory::create_dir_all(&sim, path),
        None => std::fs::create_dir_all(path),
    }
}

/// The names in a directory, sorted.
pub fn read_dir(path: &Path) -> io::Result<Vec<OsString>> {
    if let Some(sim) = sim::context() {
        return sim::directory::read_dir(&sim, path);
    }
    let mut names =
        std::fs::read_dir(path)?.map(|e| e.map(|e| e.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Renames a file. An existing target is replaced.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match sim::context() {
        Some(sim) => sim::directory::rename(&sim, from, to),
        None => std::fs::rename(from, to),
    }
}

/// Removes a file.
pub fn remove_file(path: &Path) -> io::Result<()> {
    match sim::context() {
        Some(sim) => sim::directory::remove_file(&sim, path),
        None => std::fs::remove_file(path),
    }
}

/// Removes a directory and everything in it.
pub fn remove_dir_all(path: &Path) -> io::Result<()> {
    match sim::context() {
        Some(sim) => sim::directory::remove_dir_all(&sim, path),
        None => std::fs::remove_dir_all(path),
    }
}

/// Whether something has that name.
#[must_use]
pub fn exists(path: &Path) -> bool {
    match sim::context() {
        Some(sim) => sim::directory::exists(&sim, path),
        None => path.exists(),
    }
}

/// The content of a whole small file.
pub fn read(path: &Path) -> io::Result<Bytes> {
    match sim::context() {
        Some(sim) => sim::directory::read(&sim, path),
        None => std::fs::read(path).map(Bytes::from),
    }
}

/// Waits until the names in a directory are on stable storage.
pub async fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path, OpenOptions::read())?.sync_all().await
}

/// The path beside `path` at which its content is prepared.
pub(super) fn temporary_for(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Replaces a small file so that after a crash either the old or the new content is there as a whole. It writes a
/// temporary file beside it, syncs that, renames it over the old file, and syncs the directory.
pub async fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary_for(path);
    let file = File::open(&temporary, OpenOptions { truncate: true, ..OpenOptions::create() })?;
    file.write_all_at(&mut [IoSlice::new(content)], 0)?;
    file.sync_data().await?;
    rename(&temporary, path)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent).await,
        _ => sync_dir(Path::new(".")).await,
    }
}
