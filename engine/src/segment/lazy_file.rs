//! A file that is opened at its first use and closed when it is idle. So ten thousand quiet partitions hold no
//! descriptors.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use creel_io::fs::{File, OpenOptions, WeakFile};

#[derive(Debug)]
pub(crate) struct LazyFile {
    path: PathBuf,
    kept: RefCell<Kept>,
    /// Every handle that was given out and may still be held.
    given: RefCell<Vec<WeakFile>>,
}

/// The handle that is kept between two uses.
#[derive(Debug, Default)]
enum Kept {
    #[default]
    Closed,
    Open(File),
    /// The file is being removed: nobody gets a handle any more.
    Retired,
}

impl LazyFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, kept: RefCell::default(), given: RefCell::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A handle to the file. The file must exist: a removed file must not come back empty.
    pub(crate) fn get(&self) -> io::Result<File> {
        let mut kept = self.kept.borrow_mut();
        match &*kept {
            Kept::Open(file) => Ok(file.clone()),
            Kept::Retired => Err(io::ErrorKind::NotFound.into()),
            Kept::Closed => {
                let file = File::open(&self.path, OpenOptions::read_write())?;
                self.remember(&file);
                *kept = Kept::Open(file.clone());
                Ok(file)
            }
        }
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
        *self.kept.borrow_mut() = Kept::Open(file);
    }

    fn remember(&self, file: &File) {
        let mut given = self.given.borrow_mut();
        given.retain(|other| !other.is_closed());
        given.push(file.downgrade());
    }

    /// From now on nobody gets a handle. Returns the handle that was kept here, for [`super::remove::remove_off_core`].
    pub(crate) fn retire(&self) -> Option<File> {
        match self.kept.replace(Kept::Retired) {
            Kept::Open(file) => Some(file),
            Kept::Closed | Kept::Retired => None,
        }
    }

    /// Whether a handle is kept here.
    pub(crate) fn is_open(&self) -> bool {
        matches!(*self.kept.borrow(), Kept::Open(_))
    }

    /// Whether anyone still holds a handle that was given out.
    pub(crate) fn is_held(&self) -> bool {
        self.given.borrow().iter().any(|file| !file.is_closed())
    }

    /// Closes the handle that is kept here. Handles already given out stay open.
    pub(crate) fn close(&self) {
        let mut kept = self.kept.borrow_mut();
        if let Kept::Open(_) = *kept {
            *kept = Kept::Closed;
            // Most files are not opened again soon.
            let mut given = self.given.borrow_mut();
            given.retain(|other| !other.is_closed());
            given.shrink_to_fit();
        }
    }
}
