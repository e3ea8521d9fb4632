//! Names on a simulated disk, and its locks.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::NodeId;
use super::disk::{Disk, Ino, OpenMode, Opened, lock_path};
use super::environment::{Place, place};
use super::faults::Operation;
use crate::fs::Space;

impl Place {
    fn change_names(
        &self,
        what: &'static str,
        path: &Path,
        change: impl FnOnce(&mut Disk) -> io::Result<()>,
    ) -> io::Result<()> {
        self.check_path(path)?;
        let outcome =
            self.check_fault(Operation::Write).and_then(|()| change(&mut self.node.disk.borrow_mut()));
        self.world.note(self.id(), what, Some(path), [u64::from(outcome.is_ok()), 0, 0]);
        if outcome.is_ok() {
            self.count_operation();
        }
        outcome
    }

    pub(crate) fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        if self.node.disk.borrow().read_dir(path).is_ok() {
            return Ok(());
        }
        self.change_names("mkdir", path, |disk| disk.create_dir_all(path))
    }

    pub(crate) fn read_dir(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.check_path(path)?;
        self.node.disk.borrow().read_dir(path)
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check_path(from)?;
        self.change_names("rename", to, |disk| disk.rename(from, to))
    }

    pub(crate) fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change_names("remove", path, |disk| disk.remove_file(path))
    }

    pub(crate) fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.change_names("remove all", path, |disk| disk.remove_dir_all(path))
    }

    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.node.disk.borrow().exists(path)
    }

    pub(crate) fn read(&self, path: &Path) -> io::Result<Bytes> {
        self.check_path(path)?;
        self.check_fault(Operation::Read)?;
        self.world.note(self.id(), "read all", Some(path), [0; 3]);
        self.node.disk.borrow().visible(path).map(Bytes::from)
    }

    /// A disk without a stated capacity has as much as can be written as a number.
    pub(crate) fn space(&self) -> io::Result<Space> {
        self.check_fault(Operation::Read)?;
        let (capacity, used) = self.node.disk.borrow_mut().space();
        let total = capacity.unwrap_or(i64::MAX as u64);
        Ok(Space { total, usable: total.saturating_sub(used) })
    }

    pub(crate) fn lock(&self, directory: &Path) -> io::Result<SimLock> {
        let mode = OpenMode { write: true, create: true, ..OpenMode::default() };
        let mut disk = self.node.disk.borrow_mut();
        let opened = disk.open(&lock_path(directory), mode)?;
        disk.lock(opened.ino)?;
        Ok(SimLock { node: self.id(), boot: self.node.boot(), opened })
    }
}

/// Holds a directory's lock until it is dropped, or its node's process ends.
#[derive(Debug)]
pub(crate) struct SimLock {
    node: NodeId,
    boot: u32,
    opened: Opened,
}

impl SimLock {
    fn ino(&self) -> Ino {
        self.opened.ino
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        // Dropped elsewhere, the lock stays until the process ends.
        let Some(place) = place() else { return };
        let node = place.world.node(self.node);
        if node.boot() == self.boot {
            node.disk.borrow_mut().unlock(self.ino());
        }
    }
}
