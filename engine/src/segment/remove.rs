//! Removes files.

use std::io;
use std::path::Path;

use creel_io::fs::{self, File};

use crate::directory::log_path;
use crate::offset::Offset;
use crate::segment::side_files::table::kinds;

/// Removes a file. It is no error if it does not exist.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Removes every file of a segment.
pub(crate) fn remove_segment(directory: &Path, base: Offset) -> io::Result<()> {
    remove_if_there(&log_path(directory, base))?;
    kinds().try_for_each(|kind| remove_if_there(&kind.path(directory, base)))
}

/// Removes files, and then closes the last handles to them off the core. A file without a name frees all its pages and
/// blocks when it is closed. That takes hundreds of milliseconds for a GiB, too long for a core.
pub(crate) async fn remove_off_core(
    last_handles: impl IntoIterator<Item = File> + Send + 'static,
    remove: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> io::Result<()> {
    creel_io::offload(move || {
        let removed = remove();
        drop(last_handles);
        removed
    })
    .await
}
