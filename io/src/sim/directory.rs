//! Names on a simulated disk, and its locks.
//!
//! Owns no state but a lock that is held. Knows no open file.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::disk::{Disk, Ino, OpenMode, Opened, lock_path};
use super::environment::{Place, place};
use super::faults::Operation;
use super::node_id::NodeId;

fn change_names(
    place: &Place,
    what: &'static str,
    path: &Path,
    change: impl FnOnce(&mut Disk) -> io::Result<()>,
) -> io::Result<()> {
    place.check_path(path)?;
    let outcome =
        place.check_fault(Operation::Write).and_then(|()| change(&mut place.node.disk.borrow_mut()));
    place.world.note(place.id(), what, Some(path), [u64::from(outcome.is_ok()), 0, 0]);
    if outcome.is_ok() {
        place.count_operation();
    }
    outcome
}

pub(crate) fn create_dir_all(place: &Place, path: &Path) -> io::Result<()> {
    if place.node.disk.borrow().read_dir(path).is_ok() {
        return Ok(());
    }
    change_names(place, "mkdir", path, |disk| disk.create_dir_all(path))
}

pub(crate) fn read_dir(place: &Place, path: &Path) -> io::Result<Vec<OsString>> {
    place.check_path(path)?;
    place.node.disk.borrow().read_dir(path)
}

pub(crate) fn rename(place: &Place, from: &Path, to: &Path) -> io::Result<()> {
    place.check_path(from)?;
    change_names(place, "rename", to, |disk| disk.rename(from, to))
}

pub(crate) fn remove_file(place: &Place, path: &Path) -> io::Result<()> {
    change_names(place, "remove", path, |disk| disk.remove_file(path))
}

pub(crate) fn remove_dir_all(place: &Place, path: &Path) -> io::Result<()> {
    change_names(place, "remove all", path, |disk| disk.remove_dir_all(path))
}

pub(crate) fn exists(place: &Place, path: &Path) -> bool {
    place.node.disk.borrow().exists(path)
}

pub(crate) fn read(place: &Place, path: &Path) -> io::Result<Bytes> {
    place.check_path(path)?;
    place.check_fault(Operation::Read)?;
    place.world.note(place.id(), "read all", Some(path), [0; 3]);
    place.node.disk.borrow().visible(path).map(Bytes::from)
}

/// The room of the disk and what is left of it, in bytes. A disk without a stated capacity has as much as can be written
/// as a number.
pub(crate) fn space(place: &Place) -> io::Result<(u64, u64)> {
    place.check_fault(Operation::Read)?;
    let (capacity, used) = place.node.disk.borrow_mut().space();
    let total = capacity.unwrap_or(i64::MAX as u64);
    Ok((total, total.saturating_sub(used)))
}

pub(crate) fn lock(place: &Place, directory: &Path) -> io::Result<SimLock> {
    let mode = OpenMode { write: true, create: true, ..OpenMode::default() };
    let mut disk = place.node.disk.borrow_mut();
    let opened = disk.open(&lock_path(directory), mode)?;
    disk.lock(opened.ino)?;
    Ok(SimLock { node: place.id(), boot: place.node.boot(), opened })
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
