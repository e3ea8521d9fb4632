//! The text files beside a partition's segments: leader epochs, bad ranges, the reuse checkpoint.
//!
//! Each file is first written beside the old one and then renamed over it. So a crash leaves the old file or the new
//! one, never half of one.

use std::io;
use std::path::Path;

use creel_io::fs;

use crate::error::naming;
use crate::format::bad_ranges::{self, BadRange};
use crate::format::durability_mark::Secret;
use crate::format::epochs::{self, EpochStart};
use crate::format::reuse_checkpoint::{self, ReuseCheckpoint};
use crate::offset::Offset;
use crate::segment::remove::remove_if_there;

/// Reads a partition's leader epochs. `None`: the file is missing or damaged, and the epochs are rebuilt from the
/// batches.
pub(crate) fn read_epochs(directory: &Path) -> io::Result<Option<Vec<EpochStart>>> {
    let text = read_text(&directory.join(epochs::FILE_NAME))?;
    Ok(text.and_then(|text| epochs::decode(&text)))
}

/// Replaces a partition's leader epochs, durably.
pub(crate) async fn write_epochs(directory: &Path, starts: &[EpochStart]) -> io::Result<()> {
    fs::write_atomically(&directory.join(epochs::FILE_NAME), epochs::encode(starts).as_bytes()).await
}

/// Removes a partition's leader epochs. The next start rebuilds them from the batches.
pub(crate) fn remove_epochs(directory: &Path) -> io::Result<()> {
    remove_if_there(&directory.join(epochs::FILE_NAME))
}

/// Reads a partition's bad ranges. If the file is missing or damaged, there are none.
pub(crate) fn read_bad_ranges(directory: &Path) -> io::Result<Vec<BadRange>> {
    let text = read_text(&directory.join(bad_ranges::FILE_NAME))?;
    Ok(text.and_then(|text| bad_ranges::decode(&text)).unwrap_or_default())
}

/// Replaces a partition's bad ranges, durably. If there are none, the file is removed.
pub(crate) async fn write_bad_ranges(directory: &Path, ranges: &[BadRange]) -> io::Result<()> {
    let path = directory.join(bad_ranges::FILE_NAME);
    if ranges.is_empty() {
        return remove_if_there(&path);
    }
    fs::write_atomically(&path, bad_ranges::encode(ranges).as_bytes()).await
}

/// Reads which segments may be reused files. `None`: there are none. If the file is damaged, all segments may be reused
/// ones, and no mark is believed.
pub(crate) fn read_reuse(directory: &Path) -> io::Result<Option<ReuseCheckpoint>> {
    let text = read_text(&directory.join(reuse_checkpoint::FILE_NAME))?;
    let unknown = || ReuseCheckpoint { from: Offset::ZERO, secret: new_secret() };
    Ok(text.map(|text| reuse_checkpoint::decode(&text).unwrap_or_else(unknown)))
}

/// Writes, durably, which segments may be reused files.
pub(crate) async fn write_reuse(directory: &Path, reuse: ReuseCheckpoint) -> io::Result<()> {
    let path = directory.join(reuse_checkpoint::FILE_NAME);
    fs::write_atomically(&path, reuse_checkpoint::encode(reuse).as_bytes()).await
}

/// Removes the reuse checkpoint. Sync the directory where the file must not come back.
pub(crate) fn remove_reuse(directory: &Path) -> io::Result<()> {
    remove_if_there(&directory.join(reuse_checkpoint::FILE_NAME))
}

/// A secret that nobody has seen yet.
pub(crate) fn new_secret() -> Secret {
    Secret::from_random(creel_io::random_u64())
}

/// The text of a file. `None` if the file does not exist. Bytes that are not text are returned as damaged content.
pub(crate) fn read_text(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(naming(path)(error)),
    }
}
