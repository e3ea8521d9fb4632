//! A spare: a file that waits to become the next segment's file. It is preallocated, or it was the file of a segment
//! that retention dropped.
//!
//! While it waits, its name marks it as removed, so the next start deletes it.

use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs::{self, File};

use crate::directory::log_path;
use crate::offset::Offset;
use crate::segment::remove::{remove_if_there, remove_off_core, remove_segment};

/// A file for the next segment.
#[derive(Debug)]
pub(crate) struct Spare {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) length: u64,
    /// Whether it holds the bytes of an older segment. Otherwise it holds preallocated zeros.
    pub(crate) is_stale: bool,
}

/// Removes a segment's files, except the `.log` file, which gets a name that marks it as removed.
pub(crate) fn retire_files(directory: &Path, base: Offset) -> io::Result<()> {
    fs::rename(&log_path(directory, base), &retired_path(directory, base))?;
    remove_segment(directory, base)
}

pub(crate) fn retired_path(directory: &Path, base: Offset) -> PathBuf {
    path_not_kept(directory, base, ".deleted")
}

/// The name of a log file with a suffix that marks it as removed. Neither a start of Creel nor one of Kafka keeps such
/// a file.
pub(crate) fn path_not_kept(directory: &Path, base: Offset, suffix: &str) -> PathBuf {
    let mut name = log_path(directory, base).into_os_string();
    name.push(suffix);
    name.into()
}

pub(crate) async fn remove_retired(path: PathBuf, last_handle: Option<File>) {
    let shown = path.display().to_string();
    if let Err(error) = remove_off_core(last_handle, move || remove_if_there(&path)).await {
        tracing::warn!(path = shown, %error, "cannot remove a deleted segment's file: the next start removes it");
    }
}
