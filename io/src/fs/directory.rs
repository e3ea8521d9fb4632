//! Names of files: directories, renames, removals. A name is durable only once its directory has been synced.
//!
//! Owns no state. Must not know what the names mean to a log.

use std::ffi::OsString;
use std::io::{self, IoSlice, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::file::File;
use super::options::OpenOptions;
use super::ring_file::RingFile;
use crate::offload::offload;
use crate::sim;
use crate::turn::pace;

/// How much of a file is written at once, in bytes. That takes about a tenth of a millisecond.
const WRITE_STEP: usize = 256 << 10;
/// Steps of work that this takes.
const STEPS_A_WRITE: usize = 100;

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
    read_up_to(path, u64::MAX).map(Option::unwrap_or_default)
}

/// The content of a whole small file. `None`: it has more than `most` bytes.
pub fn read_up_to(path: &Path, most: u64) -> io::Result<Option<Bytes>> {
    if let Some(sim) = sim::context() {
        let (_, length, _) = sim::directory::facts(&sim, path)?;
        return if length > most { Ok(None) } else { sim::directory::read(&sim, path).map(Some) };
    }
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    if length > most {
        return Ok(None);
    }
    // Nobody else writes to it. So it need not be read once more to see that it has ended.
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes)?;
    Ok(Some(bytes.into()))
}

/// Waits until the names in a directory are on stable storage.
pub async fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path, OpenOptions::read())?.sync_all().await
}

/// What the file system says of a name, without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether it is a plain file, and not a directory or something else.
    pub is_file: bool,
    /// The file's length in bytes.
    pub length: u64,
    /// See [`File::modified_ms`].
    pub modified_ms: i64,
    /// The number of the device that it lies on. In the simulator all files have the same.
    pub device: u64,
}

/// Looks up what is known of a name.
pub fn facts(path: &Path) -> io::Result<Facts> {
    if let Some(sim) = sim::context() {
        let (is_file, length, modified_ms) = sim::directory::facts(&sim, path)?;
        return Ok(Facts { is_file, length, modified_ms, device: 0 });
    }
    let found = std::fs::metadata(path)?;
    Ok(Facts {
        is_file: found.is_file(),
        length: found.len(),
        modified_ms: found.mtime().saturating_mul(1000).saturating_add(found.mtime_nsec() / 1_000_000),
        device: found.dev(),
    })
}

/// Waits until everything that was written to the file system that holds `path` is on stable storage: the content of
/// its files, and all names. An error: something of it may not be, and nothing says what.
///
/// It also waits for what other programs have written there.
pub async fn sync_file_system(path: &Path) -> io::Result<()> {
    if let Some(sim) = sim::context() {
        return sim::directory::sync_file_system(&sim, path).await;
    }
    let path = path.to_owned();
    offload(move || RingFile::open(&path, OpenOptions::read())?.sync_file_system()).await
}

/// The path beside `path` at which its content is prepared.
pub(super) fn temporary_for(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Replaces a small file so that after a crash either the old or the new content is there as a whole. It writes a
/// temporary file beside it, syncs that, renames it over the old file, and syncs the directory. Content that is not so
/// small is written in steps, between which other tasks have their turn.
pub async fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary_for(path);
    let file = File::open(&temporary, OpenOptions { truncate: true, ..OpenOptions::create() })?;
    for (at, step) in content.chunks(WRITE_STEP).enumerate() {
        if at > 0 {
            pace(STEPS_A_WRITE).await;
        }
        file.write_all_at(&mut [IoSlice::new(step)], (at * WRITE_STEP) as u64)?;
    }
    file.sync_data().await?;
    rename(&temporary, path)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent).await,
        _ => sync_dir(Path::new(".")).await,
    }
}
