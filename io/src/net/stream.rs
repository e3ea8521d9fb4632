//! A TCP connection on one core, of the kernel or of the simulator.
//!
//! Owns the choice between the two, per stream. Must not know what the bytes mean.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use bytes::{Bytes, BytesMut};

use super::more::More;
use super::ring_stream::RingStream;
use crate::fs::{FileBackend, FileSlice};
use crate::instant::Instant;
use crate::sim::{self, SimStream};

/// A connected TCP socket. One task may receive and another send at the same time.
pub struct TcpStream {
    backend: StreamBackend,
}

enum StreamBackend {
    Ring(RingStream),
    Sim(SimStream),
}

/// A stream that is being moved to another core.
pub struct DetachedStream {
    backend: Detached,
}

enum Detached {
    Ring(OwnedFd),
    Sim(SimStream),
}

use StreamBackend::{Ring, Sim};

impl DetachedStream {
    /// Attaches the stream to this core.
    #[must_use]
    pub fn attach(self) -> TcpStream {
        match self.backend {
            Detached::Ring(fd) => RingStream::from_fd(fd).into(),
            Detached::Sim(stream) => stream.into(),
        }
    }
}

impl From<RingStream> for TcpStream {
    fn from(stream: RingStream) -> TcpStream {
        TcpStream { backend: Ring(stream) }
    }
}

impl From<SimStream> for TcpStream {
    fn from(stream: SimStream) -> TcpStream {
        TcpStream { backend: Sim(stream) }
    }
}

impl TcpStream {
    /// Connects to `address`.
    pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        match sim::context() {
            Some(sim) => Ok(Box::pin(SimStream::connect(&sim, address)).await?.into()),
            None => Ok(RingStream::connect(address).await?.into()),
        }
    }

    /// Prepares the stream for another core. This is possible only before the first receive or send, because nothing
    /// may be in flight.
    #[must_use]
    pub fn detach(self) -> Option<DetachedStream> {
        let backend = match self.backend {
            Ring(stream) => Detached::Ring(stream.detach()?),
            Sim(stream) => Detached::Sim(stream),
        };
        Some(DetachedStream { backend })
    }

    /// The other side's address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.backend {
            Ring(stream) => stream.peer_addr(),
            Sim(stream) => stream.peer_addr(),
        }
    }

    /// This side's address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.backend {
            Ring(stream) => stream.local_addr(),
            Sim(stream) => stream.local_addr(),
        }
    }

    /// Receives at least one byte and appends it to `buf`. 0 means that the peer has closed. `want` is the number of
    /// bytes that the caller still misses. From some KiB on, they are received without a copy into space that is added
    /// to `buf`. One task at a time.
    pub async fn recv(&self, buf: BytesMut, want: usize) -> (io::Result<usize>, BytesMut) {
        match &self.backend {
            Ring(stream) => stream.recv(buf, want).await,
            Sim(stream) => Box::pin(stream.recv(buf)).await,
        }
    }

    /// Sends all of `data`. Waits as long as the other side does not read. One task at a time.
    pub async fn send_all(&self, data: Bytes, more: More) -> io::Result<()> {
        match &self.backend {
            Ring(stream) => stream.send_all(data, more).await,
            Sim(stream) => Box::pin(stream.send_all(data)).await,
        }
    }

    /// Sends a piece of a file without copying it. Bytes that are not in the page cache are read into it first, so the
    /// core does not wait for the disk. `UnexpectedEof` if the file is shorter than the slice.
    pub async fn send_slice(&self, slice: &FileSlice, more: More) -> io::Result<()> {
        let (position, length) = (slice.position, slice.length);
        match (&self.backend, slice.file.backend()) {
            (Ring(stream), FileBackend::Ring(file)) => stream.send_file(file, position, length, more).await,
            (Sim(stream), FileBackend::Sim(file)) => Box::pin(stream.send_file(file, position, length)).await,
            _ => unreachable!("a core's streams and files are of one backend"),
        }
    }

    /// Since when a send has waited for the other side to read, if one waits now. Every byte that is sent ends the
    /// wait.
    pub fn blocked_since(&self) -> Option<Instant> {
        match &self.backend {
            Ring(stream) => stream.blocked_since(),
            Sim(stream) => stream.blocked_since(),
        }
    }

    /// Tells the other side that nothing more will be sent. Receiving goes on as before.
    pub fn finish(&self) -> io::Result<()> {
        match &self.backend {
            Ring(stream) => stream.finish(),
            Sim(stream) => stream.finish(),
        }
    }

    /// Closes both directions. Receives and sends in flight end.
    pub fn shutdown(&self) {
        match &self.backend {
            Ring(stream) => stream.shutdown(),
            Sim(stream) => stream.shutdown(),
        }
    }
}
