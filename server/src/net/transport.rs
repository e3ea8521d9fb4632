//! A connection's bytes: the one place where TLS will come between socket and protocol.
//!
//! With kernel TLS `send_slice` stays a sendfile; without, it becomes a read and an encrypted send, here alone.

use std::io;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use creel_io::Instant;
use creel_io::fs::FileSlice;
use creel_io::net::{More, TcpStream};

/// Plain TCP. One task may receive and another send at the same time.
pub(crate) struct Transport {
    stream: TcpStream,
}

impl Transport {
    pub(crate) fn plain(stream: TcpStream) -> Self {
        Self { stream }
    }

    /// Receives some bytes behind those in `buffer`; `want` is how many are missing. 0: the peer has closed.
    pub(crate) fn receive(
        &self,
        buffer: BytesMut,
        want: usize,
    ) -> impl Future<Output = (io::Result<usize>, BytesMut)> {
        self.stream.recv(buffer, want)
    }

    /// Sends all of it. `more`: whether something follows at once.
    pub(crate) fn send(&self, bytes: Bytes, more: More) -> impl Future<Output = io::Result<()>> {
        self.stream.send_all(bytes, more)
    }

    /// Sends a piece of a file without copying it.
    pub(crate) fn send_slice(&self, slice: &FileSlice, more: More) -> impl Future<Output = io::Result<()>> {
        self.stream.send_slice(slice, more)
    }

    /// Since when a send has waited for the client to take something, if one waits now.
    pub(crate) fn blocked_since(&self) -> Option<Instant> {
        self.stream.blocked_since()
    }

    /// Ends both directions at once; what is under way fails.
    pub(crate) fn close(&self) {
        self.stream.shutdown();
    }

    pub(crate) fn peer(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    pub(crate) fn local(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }
}
