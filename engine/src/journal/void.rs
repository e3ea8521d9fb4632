//! Makes journals void: what they hold does not count any more, because the segments hold it.
//!
//! A file begins with a record, or it holds none. So zeros over its first block are enough. The oldest file goes first:
//! what a crash leaves is the end of what was written, without a gap.

use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs::{self, AlignedBuffer, DurableFile};

use crate::journal::found::{FoundJournals, names_in};
use crate::journal::names::FileName;
use crate::limits::JOURNAL_BLOCK_BYTES;

impl FoundJournals {
    /// Makes all journals void, durably. Everything that they hold must be on the medium in the segments. Files that do
    /// not lie in `directory`, or for which `is_kept(core, number)` is false, are removed.
    pub async fn make_void(
        &self,
        directory: &Path,
        is_kept: impl Fn(usize, usize) -> bool,
    ) -> io::Result<()> {
        self.remove_unfinished()?;
        for (name, path, _) in self.files() {
            make_void_or_remove(path, is_in(path, directory) && is_kept(name.core, name.number)).await?;
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
        self.remove_unfinished()?;
        let mut kept = Vec::new();
        for (name, path, _) in self.files().filter(|(_, _, holds)| *holds) {
            let its_directory = directory_of(path);
            let aside = name.kept_path(its_directory, fs::exists);
            fs::rename(path, &aside)?;
            fs::sync_dir(its_directory).await?;
            kept.push(aside);
        }
        for (name, path, _) in self.files().filter(|(_, _, holds)| !*holds) {
            make_void_or_remove(path, is_in(path, directory) && is_kept(name.core, name.number)).await?;
        }
        Ok(kept)
    }

    fn remove_unfinished(&self) -> io::Result<()> {
        self.directories().try_for_each(remove_unfinished)
    }
}

/// Makes void, durably, whatever journals lie in `directory`, without reading them: nobody needs what they hold. Files
/// for which `is_kept(core, number)` is false are removed.
pub async fn discard_journals(directory: &Path, is_kept: impl Fn(usize, usize) -> bool) -> io::Result<()> {
    remove_unfinished(directory)?;
    for name in names_in(directory)?.into_values().flatten() {
        make_void_or_remove(&name.path(directory), is_kept(name.core, name.number)).await?;
    }
    Ok(())
}

/// Whether files of journals lie in `directory`, also such as were put aside. They may hold nothing.
pub fn has_journals(directory: &Path) -> io::Result<bool> {
    let names = fs::read_dir(directory)?;
    Ok(names.iter().any(|name| name.to_str().is_some_and(FileName::is_of_journals)))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn is_in(path: &Path, directory: &Path) -> bool {
    path.parent() == Some(directory)
}

async fn make_void_or_remove(path: &Path, is_kept: bool) -> io::Result<()> {
    if make_void(path).await? && is_kept { Ok(()) } else { remove(path).await }
}

/// Makes the files of a journal void, in this order. One that can't be written is removed.
pub(crate) async fn make_all_void(files: &[PathBuf]) -> io::Result<()> {
    for path in files {
        if !make_void(path).await.is_ok_and(|is_void| is_void) {
            remove(path).await?;
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

async fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    fs::sync_dir(directory_of(path)).await
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
