//! Accepts connections by one multishot request, which is started once.
//!
//! Owns the listening descriptor. Must not know the simulator.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use io_uring::{opcode, types};

use super::ring_stream::RingStream;
use super::socket;
use crate::operation::Multi;
use crate::ring::slots::Kept;

/// The number of connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 4096;

pub(super) struct RingListener {
    fd: Arc<OwnedFd>,
    accepting: Option<Multi>,
}

impl RingListener {
    pub(super) fn bind(address: SocketAddr) -> io::Result<RingListener> {
        let fd = socket::tcp_socket(address, false)?;
        socket::set_option(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
        socket::bind_and_listen(&fd, address, BACKLOG)?;
        Ok(RingListener { fd: Arc::new(fd), accepting: None })
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        socket::local_address(&self.fd)
    }

    pub(super) async fn accept(&mut self) -> io::Result<(RingStream, SocketAddr)> {
        loop {
            let accepting = self.accepting.get_or_insert_with(|| arm(&self.fd));
            match accepting.next().await {
                Some(accepted) => return adopt(accepted.result?),
                None => self.accepting = None,
            }
        }
    }
}

fn arm(fd: &Arc<OwnedFd>) -> Multi {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let entry = opcode::AcceptMulti::new(types::Fd(fd.as_raw_fd())).flags(flags).build();
    Multi::submit(entry, Kept { fd: Some(fd.clone()), yields_descriptors: true, ..Kept::default() })
}

fn adopt(fd: u32) -> io::Result<(RingStream, SocketAddr)> {
    // SAFETY: the kernel has just made this descriptor for us.
    let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    let peer = socket::peer_address(&fd)?;
    // A client whose machine has gone never closes its connection. The kernel probes for it, so nobody waits for it
    // forever.
    socket::set_option(&fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)?;
    Ok((RingStream::adopt(fd)?, peer))
}
