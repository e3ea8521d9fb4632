//! One end of a simulated connection, as its owner uses it.
//!
//! Owns the handle of one end. The connection itself is part of the network's state.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};

use super::connection::{Connection, Segment};
use super::state::EndId;
use super::traffic::Traffic;
use crate::clock::now;
use crate::instant::Instant;
use crate::sim::environment::{SimContext, context, context_of};
use crate::sim::file::SimFile;
use crate::sim::node_id::NodeId;
use crate::sim::os_error::os_error;
use crate::sim::trace::hash_bytes;
use crate::sim::world::World;

/// The largest number of bytes in one receive; about as much as from the kernel.
const RECEIVE_MAX: usize = 256 << 10;
/// A send is split into up to this many segments.
const SEGMENTS_MAX: usize = 3;

/// Closes its end when it is dropped. It holds only numbers, so it may be sent to another core.
pub(crate) struct SimStream {
    end: EndId,
    node: NodeId,
    boot: u32,
    blocked_since: Cell<Option<Instant>>,
}

impl SimStream {
    pub(super) fn new(sim: &SimContext, end: EndId) -> SimStream {
        SimStream { end, node: sim.id(), boot: sim.node.boot(), blocked_since: Cell::new(None) }
    }

    fn with<R>(&self, sim: &SimContext, f: impl FnOnce(&mut Connection) -> R) -> io::Result<R> {
        let mut network = sim.world.network.borrow_mut();
        network.connection(self.end).map(f).ok_or_else(|| os_error(libc::ENOTCONN))
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.with(&context_of("stream"), |connection| connection.ends[self.end.side].address)
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.with(&context_of("stream"), |connection| connection.ends[1 - self.end.side].address)
    }

    pub(crate) fn blocked_since(&self) -> Option<Instant> {
        self.blocked_since.get()
    }

    pub(crate) fn finish(&self) -> io::Result<()> {
        let sim = context_of("stream");
        if self.with(&sim, |connection| connection.ends[self.end.side].finish())? && sim.node.is_alive() {
            Traffic(&sim.world).send(self.end.other(), Segment::Fin);
        }
        Ok(())
    }

    pub(crate) fn shutdown(&self) {
        let sim = context_of("stream");
        let first = self.with(&sim, |connection| connection.ends[self.end.side].shut());
        if matches!(first, Ok(true)) && sim.node.is_alive() {
            Traffic(&sim.world).send(self.end.other(), Segment::Fin);
        }
    }

    pub(crate) async fn recv(&self, mut buf: BytesMut) -> (io::Result<usize>, BytesMut) {
        let sim = context_of("stream");
        let outcome = poll_fn(|cx| self.poll_recv(&sim, cx, &mut buf)).await;
        let code = outcome.as_ref().map_or(u64::MAX, |n| *n as u64);
        sim.world.note(self.node, "recv", None, [self.end.connection, self.end.side as u64, code]);
        (outcome, buf)
    }

    fn poll_recv(&self, sim: &SimContext, cx: &Context<'_>, buf: &mut BytesMut) -> Poll<io::Result<usize>> {
        let received = self.with(sim, |connection| {
            let there = connection.ends[self.end.side].available().min(RECEIVE_MAX);
            let found = connection.receive(self.end.side, buf, part_of(&sim.world, there));
            if found.is_none() {
                connection.ends[self.end.side].reader = Some(cx.waker().clone());
            }
            found
        });
        match received {
            Ok(Some(outcome)) => Poll::Ready(outcome),
            Ok(None) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    pub(crate) async fn send_all(&self, mut data: Bytes) -> io::Result<()> {
        let sim = context_of("stream");
        while !data.is_empty() {
            let room = self.wait_for_room(&sim).await?;
            let n = self.send_now(&sim, data.slice(..room.min(data.len())))?;
            data.advance(n);
        }
        Ok(())
    }

    /// Sends what the file holds at the moment it is sent, as sendfile(2) does.
    pub(crate) async fn send_file(&self, file: &SimFile, position: u64, length: u64) -> io::Result<()> {
        let sim = context_of("stream");
        let (mut at, end) = (position, position + length);
        while at < end {
            let room = self.wait_for_room(&sim).await?.min((end - at) as usize);
            let (outcome, bytes) = file.read_for_sending(at, room).await;
            if outcome? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            at += self.send_now(&sim, bytes.freeze())? as u64;
        }
        Ok(())
    }

    async fn wait_for_room(&self, sim: &SimContext) -> io::Result<usize> {
        let bound = sim.world.config.network.buffer_bytes;
        poll_fn(|cx| {
            let room = self.with(sim, |connection| {
                connection.check_sendable(self.end.side)?;
                let room = bound.saturating_sub(connection.ends[1 - self.end.side].held_bytes);
                if room == 0 {
                    connection.ends[self.end.side].writer = Some(cx.waker().clone());
                }
                Ok(room)
            });
            let waits = matches!(room, Ok(Ok(0)));
            self.blocked_since.set(waits.then(|| self.blocked_since.get().unwrap_or_else(now)));
            match room {
                Ok(Ok(0)) => Poll::Pending,
                Ok(outcome) => Poll::Ready(outcome),
                Err(error) => Poll::Ready(Err(error)),
            }
        })
        .await
    }

    /// Sends a part of `data`. There is room for all of it.
    fn send_now(&self, sim: &SimContext, data: Bytes) -> io::Result<usize> {
        let world = &sim.world;
        self.with(sim, |connection| connection.check_sendable(self.end.side))??;
        if !sim.node.is_alive() {
            return Ok(data.len());
        }
        let reset = world.network.borrow().reset_probability;
        if world.chance.network.chance(reset) {
            world.note(self.node, "reset", None, [self.end.connection, self.end.side as u64, 0]);
            Traffic(world).reset(self.end);
            return Err(os_error(libc::ECONNRESET));
        }
        let n = part_of(world, data.len());
        // As in a kernel: bytes in a socket do not keep the buffer alive that they were part of.
        let sent = Bytes::copy_from_slice(&data[..n]);
        world.trace.borrow_mut().fold(hash_bytes(&sent));
        world.note(self.node, "send", None, [self.end.connection, self.end.side as u64, n as u64]);
        let pieces = 1 + world.chance.network.up_to(SEGMENTS_MAX - 1);
        for piece in split(&sent, pieces) {
            Traffic(world).send(self.end.other(), Segment::Data(piece));
        }
        Ok(n)
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        // Without a context the simulation is over. On a node that goes down, the world closes all ends.
        let Some(sim) = context() else { return };
        let node = sim.world.node(self.node);
        if node.boot() == self.boot && node.is_alive() {
            Traffic(&sim.world).close(self.end);
        }
    }
}

/// All of `count`, or sometimes less, but never nothing.
fn part_of(world: &World, count: usize) -> usize {
    let rng = &world.chance.network;
    if count > 1 && rng.chance(world.config.network.short) { 1 + rng.up_to(count - 2) } else { count }
}

/// Waits as long as a segment is in transit.
pub(super) async fn travel(world: &World) {
    crate::timer::sleep(Traffic(world).delay()).await;
}

/// Splits the bytes of one send into segments.
fn split(data: &Bytes, pieces: usize) -> Vec<Bytes> {
    let size = data.len().div_ceil(pieces.max(1)).max(1);
    (0..data.len()).step_by(size).map(|at| data.slice(at..data.len().min(at + size))).collect()
}
