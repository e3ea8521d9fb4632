//! A file that waits to become the next segment's: preallocated, or of a segment that retention took.
//!
//! While it waits it has a name that counts as removed, so that no start keeps it.

use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs::{self, File};

use crate::directory::{FileKind, segment_path};
use crate::offset::Offset;
use crate::segment::remove::{remove_if_there, remove_off_core, remove_segment};

/// A file for the next segment.
#[derive(Debug)]
pub(crate) struct Spare {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) length: u64,
    /// It holds what an older segment did; otherwise zeros, preallocated.
    pub(crate) is_stale: bool,
}

/// Takes a segment's files away, but keeps the batches under a name that counts as removed.
pub(crate) fn retire_files(directory: &Path, base: Offset) -> io::Result<()> {
    fs::rename(&segment_path(directory, base, FileKind::Log), &retired_path(directory, base))?;
    remove_segment(directory, base)
}

pub(crate) fn retired_path(directory: &Path, base: Offset) -> PathBuf {
    path_not_kept(directory, base, ".deleted")
}

/// A log file's name with a suffix, which ends in what marks a file as removed: no start keeps it, Kafka's neither.
pub(crate) fn path_not_kept(directory: &Path, base: Offset, suffix: &str) -> PathBuf {
    let mut name = segment_path(directory, base, FileKind::Log).into_os_string();
    name.push(suffix);
    name.into()
}

pub(crate) async fn remove_retired(path: PathBuf, last_handle: Option<File>) {
    let shown = path.display().to_string();
    if let Err(error) = remove_off_core(last_handle, move || remove_if_there(&path)).await {
        tracing::warn!(path = shown, %error, "deleted segment's file not removed: the next start does it");
    }
}
