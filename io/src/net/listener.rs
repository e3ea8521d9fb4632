//! A listening socket, of the kernel or of the simulator.
//!
//! Owns the choice between the two. Must not know what a connection is for.

use std::io;
use std::net::SocketAddr;

use super::ring_listener::RingListener;
use super::stream::TcpStream;
use crate::sim::{self, SimListener};

/// A listening TCP socket.
pub struct TcpListener {
    backend: ListenerBackend,
}

enum ListenerBackend {
    Ring(RingListener),
    Sim(SimListener),
}

impl TcpListener {
    /// Binds and listens. Port 0 takes a free port; see [`TcpListener::local_addr`].
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let backend = match sim::context() {
            Some(sim) => ListenerBackend::Sim(SimListener::bind(&sim, address)?),
            None => ListenerBackend::Ring(RingListener::bind(address)?),
        };
        Ok(TcpListener { backend })
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.backend {
            ListenerBackend::Ring(listener) => listener.local_addr(),
            ListenerBackend::Sim(listener) => Ok(listener.local_addr()),
        }
    }

    /// The next connection. An error concerns one connection or the descriptor limit; the listener stays usable.
    pub async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        match &mut self.backend {
            ListenerBackend::Ring(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((stream.into(), peer))
            }
            ListenerBackend::Sim(listener) => {
                let (stream, peer) = Box::pin(listener.accept()).await?;
                Ok((stream.into(), peer))
            }
        }
    }
}
