//! A file that is opened when first used and closed when idle, so that ten thousand quiet partitions hold no
//! descriptors.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs::{File, OpenOptions};

#[derive(Debug)]
pub(crate) struct LazyFile {
    path: PathBuf,
    open: RefCell<Option<File>>,
}

impl LazyFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, open: RefCell::new(None) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A handle to the file, which must exist: a removed one must not come back empty.
    pub(crate) fn get(&self) -> io::Result<File> {
        let mut open = self.open.borrow_mut();
        if let Some(file) = &*open {
            return Ok(file.clone());
        }
        let file = File::open(&self.path, OpenOptions::read_write())?;
        *open = Some(file.clone());
        Ok(file)
    }

    /// Makes the file, empty.
    pub(crate) fn create(&self) -> io::Result<()> {
        let options = OpenOptions { truncate: true, ..OpenOptions::create() };
        *self.open.borrow_mut() = Some(File::open(&self.path, options)?);
        Ok(())
    }

    /// Lets the descriptor go. Handles already given out keep theirs.
    pub(crate) fn close(&self) {
        *self.open.borrow_mut() = None;
    }
}
