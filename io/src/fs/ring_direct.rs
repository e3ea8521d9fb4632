//! Reads and writes of a kernel's file past the page cache.
//!
//! Owns how such a file is opened, and the requests to the ring. Must not know what a write means to its caller.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use io_uring::{opcode, types};

use super::ring_file::RingFile;
use crate::aligned_buffer::AlignedBuffer;
use crate::operation::Op;
use crate::ring::slots::KeptBuffer;

impl RingFile {
    /// Opens a file for reads and writes past the page cache, each of which is on the medium when it ends. `None` where
    /// the file system has no such access, or only for larger blocks. It reads a block to know that, so it may wait for
    /// the disk.
    pub(crate) fn open_direct(path: &Path) -> io::Result<Option<RingFile>> {
        let opened = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_CLOEXEC | libc::O_DIRECT | libc::O_DSYNC)
            .open(path);
        let read = opened.and_then(|file| {
            let mut block = AlignedBuffer::with_capacity(1);
            std::os::unix::fs::FileExt::read_at(&file, block.memory_mut(), 0)?;
            Ok(RingFile::from(file))
        });
        match read {
            Ok(file) => Ok(Some(file)),
            Err(error) if is_refusal(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes what the buffer holds behind its first `from` bytes, to `position` on. Gives the number of bytes written.
    pub(crate) async fn write_aligned(
        &self,
        mut buffer: AlignedBuffer,
        from: usize,
        position: u64,
    ) -> (io::Result<usize>, AlignedBuffer) {
        let bytes = &mut buffer[from..];
        let (address, length) = (bytes.as_ptr(), bytes.len() as u32);
        let entry = opcode::Write::new(types::Fd(self.fd().as_raw_fd()), address, length);
        let done = Op::submit(entry.offset(position).build(), self.kept(KeptBuffer::Aligned(buffer))).await;
        (done.result.map(|n| n as usize), aligned(done.buffer))
    }

    /// Reads up to `length` bytes from `position` on into the buffer's memory behind its first `at` bytes. Gives the
    /// number of bytes read. What counts as filled does not change.
    pub(crate) async fn read_aligned(
        &self,
        mut buffer: AlignedBuffer,
        at: usize,
        position: u64,
        length: usize,
    ) -> (io::Result<usize>, AlignedBuffer) {
        let room = &mut buffer.memory_mut()[at..at + length];
        let (address, length) = (room.as_mut_ptr(), room.len() as u32);
        let entry = opcode::Read::new(types::Fd(self.fd().as_raw_fd()), address, length);
        let done = Op::submit(entry.offset(position).build(), self.kept(KeptBuffer::Aligned(buffer))).await;
        (done.result.map(|n| n as usize), aligned(done.buffer))
    }
}

fn aligned(kept: KeptBuffer) -> AlignedBuffer {
    let KeptBuffer::Aligned(buffer) = kept else { unreachable!("the buffer that was kept comes back") };
    buffer
}

/// Whether an error says that the file system has no such access.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EOPNOTSUPP))
}
