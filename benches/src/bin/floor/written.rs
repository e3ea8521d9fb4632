//! A file that was written before, and is written again from its start when its end is reached. A durable write into it
//! changes neither its length nor its blocks, so the file system's journal has nothing to commit.
//!
//! The write blocks the loop. A loop that has nothing else to do loses nothing by that, and an asynchronous write
//! costs more CPU: this is the least that such a write can cost.

use std::cell::{Cell, RefCell};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use bytes::Bytes;
use rustix::fs::{Advice, OFlags, fadvise};

/// What the file was filled up to.
const FILE_BYTES: u64 = 64 << 20;
/// What O_DIRECT asks of positions, lengths and memory.
const ALIGNMENT: usize = 4096;
/// Written at a time, at most.
const WRITE_BYTES_MAX: usize = 4 << 20;

pub(crate) struct WrittenFile {
    file: File,
    is_direct: bool,
    position: Cell<u64>,
    buffer: RefCell<AlignedBuffer>,
}

impl WrittenFile {
    /// Fills the file with zeros and syncs it. Then opens it with O_DIRECT and O_DSYNC. Where the file system does not have
    /// that, each write is followed by fdatasync.
    pub(crate) fn create(path: &Path) -> io::Result<WrittenFile> {
        fill(path)?;
        let direct = open_direct(path).map(|file| WrittenFile::of(file, true));
        direct.or_else(|_| WrittenFile::buffered(path))
    }

    /// Of a file that is filled.
    fn buffered(path: &Path) -> io::Result<WrittenFile> {
        Ok(WrittenFile::of(OpenOptions::new().write(true).open(path)?, false))
    }

    fn of(file: File, is_direct: bool) -> WrittenFile {
        WrittenFile { file, is_direct, position: Cell::new(0), buffer: RefCell::default() }
    }

    /// Writes the frames one after another, padded to whole blocks.
    pub(crate) fn write(&self, staged: &[Bytes]) -> io::Result<()> {
        let mut buffer = self.buffer.borrow_mut();
        buffer.clear();
        for frame in staged {
            for piece in frame.chunks(WRITE_BYTES_MAX) {
                if buffer.len() + piece.len() > WRITE_BYTES_MAX {
                    self.flush(&mut buffer)?;
                }
                buffer.push(piece);
            }
        }
        self.flush(&mut buffer)
    }

    fn flush(&self, buffer: &mut AlignedBuffer) -> io::Result<()> {
        buffer.pad();
        let length = buffer.len() as u64;
        if self.position.get() + length > FILE_BYTES {
            self.position.set(0);
        }
        self.file.write_all_at(buffer.bytes(), self.position.get())?;
        self.position.set(self.position.get() + length);
        buffer.clear();
        if self.is_direct { Ok(()) } else { self.file.sync_data() }
    }

    pub(crate) fn way(&self) -> &'static str {
        if self.is_direct {
            "O_DIRECT and O_DSYNC, file written before"
        } else {
            "pwrite and fdatasync (no O_DIRECT here), file written before"
        }
    }
}

fn fill(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    let zeros = vec![0; 1 << 20];
    for position in (0..FILE_BYTES).step_by(zeros.len()) {
        file.write_all_at(&zeros, position)?;
    }
    file.sync_all()?;
    // A direct write would have to drop the cached pages one by one.
    fadvise(&file, 0, None, Advice::DontNeed)?;
    Ok(())
}

/// Some file systems refuse at the first write.
fn open_direct(path: &Path) -> io::Result<File> {
    let flags = (OFlags::DIRECT | OFlags::DSYNC).bits() as i32;
    let file = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
    let mut block = AlignedBuffer::default();
    block.push(&[0]);
    block.pad();
    file.write_all_at(block.bytes(), 0)?;
    Ok(file)
}

/// Bytes that begin at an aligned address.
#[derive(Default)]
struct AlignedBuffer {
    memory: Vec<u8>,
    /// Where the aligned bytes begin.
    begin: usize,
    length: usize,
}

impl AlignedBuffer {
    fn push(&mut self, bytes: &[u8]) {
        self.reserve(self.length + bytes.len());
        self.memory[self.begin + self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Fills the last block with zeros.
    fn pad(&mut self) {
        let padded = self.length.next_multiple_of(ALIGNMENT);
        self.reserve(padded);
        self.memory[self.begin..][self.length..padded].fill(0);
        self.length = padded;
    }

    /// Moves to other memory if this is too small.
    fn reserve(&mut self, length: usize) {
        if self.begin + length <= self.memory.len() {
            return;
        }
        let mut larger = vec![0; length.next_power_of_two() + ALIGNMENT];
        let address = larger.as_ptr().addr();
        let begin = address.next_multiple_of(ALIGNMENT) - address;
        larger[begin..][..self.length].copy_from_slice(self.bytes());
        (self.memory, self.begin) = (larger, begin);
    }

    fn bytes(&self) -> &[u8] {
        &self.memory[self.begin..][..self.length]
    }

    fn len(&self) -> usize {
        self.length
    }

    fn clear(&mut self) {
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_aligned_and_padded_with_zeros_however_it_grew() {
        let mut buffer = AlignedBuffer::default();
        for size in [1, 5000, 100_000] {
            buffer.clear();
            buffer.push(&vec![7; size]);
            buffer.push(&[8]);
            buffer.pad();
            let bytes = buffer.bytes();
            assert_eq!((bytes.as_ptr().addr() % ALIGNMENT, bytes.len() % ALIGNMENT), (0, 0));
            assert!(bytes[..size].iter().all(|byte| *byte == 7) && bytes[size] == 8, "{size}");
            assert!(bytes[size + 1..].iter().all(|byte| *byte == 0), "{size}");
        }
    }

    #[test]
    fn frames_are_in_the_file_and_it_never_grows() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("floor");
        let first = WrittenFile::create(&path).expect("a file is made");
        frames_go_round(&path, &first);
        let buffered = WrittenFile::buffered(&path).expect("it can be opened");
        assert!(buffered.way().contains("fdatasync"));
        frames_go_round(&path, &buffered);
    }

    fn frames_go_round(path: &Path, file: &WrittenFile) {
        let frames = [Bytes::from(vec![1; 5000]), Bytes::from(vec![2; WRITE_BYTES_MAX])];
        for _ in 0..20 {
            file.write(&frames).expect("the frames are written");
        }
        let length = std::fs::metadata(path).expect("it is there").len();
        assert_eq!(length, FILE_BYTES, "{}", file.way());
        let there = File::open(path).expect("it can be read");
        let mut bytes = [0; 2];
        let mut at = |position| there.read_exact_at(&mut bytes, position).map(|()| bytes);
        // The sixteenth large frame found no room behind the others, and went to the start.
        assert_eq!(at(0).ok(), Some([2, 2]));
        let second = WRITE_BYTES_MAX as u64;
        assert_eq!(at(second).ok(), Some([1, 1]), "behind it the next small one");
        assert_eq!(at(second + 4999).ok(), Some([1, 0]), "which is padded");
    }
}
