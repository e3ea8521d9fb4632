//! A file on a simulated disk. It adds time, faults and the trace to the plain state of the disk.
//!
//! Owns the handle. Must not know names: those are in `directory`.

use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Weak};

use bytes::{Bytes, BytesMut};

use super::descriptors::Descriptor;
use super::disk::{OpenMode, OpenedFile};
use super::environment::{SimContext, context_of};
use super::faults::Operation;
use super::node_id::NodeId;
use super::os_error::os_error;
use super::trace::hash_bytes;

/// An open file. It holds no part of the disk, so it may be sent to another core. The disk is found through the core that uses
/// it.
#[derive(Clone, Debug)]
pub(crate) struct SimFile {
    pub(super) node: NodeId,
    boot: u32,
    pub(super) opened: OpenedFile,
    writable: bool,
    /// Shared by this handle and its clones.
    handle: Arc<Descriptor>,
}

impl SimFile {
    pub(crate) fn open(sim: &SimContext, path: &Path, mode: OpenMode) -> io::Result<SimFile> {
        sim.check_path(path)?;
        let handle = Arc::new(sim.node.descriptors.take(path)?);
        let changes =
            mode.truncate || ((mode.create || mode.create_new) && !sim.node.disk.borrow().exists(path));
        let opened = sim.node.disk.borrow_mut().open(path, mode)?;
        sim.world.note(sim.id(), "open", Some(path), [opened.ino.0, u64::from(changes), 0]);
        if changes {
            sim.touch(opened.ino);
            sim.count_operation();
        }
        let (node, boot) = (sim.id(), sim.node.boot());
        Ok(SimFile { node, boot, opened, writable: mode.write, handle })
    }

    fn context(&self) -> io::Result<SimContext> {
        let mut sim = context_of("file");
        if sim.node.id != self.node {
            sim.node = sim.world.node(self.node);
        }
        if sim.node.boot() == self.boot { Ok(sim) } else { Err(os_error(libc::EBADF)) }
    }

    /// The name by which it was opened, which says on what device it lies.
    pub(super) fn path(&self) -> &Path {
        &self.handle.path
    }

    pub(super) fn writable_context(&self) -> io::Result<SimContext> {
        if self.writable { self.context() } else { Err(os_error(libc::EBADF)) }
    }

    pub(crate) fn write_at(&self, pieces: &[IoSlice<'_>], position: u64) -> io::Result<usize> {
        let sim = self.writable_context()?;
        let ino = self.opened.ino;
        let outcome = sim.check_fault(self.path(), Operation::Write).and_then(|()| {
            let mut bytes =
                Bytes::from(pieces.iter().flat_map(|piece| piece.iter().copied()).collect::<Vec<u8>>());
            bytes.truncate(sim.cut_short_at_page(position, bytes.len()));
            let n = sim.node.disk.borrow_mut().write(ino, position, &bytes)?;
            sim.touch(ino);
            sim.world.trace.borrow_mut().fold(hash_bytes(&bytes[..n]));
            Ok(n)
        });
        let code = outcome.as_ref().map_or(u64::MAX, |n| *n as u64);
        sim.world.note(self.node, "write", None, [ino.0, position, code]);
        if outcome.is_ok() {
            sim.count_operation();
        }
        outcome
    }

    pub(crate) fn try_read_at(&self, out: &mut [u8], position: u64) -> io::Result<Option<usize>> {
        let sim = self.context()?;
        if self.is_cold(&sim) {
            return Ok(None);
        }
        self.read_now(&sim, out, position).map(Some)
    }

    pub(crate) fn is_cold(&self, sim: &SimContext) -> bool {
        sim.world.chance.disk.chance(sim.world.config.disk.cold)
    }

    fn read_now(&self, sim: &SimContext, out: &mut [u8], position: u64) -> io::Result<usize> {
        let ino = self.opened.ino;
        let outcome = sim.check_fault(self.path(), Operation::Read).and_then(|()| {
            let wanted = sim.cut_short(out.len());
            sim.node.disk.borrow().read(ino, position, &mut out[..wanted])
        });
        let code = outcome.as_ref().map_or(u64::MAX, |n| *n as u64);
        sim.world.note(self.node, "read", None, [ino.0, position, code]);
        outcome
    }

    pub(crate) async fn read_at(
        &self,
        mut buf: BytesMut,
        position: u64,
        length: usize,
    ) -> (io::Result<usize>, BytesMut) {
        let before = buf.len();
        let outcome = self.read_slowly(&mut buf, position, length).await;
        buf.truncate(before + outcome.as_ref().map_or(0, |n| *n));
        (outcome, buf)
    }

    /// Reads some of `length` bytes, at once if they are in the page cache.
    pub(crate) async fn read_for_sending(
        &self,
        position: u64,
        length: usize,
    ) -> (io::Result<usize>, BytesMut) {
        let mut bytes = BytesMut::zeroed(length);
        match self.try_read_at(&mut bytes, position) {
            Ok(Some(n)) => {
                bytes.truncate(n);
                (Ok(n), bytes)
            }
            Ok(None) => self.read_at(BytesMut::new(), position, length).await,
            Err(error) => (Err(error), bytes),
        }
    }

    async fn read_slowly(&self, buf: &mut BytesMut, position: u64, length: usize) -> io::Result<usize> {
        let sim = self.context()?;
        sim.pause(&sim.world.config.disk.read_latency).await;
        // Space for the bytes that the file has, not for those that were asked for: the length may be wrong.
        let there = self.len()?.saturating_sub(position).min(length as u64) as usize;
        let before = buf.len();
        buf.resize(before + there, 0);
        self.read_now(&sim, &mut buf[before..], position)
    }

    pub(crate) async fn sync(&self) -> io::Result<()> {
        let sim = self.context()?;
        let ino = self.opened.ino;
        let mark = sim.node.disk.borrow().mark(ino);
        sim.world.note(self.node, "sync", None, [ino.0, 0, 0]);
        sim.wait_for_medium(self.path(), &sim.world.config.disk.sync_latency).await;
        let outcome = sim.check_fault(self.path(), Operation::Sync);
        match outcome {
            Ok(()) => sim.node.disk.borrow_mut().settle(ino, mark),
            Err(_) => sim.node.disk.borrow_mut().fail_sync(ino, mark, &sim.world.chance.disk),
        }
        sim.world.note(self.node, "synced", None, [ino.0, u64::from(outcome.is_ok()), 0]);
        sim.count_operation();
        outcome
    }

    /// It takes a while, and no more: what is pending may be on the medium after a crash in any case.
    pub(crate) async fn start_write_back(&self, pages: Range<u64>) {
        let Ok(sim) = self.context() else { return };
        sim.world.note(self.node, "write back", None, [self.opened.ino.0, pages.start, pages.end]);
        sim.pause(&sim.world.config.disk.read_latency).await;
    }

    pub(crate) fn allocate(&self, position: u64, length: u64) -> io::Result<()> {
        self.change_length("allocate", position + length, |sim, end| {
            sim.node.disk.borrow_mut().allocate(self.opened.ino, end)
        })
    }

    pub(crate) fn truncate(&self, length: u64) -> io::Result<()> {
        self.change_length("truncate", length, |sim, length| {
            sim.node.disk.borrow_mut().set_length(self.opened.ino, length)
        })
    }

    fn change_length(
        &self,
        what: &'static str,
        length: u64,
        change: impl FnOnce(&SimContext, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let sim = self.writable_context()?;
        let outcome = sim.check_fault(self.path(), Operation::Write).and_then(|()| change(&sim, length));
        if outcome.is_ok() {
            sim.touch(self.opened.ino);
        }
        sim.world.note(self.node, what, None, [self.opened.ino.0, length, u64::from(outcome.is_ok())]);
        if outcome.is_ok() {
            sim.count_operation();
        }
        outcome
    }

    pub(crate) fn drop_cached(&self) {
        if let Ok(sim) = self.context() {
            sim.node.disk.borrow_mut().drop_cached(self.opened.ino);
        }
    }

    pub(crate) fn downgrade(&self) -> Weak<Descriptor> {
        Arc::downgrade(&self.handle)
    }

    pub(crate) fn cached_bytes(&self) -> io::Result<u64> {
        let is_cold = self.is_cold(&self.context()?);
        Ok(if is_cold { 0 } else { self.len()?.next_multiple_of(4096) })
    }

    /// As often as bytes are not in the cache, something else holds pages of the file there.
    pub(crate) fn evict(&self) -> io::Result<bool> {
        let is_held = self.is_cold(&self.context()?);
        if !is_held {
            self.drop_cached();
        }
        Ok(!is_held)
    }

    pub(crate) fn data_end(&self) -> io::Result<u64> {
        let length = self.len()?;
        let mut bytes = vec![0; length as usize];
        self.context()?.node.disk.borrow().read(self.opened.ino, 0, &mut bytes)?;
        let last = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at as u64 + 1);
        Ok(last.next_multiple_of(4096).min(length))
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.context()?.node.disk.borrow().length(self.opened.ino))
    }

    pub(crate) fn set_modified_ms(&self, ms: i64) -> io::Result<()> {
        self.context()?.node.disk.borrow_mut().touch(self.opened.ino, ms);
        Ok(())
    }

    pub(crate) fn modified_ms(&self) -> io::Result<i64> {
        Ok(self.context()?.node.disk.borrow().modified_ms(self.opened.ino))
    }
}
