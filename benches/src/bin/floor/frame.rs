//! A frame: a size of four bytes, and as many bytes behind it.

use bytes::{Buf, Bytes, BytesMut};
use creel_io::net::TcpStream;

/// The next whole frame, if it is there.
pub(crate) fn take(buf: &mut BytesMut) -> Option<Bytes> {
    if buf.len() < 4 || missing(buf) > 0 {
        return None;
    }
    let size = (&buf[..4]).get_u32() as usize;
    Some(buf.split_to(4 + size).freeze())
}

/// Bytes that the frame at the front still lacks.
fn missing(buf: &BytesMut) -> usize {
    if buf.len() < 4 {
        return 4 - buf.len();
    }
    (4 + (&buf[..4]).get_u32() as usize).saturating_sub(buf.len())
}

/// Receives some of what the frame at the front lacks. `false` once the peer is gone.
pub(crate) async fn receive(stream: &TcpStream, buf: &mut BytesMut) -> bool {
    let want = missing(buf);
    let (n, back) = stream.recv(std::mem::take(buf), want).await;
    *buf = back;
    matches!(n, Ok(1..))
}
