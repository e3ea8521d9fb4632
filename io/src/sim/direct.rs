//! Writes to a simulated file past the page cache.
//!
//! Owns nothing: the handle is in `file`, and what is in flight belongs to the disk.

use std::io;
use std::path::Path;

use bytes::Bytes;

use super::disk::OpenMode;
use super::environment::SimContext;
use super::faults::Operation;
use super::file::SimFile;
use super::trace::hash_bytes;

impl SimFile {
    /// Opens an existing file for writes past the page cache. `None` where there are none.
    pub(crate) fn open_direct(sim: &SimContext, path: &Path) -> io::Result<Option<SimFile>> {
        let file = SimFile::open(sim, path, OpenMode { write: true, ..OpenMode::default() })?;
        let refused = sim.world.chance.disk.chance(sim.world.config.disk.no_direct);
        Ok((!refused).then_some(file))
    }

    /// Overwrites a part of the file. Until it ends, any part of the bytes may be on the medium; then all are. If it
    /// fails, its range may hold anything. If it is dropped, it stays in flight.
    pub(crate) async fn write_direct(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let sim = self.writable_context()?;
        let ino = self.opened.ino;
        let write = sim.node.disk.borrow_mut().begin_direct(ino, position, Bytes::copy_from_slice(bytes))?;
        sim.touch(ino);
        sim.world.trace.borrow_mut().fold(hash_bytes(bytes));
        sim.world.note(self.node, "write direct", None, [ino.0, position, bytes.len() as u64]);
        sim.count_operation();
        sim.wait_for_medium(self.path(), &sim.world.config.disk.direct_latency).await;
        let outcome = sim.check_fault(self.path(), Operation::Write);
        match outcome {
            Ok(()) => sim.node.disk.borrow_mut().settle_direct(ino, write),
            Err(_) => sim.node.disk.borrow_mut().fail_direct(ino, write, &sim.world.chance.disk),
        }
        sim.world.note(self.node, "written direct", None, [ino.0, position, u64::from(outcome.is_ok())]);
        sim.count_operation();
        outcome
    }
}
