//! Names on a simulated disk, and its locks.
//!
//! Owns no state except a lock that is held. Must not know open files.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::disk::{Disk, Ino, OpenMode, OpenedFile, lock_path};
use super::environment::{SimContext, context};
use super::faults::Operation;
use super::node_id::NodeId;

fn change_names(
    sim: &SimContext,
    what: &'static str,
    path: &Path,
    change: impl FnOnce(&mut Disk) -> io::Result<()>,
) -> io::Result<()> {
    sim.check_path(path)?;
    let outcome =
        sim.check_fault(path, Operation::Write).and_then(|()| change(&mut sim.node.disk.borrow_mut()));
    sim.world.note(sim.id(), what, Some(path), [u64::from(outcome.is_ok()), 0, 0]);
    if outcome.is_ok() {
        sim.count_operation();
    }
    outcome
}

pub(crate) fn create_dir_all(sim: &SimContext, path: &Path) -> io::Result<()> {
    if sim.node.disk.borrow().read_dir(path).is_ok() {
        return Ok(());
    }
    change_names(sim, "mkdir", path, |disk| disk.create_dir_all(path))
}

pub(crate) fn read_dir(sim: &SimContext, path: &Path) -> io::Result<Vec<OsString>> {
    sim.check_path(path)?;
    sim.node.disk.borrow().read_dir(path)
}

pub(crate) fn rename(sim: &SimContext, from: &Path, to: &Path) -> io::Result<()> {
    sim.check_path(from)?;
    change_names(sim, "rename", to, |disk| disk.rename(from, to))
}

pub(crate) fn remove_file(sim: &SimContext, path: &Path) -> io::Result<()> {
    change_names(sim, "remove", path, |disk| disk.remove_file(path))
}

pub(crate) fn remove_dir_all(sim: &SimContext, path: &Path) -> io::Result<()> {
    change_names(sim, "remove all", path, |disk| disk.remove_dir_all(path))
}

pub(crate) fn exists(sim: &SimContext, path: &Path) -> bool {
    sim.node.disk.borrow().exists(path)
}

pub(crate) fn read(sim: &SimContext, path: &Path) -> io::Result<Bytes> {
    sim.check_path(path)?;
    sim.check_fault(path, Operation::Read)?;
    sim.world.note(sim.id(), "read all", Some(path), [0; 3]);
    sim.node.disk.borrow().visible(path).map(Bytes::from)
}

/// Whether a name is that of a file, its length, and when it was last written to.
pub(crate) fn facts(sim: &SimContext, path: &Path) -> io::Result<(bool, u64, i64)> {
    sim.check_path(path)?;
    let disk = sim.node.disk.borrow();
    let ino = disk.find(path)?;
    Ok((disk.is_file(ino), disk.length(ino), disk.modified_ms(ino)))
}

/// All devices of a node are one file system here, so that the faults of the one that `path` lies on are those of all.
pub(crate) async fn sync_file_system(sim: &SimContext, path: &Path) -> io::Result<()> {
    sim.check_path(path)?;
    sim.node.disk.borrow().find(path)?;
    let mark = sim.node.disk.borrow().mark_all();
    sim.world.note(sim.id(), "sync all", Some(path), [0; 3]);
    sim.wait_for_medium(path, &sim.world.config.disk.sync_latency).await;
    let outcome = sim.check_fault(path, Operation::Sync);
    match outcome {
        Ok(()) => sim.node.disk.borrow_mut().settle_all(mark),
        Err(_) => sim.node.disk.borrow_mut().fail_sync_of_all(mark, &sim.world.chance.disk),
    }
    sim.world.note(sim.id(), "synced all", None, [u64::from(outcome.is_ok()), 0, 0]);
    sim.count_operation();
    outcome
}

/// The size of the disk and the free space on it, in bytes. A disk without a stated capacity has the largest number
/// there is.
pub(crate) fn space(sim: &SimContext, path: &Path) -> io::Result<(u64, u64)> {
    sim.check_fault(path, Operation::Read)?;
    let (capacity, used) = sim.node.disk.borrow_mut().space();
    let total = capacity.unwrap_or(i64::MAX as u64);
    Ok((total, total.saturating_sub(used)))
}

pub(crate) fn lock(sim: &SimContext, directory: &Path) -> io::Result<SimLock> {
    let mode = OpenMode { write: true, create: true, ..OpenMode::default() };
    let mut disk = sim.node.disk.borrow_mut();
    let opened = disk.open(&lock_path(directory), mode)?;
    disk.lock(opened.ino)?;
    Ok(SimLock { node: sim.id(), boot: sim.node.boot(), opened })
}

/// Holds a directory's lock until it is dropped, or its node's process ends.
#[derive(Debug)]
pub(crate) struct SimLock {
    node: NodeId,
    boot: u32,
    opened: OpenedFile,
}

impl SimLock {
    fn ino(&self) -> Ino {
        self.opened.ino
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        // If it is dropped elsewhere, the lock stays until the process ends.
        let Some(sim) = context() else { return };
        let node = sim.world.node(self.node);
        if node.boot() == self.boot {
            node.disk.borrow_mut().unlock(self.ino());
        }
    }
}
