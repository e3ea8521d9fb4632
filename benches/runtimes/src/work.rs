//! What the server does with its bytes, the same on every runtime: frames out of a buffer, CRC-32C over each, one
//! write, as many replies. Only how bytes come and go differs.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, IoSlice};
use std::path::Path;

use bytes::{Buf, Bytes, BytesMut};
use creel_benches::frames::crc32c;

/// The file starts anew here.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Room that a read is given.
const READ_BYTES: usize = 256 << 10;
/// As long as a produce response for one partition: a size, and zeros.
const REPLY: [u8; 54] = {
    let mut reply = [0; 54];
    reply[3] = 50;
    reply
};

/// The file that all connections of a server append to.
pub(crate) struct Sink {
    file: File,
    position: Cell<u64>,
}

impl Sink {
    pub(crate) fn create(directory: &Path) -> io::Result<Sink> {
        Ok(Sink { file: File::create(directory.join("sink"))?, position: Cell::new(0) })
    }

    /// Takes every whole frame out of `buf`, writes them, and gives their replies; `None` where there is no whole one.
    pub(crate) fn work(&self, buf: &mut BytesMut) -> io::Result<Option<Bytes>> {
        let mut frames = Vec::new();
        while let Some(frame) = take(buf) {
            std::hint::black_box(crc32c(&frame));
            frames.push(frame);
        }
        if frames.is_empty() {
            return Ok(None);
        }
        self.write(&frames)?;
        Ok(Some(Bytes::from(REPLY.repeat(frames.len()))))
    }

    fn write(&self, frames: &[Bytes]) -> io::Result<()> {
        let length: usize = frames.iter().map(Bytes::len).sum();
        if self.position.get() + length as u64 > FILE_BYTES_MAX {
            self.position.set(0);
        }
        let pieces: Vec<IoSlice<'_>> = frames.iter().map(|frame| IoSlice::new(frame)).collect();
        let written = rustix::io::pwritev(&self.file, &pieces, self.position.get())?;
        if written != length {
            return Err(io::Error::other("the disk is full"));
        }
        self.position.set(self.position.get() + length as u64);
        Ok(())
    }
}

/// Room for a read: for the rest of a frame that has begun, and more.
pub(crate) fn make_room(buf: &mut BytesMut) {
    buf.reserve(missing(buf).max(READ_BYTES));
}

/// Bytes that the frame at the front still lacks.
pub(crate) fn missing(buf: &BytesMut) -> usize {
    match buf.get(..4) {
        Some(mut size) => (4 + size.get_u32() as usize).saturating_sub(buf.len()),
        None => 4 - buf.len(),
    }
}

fn take(buf: &mut BytesMut) -> Option<Bytes> {
    if buf.len() < 4 || missing(buf) > 0 {
        return None;
    }
    let size = (&buf[..4]).get_u32() as usize;
    Some(buf.split_to(4 + size).freeze())
}
