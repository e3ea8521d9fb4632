//! A blocking connection that sends frames and takes them.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A safety net, never the verdict: nothing here takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The broker closed the connection.
    Closed,
    /// It said nothing for very long.
    Silent,
}

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    /// Sends a frame. That the broker has closed shows when its answer is awaited.
    pub(crate) fn send(&mut self, frame: &[u8]) {
        let mut bytes = (frame.len() as i32).to_be_bytes().to_vec();
        bytes.extend(frame);
        self.send_raw(&bytes);
    }

    /// Sends bytes as they are, without a size before them.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next frame, without its size.
    pub(crate) fn receive(&mut self) -> Result<Vec<u8>, NoAnswer> {
        let mut size = [0; 4];
        self.fill(&mut size)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).unwrap_or(0)];
        self.fill(&mut frame)?;
        Ok(frame)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoAnswer> {
        self.stream.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => NoAnswer::Silent,
            _ => NoAnswer::Closed,
        })
    }
}
