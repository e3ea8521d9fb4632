//! A connection on the ring. What is sent goes out at once if the socket takes it, and through the ring if it would
//! block. Answers are cut out of one growing buffer without copying.

use super::FRAME_BYTES_MAX;
use super::control;
use crate::error::EngineError;
use crate::runtime::Stream;
use bytes::{Bytes, BytesMut};
use creel_wire::frame::{self, SIZE_PREFIX};
use rustix::net::SendFlags;
use std::net::SocketAddr;

/// Both directions of one connection.
pub struct Connection {
    address: SocketAddr,
    ring: Stream,
    /// The same socket, for sending without the ring.
    direct: std::net::TcpStream,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Result<Connection, EngineError> {
        let direct = control::connect(address)?;
        let twin = direct.try_clone().map_err(EngineError::system("a second handle of a socket"))?;
        Ok(Connection { address, ring: Stream::of(twin), direct })
    }

    /// The broker's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends what the socket takes now; returns how many bytes that was.
    pub fn send_now(&self, bytes: &[u8]) -> Result<usize, EngineError> {
        match rustix::net::send(&self.direct, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(sent) => Ok(sent),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(0),
            Err(why) => Err(self.closed(Some(why.into()))),
        }
    }

    /// Sends `bytes[from..to]` through the ring; the buffer comes back.
    pub async fn send_rest(
        &self,
        mut bytes: Vec<u8>,
        mut from: usize,
        to: usize,
    ) -> Result<Vec<u8>, EngineError> {
        while from < to {
            let (sent, buffer) = self.ring.write(bytes, from, to).await;
            bytes = buffer;
            match sent {
                Ok(0) => return Err(self.closed(None)),
                Ok(count) => from += count,
                Err(why) => return Err(self.closed(Some(why))),
            }
        }
        Ok(bytes)
    }

    /// Ends both directions, so that whoever waits for an answer is told.
    pub fn shut(&self) {
        let _ = self.direct.shutdown(std::net::Shutdown::Both); // it may be closed already
    }

    fn closed(&self, why: Option<std::io::Error>) -> EngineError {
        EngineError::Closed { address: self.address, why }
    }
}

/// Cuts answers out of what a connection receives.
#[derive(Debug)]
pub struct FrameReader {
    received: BytesMut,
    receive_bytes: usize,
}

impl FrameReader {
    /// A reader that asks for `receive_bytes` at a time when it does not know how much to expect.
    pub fn new(receive_bytes: usize) -> FrameReader {
        FrameReader { received: BytesMut::with_capacity(receive_bytes), receive_bytes }
    }

    /// The next answer, without its size.
    pub async fn next(&mut self, connection: &Connection) -> Result<Bytes, EngineError> {
        self.receive(connection, SIZE_PREFIX).await?;
        let mut prefix = [0; SIZE_PREFIX];
        prefix.copy_from_slice(&self.received[..SIZE_PREFIX]);
        let size = frame::size(prefix, FRAME_BYTES_MAX).map_err(|why| EngineError::Protocol {
            address: connection.address,
            api: "a request",
            why: why.to_string(),
        })?;
        self.receive(connection, SIZE_PREFIX + size).await?;
        let mut whole = self.received.split_to(SIZE_PREFIX + size);
        Ok(whole.split_off(SIZE_PREFIX).freeze())
    }

    /// Receives until `wanted` bytes are there. Room is made as bytes arrive, not because a size says so.
    async fn receive(&mut self, connection: &Connection, wanted: usize) -> Result<(), EngineError> {
        while self.received.len() < wanted {
            let have = self.received.len();
            if self.received.capacity() == have {
                self.received
                    .reserve((wanted - have).clamp(self.receive_bytes, have.max(self.receive_bytes) * 2));
            }
            let buffer = std::mem::take(&mut self.received);
            let (read, buffer) = connection.ring.read(buffer, have).await;
            self.received = buffer;
            match read {
                Ok(0) => return Err(connection.closed(None)),
                Ok(_) => {}
                Err(why) => return Err(connection.closed(Some(why))),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime;
    use std::io::Write;

    #[test]
    fn answers_are_cut_where_they_end_however_they_arrive() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies: Vec<Vec<u8>> = [0, 1, 5_000, 3, 200_000].iter().map(|n| vec![*n as u8; *n]).collect();
        let sent = bodies.clone();
        let peer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut all = Vec::new();
            for body in &sent {
                all.extend_from_slice(&(body.len() as i32).to_be_bytes());
                all.extend_from_slice(body);
            }
            for piece in all.chunks(777) {
                stream.write_all(piece).unwrap();
            }
        });
        runtime::block_on(async {
            let connection = Connection::open(address).unwrap();
            let mut reader = FrameReader::new(1_000);
            for body in &bodies {
                assert_eq!(reader.next(&connection).await.unwrap(), body);
            }
            let end = reader.next(&connection).await.unwrap_err();
            assert!(matches!(end, EngineError::Closed { why: None, .. }), "{end}");
        })
        .unwrap();
        peer.join().unwrap();
    }

    #[test]
    fn an_absurd_size_is_refused_before_any_room_is_made() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        runtime::block_on(async {
            let connection = Connection::open(address).unwrap();
            let (mut peer, _) = listener.accept().unwrap();
            peer.write_all(&i32::MAX.to_be_bytes()).unwrap();
            let error = FrameReader::new(1_000).next(&connection).await.unwrap_err();
            assert!(matches!(error, EngineError::Protocol { .. }), "{error}");
        })
        .unwrap();
    }
}
