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
    /// Opens a file for reads and writes past the page cache. `None` where the file system has no such access, or only
    /// for larger blocks. It reads a block to know that, so it may wait for the disk.
    pub(crate) fn open_direct(path: &Path) -> io::Result<Option<RingFile>> {
        let opened = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_CLOEXEC | libc::O_DIRECT)
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

    /// Whether the device can have a write on its medium without a flush: it has no cache that a power cut empties, or
    /// it writes through that cache when asked to. `false` where nothing says so.
    pub(crate) fn writes_through(&self) -> bool {
        let Ok(device) = self.device() else { return false };
        let device = format!("/sys/dev/block/{}:{}", libc::major(device), libc::minor(device));
        // A partition's queue is the whole disk's.
        [format!("{device}/queue"), format!("{device}/../queue")].iter().any(|queue| {
            let says = |what: &str, value: &str| {
                let text = std::fs::read_to_string(format!("{queue}/{what}"));
                text.is_ok_and(|text| text.trim() == value)
            };
            says("write_cache", "write through") || says("fua", "1")
        })
    }

    /// Writes what the buffer holds behind its first `from` bytes, to `position` on. Gives the number of bytes written.
    /// If it `is_durable`, they are on the medium when it ends.
    pub(crate) async fn write_aligned(
        &self,
        mut buffer: AlignedBuffer,
        from: usize,
        position: u64,
        is_durable: bool,
    ) -> (io::Result<usize>, AlignedBuffer) {
        let bytes = &mut buffer[from..];
        let (address, length) = (bytes.as_ptr(), bytes.len() as u32);
        let flags = if is_durable { libc::RWF_DSYNC } else { 0 };
        let entry = opcode::Write::new(types::Fd(self.fd().as_raw_fd()), address, length).rw_flags(flags);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime;

    /// Whether a file's own writes are of either kind depends on the machine.
    #[test]
    fn both_kinds_of_write_arrive() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, vec![0; 4 * 4096]).unwrap();
        let in_core = path.clone();
        let body = move |_| {
            let path = in_core.clone();
            async move {
                // Where there is no such access, nothing is to be tried.
                let Some(file) = RingFile::open_direct(&path).unwrap() else { return };
                for (at, is_durable) in [(1, true), (2, false)] {
                    let mut buffer = AlignedBuffer::with_capacity(2 * 4096);
                    buffer.extend_from_slice(&[at as u8; 4096]);
                    buffer.extend_from_slice(&[9; 4096]);
                    let (outcome, buffer) = file.write_aligned(buffer, 4096, at * 4096, is_durable).await;
                    assert_eq!((outcome.unwrap(), buffer[0]), (4096, at as u8));
                }
                let read = file.read_aligned(AlignedBuffer::with_capacity(3 * 4096), 4096, 4096, 8192).await;
                let (outcome, mut buffer) = read;
                assert_eq!(outcome.unwrap(), 8192);
                let memory = buffer.memory_mut();
                assert!(memory[..4096].iter().all(|byte| *byte == 0));
                assert!(memory[4096..].iter().all(|byte| *byte == 9));
            }
        };
        runtime::start(&runtime::RuntimeConfig::unpinned(1), body).unwrap().join();
    }
}
