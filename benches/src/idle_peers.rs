//! Thousands of idle and nearly idle connections, beside which the measured ones must not get slower.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;

use crate::client::{Check, Drive, Driven, Until, drive};

/// Connections that say nothing.
pub const IDLE: usize = 10_000;
/// Connections that send a request a second.
pub const BUSY: usize = 1_000;
/// Until all of them are connected.
const SETTLING: Duration = Duration::from_secs(1);

/// The connections; they close when this is dropped.
pub struct IdlePeers {
    idle: Vec<TcpStream>,
    busy: JoinHandle<Result<Driven, String>>,
}

impl IdlePeers {
    /// Connects all. The busy ones send `request` from these threads for so long.
    pub fn connect(
        address: SocketAddr,
        threads: Vec<Option<usize>>,
        request: Bytes,
        time: Duration,
    ) -> io::Result<IdlePeers> {
        let idle = (0..IDLE).map(|_| TcpStream::connect(address)).collect::<io::Result<_>>()?;
        let plan = Drive {
            address,
            requests: Arc::new([request]),
            check: Check::Produced,
            connections: BUSY,
            in_flight: 1,
            interval: Some(Duration::from_secs(1)),
            until: Until::Passed(SETTLING + time),
        };
        let busy = thread::spawn(move || drive(&threads, plan));
        thread::sleep(SETTLING);
        Ok(IdlePeers { idle, busy })
    }

    /// Waits for the busy ones; fails if one of them, or of the idle ones, was turned away.
    pub fn close(self) -> io::Result<()> {
        let busy = self.busy.join().map_err(|_| io::Error::other("a busy connection's thread panicked"))?;
        busy.map_err(io::Error::other)?;
        for connection in self.idle {
            connection.set_nonblocking(true)?;
            match connection.peek(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => return Err(io::Error::other("the broker closed an idle connection")),
            }
        }
        Ok(())
    }
}
