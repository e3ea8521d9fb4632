//! Makes journals void: what they hold does not count any more, because the segments hold it.
//!
//! A file begins with a record, or it holds none. So zeros over its first block are enough. The oldest file goes first:
//! what a crash leaves is the end of what was written, without a gap.

use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs::{self, AlignedBuffer, DurableFile};

use crate::journal::found::FoundJournals;
use crate::journal::names::FileName;
use crate::limits::JOURNAL_BLOCK_BYTES;

impl FoundJournals {
    /// Makes all journals void, durably. Everything that they hold must be on the medium in the segments. Files for
    /// which `is_kept(core, number)` is false are removed.
    pub async fn make_void(
        &self,
        directory: &Path,
        is_kept: impl Fn(usize, usize) -> bool,
    ) -> io::Result<()> {
        remove_unfinished(directory)?;
        for (name, path, _) in self.files() {
            let is_void = make_void(path).await?;
            if !is_void || !is_kept(name.core, name.number) {
                remove(path, directory).await?;
            }
        }
        Ok(())
    }

    /// The same, but files that hold records stay, under other names: `<name>.kept-<number>`. They are no journal any
    /// more. Returns their names.
    pub async fn put_aside(
        &self,
        directory: &Path,
        is_kept: impl Fn(usize, usize) -> bool,
    ) -> io::Result<Vec<PathBuf>> {
        remove_unfinished(directory)?;
        let mut kept = Vec::new();
        for (name, path, _) in self.files().filter(|(_, _, holds)| *holds) {
            let aside = name.kept_path(directory, fs::exists);
            fs::rename(path, &aside)?;
            fs::sync_dir(directory).await?;
            kept.push(aside);
        }
        for (name, path, _) in self.files().filter(|(_, _, holds)| !*holds) {
            if !make_void(path).await? || !is_kept(name.core, name.number) {
                remove(path, directory).await?;
            }
        }
        Ok(kept)
    }
}

/// Makes the files of a journal void, in this order. One that can't be written is removed.
pub(crate) async fn make_all_void(files: &[PathBuf]) -> io::Result<()> {
    for path in files {
        if !make_void(path).await.is_ok_and(|is_void| is_void) {
            remove(path, path.parent().unwrap_or(path)).await?;
        }
    }
    Ok(())
}

fn remove_unfinished(directory: &Path) -> io::Result<()> {
    for name in fs::read_dir(directory)? {
        if name.to_str().is_some_and(FileName::is_unfinished) {
            fs::remove_file(&directory.join(name))?;
        }
    }
    Ok(())
}

async fn remove(path: &Path, directory: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    fs::sync_dir(directory).await
}

/// Writes zeros over the first block. `false`: the file is not of whole blocks, so this can't be done.
async fn make_void(path: &Path) -> io::Result<bool> {
    let file = match DurableFile::open(path).await {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
        file => file?,
    };
    let mut block = AlignedBuffer::with_capacity(JOURNAL_BLOCK_BYTES);
    block.set_filled(JOURNAL_BLOCK_BYTES);
    file.write_durable(block, 0).await.0?;
    Ok(true)
}
