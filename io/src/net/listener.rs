//! Accepting connections: one multishot request, armed once.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use io_uring::{opcode, types};

use super::socket;
use super::stream::TcpStream;
use crate::ring::{Kept, Multi};

/// Connections the kernel holds for us until they are accepted.
const BACKLOG: i32 = 4096;

/// A listening TCP socket.
pub struct TcpListener {
    fd: Arc<OwnedFd>,
    accepting: Option<Multi>,
}

impl TcpListener {
    /// Binds and listens. Port 0 takes a free one; see [`TcpListener::local_addr`].
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let fd = socket::tcp_socket(address, false)?;
        socket::set_option(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
        socket::bind_and_listen(&fd, address, BACKLOG)?;
        Ok(TcpListener { fd: Arc::new(fd), accepting: None })
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket::local_address(&self.fd)
    }

    /// The next connection. Errors concern one connection or the descriptor limit; the listener stays usable.
    pub async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
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

fn adopt(fd: u32) -> io::Result<(TcpStream, SocketAddr)> {
    // SAFETY: the kernel has just made this descriptor for us.
    let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    let peer = socket::peer_address(&fd)?;
    Ok((TcpStream::adopt(fd)?, peer))
}
