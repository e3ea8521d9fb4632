//! A TCP connection of the kernel.
//!
//! Owns the descriptor, whether the socket is corked, and since when a send waits. Must not know the simulator.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use io_uring::{opcode, types};

use super::more::More;
use super::receive::SocketReceiver;
use super::socket;
use crate::clock::now;
use crate::fs::RingFile;
use crate::instant::Instant;
use crate::operation::Op;
use crate::ring::address::RawAddress;
use crate::ring::slots::{Kept, KeptBuffer};

/// A connected TCP socket. One task may receive and another send at the same time.
pub(super) struct RingStream {
    fd: Arc<OwnedFd>,
    receiver: SocketReceiver,
    corked: Cell<bool>,
    closed: Cell<bool>,
    blocked_since: Cell<Option<Instant>>,
}

impl RingStream {
    /// Connects to `address`.
    pub(super) async fn connect(address: SocketAddr) -> io::Result<RingStream> {
        let fd = Arc::new(socket::tcp_socket(address, true)?);
        let raw = Box::new(RawAddress::new(address));
        let (pointer, length) = ((&raw const raw.storage).cast(), raw.length);
        let entry = opcode::Connect::new(types::Fd(fd.as_raw_fd()), pointer, length).build();
        let kept = Kept { fd: Some(fd.clone()), buffer: KeptBuffer::Address(raw), ..Kept::default() };
        Op::submit(entry, kept).await.result?;
        let fd = Arc::try_unwrap(fd).map_err(|_| io::Error::other("connect still in flight"))?;
        RingStream::adopt(fd)
    }

    pub(super) fn adopt(fd: OwnedFd) -> io::Result<RingStream> {
        socket::set_option(&fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
        Ok(RingStream::from_fd(fd))
    }

    pub(super) fn from_fd(fd: OwnedFd) -> RingStream {
        let fd = Arc::new(fd);
        RingStream {
            receiver: SocketReceiver::new(fd.clone()),
            fd,
            corked: Cell::new(false),
            closed: Cell::new(false),
            blocked_since: Cell::new(None),
        }
    }

    /// Gives up the bare descriptor, unless an operation is in flight.
    pub(super) fn detach(self) -> Option<OwnedFd> {
        let RingStream { fd, receiver, .. } = self;
        drop(receiver);
        Arc::try_unwrap(fd).ok()
    }

    /// The other side's address.
    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        socket::peer_address(&self.fd)
    }

    /// This side's address.
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        socket::local_address(&self.fd)
    }

    pub(super) async fn recv(&self, buf: BytesMut, want: usize) -> (io::Result<usize>, BytesMut) {
        self.receiver.recv(buf, want).await
    }

    /// Sends at once what the socket takes, and the rest through the ring.
    pub(super) async fn send_all(&self, mut data: Bytes, more: More) -> io::Result<()> {
        let more = more == More::Yes;
        while !data.is_empty() {
            match socket::send_now(&self.fd, &data, more) {
                Ok(n) => data.advance(n),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let sent = self.blocked(self.send_when_ready(data.clone(), more)).await?;
                    data.advance(sent);
                }
                Err(error) => return Err(error),
            }
        }
        if more { Ok(()) } else { self.cork(false) }
    }

    /// Waits for the other side to read. Meanwhile `blocked_since` shows since when.
    async fn blocked<T>(&self, wait: impl Future<Output = T>) -> T {
        self.blocked_since.set(Some(now()));
        let outcome = wait.await;
        self.blocked_since.set(None);
        outcome
    }

    pub(super) fn blocked_since(&self) -> Option<Instant> {
        self.blocked_since.get()
    }

    async fn send_when_ready(&self, data: Bytes, more: bool) -> io::Result<usize> {
        let flags = libc::MSG_NOSIGNAL | if more { libc::MSG_MORE } else { 0 };
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let entry =
            opcode::Send::new(types::Fd(self.fd.as_raw_fd()), data.as_ptr(), length).flags(flags).build();
        let kept = Kept { fd: Some(self.fd.clone()), buffer: KeptBuffer::Shared(data), ..Kept::default() };
        Op::submit(entry, kept).await.result.map(|n| n as usize)
    }

    /// Calls sendfile(2) until the socket takes no more, and then polls for readiness. Pages that are not in the page
    /// cache are first read through the ring, so the core does not wait for the disk.
    pub(super) async fn send_file(
        &self,
        file: &RingFile,
        mut position: u64,
        length: u64,
        more: More,
    ) -> io::Result<()> {
        self.cork(more == More::Yes || self.corked.get())?;
        let end = position + length;
        let mut warm_until = position;
        while position < end {
            if position >= warm_until {
                warm_until = file.warm_up(position, end - position).await?;
            }
            let length = (warm_until.min(end) - position) as usize;
            match socket::send_file_now(&self.fd, file.fd(), position, length) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => position += n as u64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked(self.writable()).await?
                }
                Err(error) => return Err(error),
            }
        }
        self.cork(more == More::Yes)
    }

    /// sendfile(2) has no MSG_MORE. So a reply of several pieces is corked, and its last piece uncorks it.
    fn cork(&self, on: bool) -> io::Result<()> {
        if self.corked.replace(on) == on {
            return Ok(());
        }
        socket::set_option(&self.fd, libc::IPPROTO_TCP, libc::TCP_CORK, i32::from(on))
    }

    async fn writable(&self) -> io::Result<()> {
        let events = (libc::POLLOUT | libc::POLLERR | libc::POLLHUP) as u32;
        let entry = opcode::PollAdd::new(types::Fd(self.fd.as_raw_fd()), events).build();
        let kept = Kept { fd: Some(self.fd.clone()), ..Kept::default() };
        Op::submit(entry, kept).await.result.map(|_| ())
    }

    /// Tells the other side that nothing more will be sent.
    pub(super) fn finish(&self) -> io::Result<()> {
        socket::shutdown(&self.fd, libc::SHUT_WR)
    }

    /// Closes both directions. Receives and sends in flight end.
    pub(super) fn shutdown(&self) {
        if !self.closed.replace(true) {
            // This fails only if the peer was faster.
            let _ = socket::shutdown(&self.fd, libc::SHUT_RDWR);
        }
    }
}
