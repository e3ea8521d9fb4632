//! A file that is opened at its first use and closed when it is idle. So ten thousand quiet partitions hold no
//! descriptors.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs::{File, OpenOptions, WeakFile};

#[derive(Debug)]
pub(crate) struct LazyFile {
    path: PathBuf,
    open: RefCell<Option<File>>,
    /// Every handle that was given out and may still be held.
    given: RefCell<Vec<WeakFile>>,
    is_retired: Cell<bool>,
}

impl LazyFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, open: RefCell::default(), given: RefCell::default(), is_retired: Cell::new(false) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A handle to the file. The file must exist: a removed file must not come back empty.
    pub(crate) fn get(&self) -> io::Result<File> {
        let mut open = self.open.borrow_mut();
        if let Some(file) = &*open {
            return Ok(file.clone());
        }
        if self.is_retired.get() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = File::open(&self.path, OpenOptions::read_write())?;
        self.remember(&file);
        *open = Some(file.clone());
        Ok(file)
    }

    /// Creates the file, empty.
    pub(crate) fn create(&self) -> io::Result<()> {
        let options = OpenOptions { truncate: true, ..OpenOptions::create() };
        self.adopt(File::open(&self.path, options)?);
        Ok(())
    }

    /// Takes a file that is already open, and has this name now.
    pub(crate) fn adopt(&self, file: File) {
        self.remember(&file);
        *self.open.borrow_mut() = Some(file);
    }

    fn remember(&self, file: &File) {
        let mut given = self.given.borrow_mut();
        given.retain(|other| !other.is_closed());
        given.push(file.downgrade());
    }

    /// From now on nobody gets a handle. Returns the handle that was kept here, for [`super::remove::remove_off_core`].
    pub(crate) fn retire(&self) -> Option<File> {
        self.is_retired.set(true);
        self.open.take()
    }

    /// Whether a handle is kept here.
    pub(crate) fn is_open(&self) -> bool {
        self.open.borrow().is_some()
    }

    /// Whether anyone still holds a handle that was given out.
    pub(crate) fn is_held(&self) -> bool {
        self.given.borrow().iter().any(|file| !file.is_closed())
    }

    /// Closes the handle that is kept here. Handles already given out stay open.
    pub(crate) fn close(&self) {
        *self.open.borrow_mut() = None;
    }
}
