//! How many files the process on a node has open, and how many it may have open.
//!
//! Owns that count for one node. Must not know the files.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::os_error::os_error;

/// The descriptors of a node's files. Sockets and directories are not counted.
#[derive(Debug)]
pub(crate) struct Descriptors {
    limit: AtomicUsize,
    open: AtomicUsize,
    most: AtomicUsize,
}

/// A descriptor that is in use. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Descriptor {
    all: Arc<Descriptors>,
    /// The name by which its file was opened.
    pub(crate) path: Box<Path>,
}

impl Default for Descriptors {
    fn default() -> Self {
        Self { limit: AtomicUsize::new(usize::MAX), open: AtomicUsize::new(0), most: AtomicUsize::new(0) }
    }
}

impl Descriptors {
    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Relaxed);
    }

    /// The largest number that was ever open at the same time.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Relaxed)
    }

    /// Takes a descriptor. EMFILE if there is none left.
    pub(crate) fn take(self: &Arc<Self>, path: &Path) -> io::Result<Descriptor> {
        let open = self.open.load(Relaxed) + 1;
        if open > self.limit.load(Relaxed) {
            return Err(os_error(libc::EMFILE));
        }
        self.open.store(open, Relaxed);
        self.most.fetch_max(open, Relaxed);
        Ok(Descriptor { all: self.clone(), path: path.into() })
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        self.all.open.fetch_sub(1, Relaxed);
    }
}
