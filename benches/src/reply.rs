//! A reply, read whole and checked.

use bytes::{Buf, BytesMut};
use creel_io::net::TcpStream;

/// What a reply has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The floor's: it says nothing.
    Nothing,
    /// A Produce response, version 7, for one partition, without an error.
    Produced,
    /// A Fetch response, version 4, for one partition, with exactly so many bytes of records.
    Fetched(usize),
}

/// Reads one frame; what lies behind it stays in `buf`.
pub(crate) async fn read_reply(stream: &TcpStream, buf: &mut BytesMut) -> Result<BytesMut, String> {
    loop {
        let missing = match buf.get(..4) {
            Some(mut size) => (4 + size.get_u32() as usize).saturating_sub(buf.len()),
            None => 4 - buf.len(),
        };
        if missing == 0 {
            let size = buf.get_u32() as usize;
            return Ok(buf.split_to(size));
        }
        let (n, back) = stream.recv(std::mem::take(buf), missing).await;
        *buf = back;
        match n {
            Ok(0) => return Err("the server closed the connection".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

impl Check {
    /// An error if it is not what was asked for.
    pub(crate) fn look(self, reply: &[u8]) -> Result<(), String> {
        match self {
            Check::Nothing => Ok(()),
            Check::Produced => produced(reply),
            Check::Fetched(bytes) => fetched(reply, bytes),
        }
    }
}

fn produced(reply: &[u8]) -> Result<(), String> {
    // correlation id 4, topic count 4, name 2 + n, partition count 4, index 4, error 2
    let name = reply.get(8..10).map_or(0, |mut n| n.get_u16() as usize);
    no_error(reply, 18 + name)
}

fn fetched(reply: &[u8], bytes: usize) -> Result<(), String> {
    // correlation id 4, throttle 4, topic count 4, name 2 + n, partition count 4, index 4, error 2,
    // high watermark 8, last stable offset 8, aborted transactions 4 (none), size of the records 4
    let name = reply.get(12..14).map_or(0, |mut n| n.get_u16() as usize);
    no_error(reply, 22 + name)?;
    match reply.get(44 + name..48 + name).map(|mut size| size.get_u32() as usize) {
        Some(size) if size == bytes => Ok(()),
        size => Err(format!("a fetch of {bytes} bytes was answered with {size:?}")),
    }
}

fn no_error(reply: &[u8], at: usize) -> Result<(), String> {
    match reply.get(at..at + 2).map(|mut code| code.get_i16()) {
        Some(0) => Ok(()),
        Some(code) => Err(format!("the broker answered with error {code}")),
        None => Err(format!("a reply of {} bytes is too short", reply.len())),
    }
}
