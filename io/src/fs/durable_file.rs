//! A file that was written before and is overwritten in place, each write durable by itself.
//!
//! A sync of blocks that were written before needs no commit of the file system's journal. So such a write takes the
//! disk one short wait (docs/decisions/0042-durable-writes.md has the figures).
//!
//! Owns the file, how it is written, and which writes are in flight. Must not know what the bytes mean.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::Path;

use super::directory::{exists, remove_file, rename, temporary_for};
use super::file::{File, FileBackend};
use super::options::OpenOptions;
use crate::aligned_buffer::{AlignedBuffer, BLOCK_BYTES};
use crate::local::Notify;
use crate::offload::offload;

const BLOCK: u64 = BLOCK_BYTES as u64;
/// How much of a new file is filled with zeros at a time, in bytes.
const FILL_STEP: u64 = 1 << 20;

/// How writes get to the medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// Past the page cache (`O_DIRECT`), and onto the medium by themselves (`O_DSYNC`) or by a flush behind each,
    /// whichever the device does better. Several may be in flight.
    Direct,
    /// Through the page cache, each one followed by a sync. One goes after the other. This is for file systems without
    /// the other way.
    Synced,
}

/// A file of fixed length whose blocks were all written before. Each write is durable once it has ended.
pub struct DurableFile {
    file: File,
    mode: WriteMode,
    length: u64,
    /// The device needs no flush behind a write.
    writes_through: bool,
    in_flight: RefCell<Vec<Range<u64>>>,
    /// A write has failed, or was given up in flight.
    is_failed: Cell<bool>,
    /// With [`WriteMode::Synced`]: a write is under way, and who comes next.
    is_syncing: Cell<bool>,
    synced: Notify,
}

impl DurableFile {
    /// Creates a file of `length` bytes and writes it once with zeros. `length` is a multiple of [`BLOCK_BYTES`] and
    /// not 0. `AlreadyExists` if the name is taken.
    ///
    /// The file gets its name when it was written and synced. So after a crash in the middle there is no such name, and
    /// the file is created again; what the crash left is at most `<name>.tmp`, which is written anew. The name is
    /// durable once the caller has synced the directory.
    pub async fn create(path: &Path, length: u64) -> io::Result<DurableFile> {
        if length == 0 || !length.is_multiple_of(BLOCK) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the length is not whole blocks"));
        }
        if exists(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let temporary = temporary_for(path);
        let written = write_zeros(&temporary, length).await.and_then(|()| rename(&temporary, path));
        if let Err(error) = written {
            // Its room is more use to others. If it can't be removed, it is overwritten next time.
            let _ = remove_file(&temporary);
            return Err(error);
        }
        DurableFile::open(path).await
    }

    /// Opens a file that [`DurableFile::create`] has made. `InvalidData` if its length is not whole blocks.
    ///
    /// Reads then come from the medium and not from the page cache.
    pub async fn open(path: &Path) -> io::Result<DurableFile> {
        DurableFile::open_by(path, open_best).await
    }

    /// The same, with [`WriteMode::Synced`] whatever the file system has. Which way is the shorter depends on the
    /// machine.
    pub async fn open_synced(path: &Path) -> io::Result<DurableFile> {
        DurableFile::open_by(path, open_plain).await
    }

    async fn open_by(
        path: &Path,
        open: fn(&Path) -> io::Result<(File, WriteMode)>,
    ) -> io::Result<DurableFile> {
        let path = path.to_owned();
        let opened = offload(move || {
            let (file, mode) = open(&path)?;
            let length = prepare(&file)?;
            let writes_through = file.writes_through();
            io::Result::Ok((file, mode, length, writes_through))
        });
        let (file, mode, length, writes_through) = opened.await?;
        Ok(DurableFile {
            file,
            mode,
            length,
            writes_through,
            in_flight: RefCell::default(),
            is_failed: Cell::new(false),
            is_syncing: Cell::new(false),
            synced: Notify::new(),
        })
    }

    /// How writes get to the medium.
    #[must_use]
    pub fn mode(&self) -> WriteMode {
        self.mode
    }

    /// The file's length in bytes. It never changes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it has one block or more")]
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether a write has failed or was given up. Then no further one is made.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.is_failed.get()
    }

    /// Overwrites the file from `position` on with all that the buffer holds. When it has ended well, the bytes are on
    /// the medium. The buffer comes back as it was.
    ///
    /// Position and length are multiples of [`BLOCK_BYTES`], and the range lies within the file. Several writes may be
    /// in flight, in ranges of their own; they reach the medium in any order. `InvalidInput` otherwise: then nothing
    /// was written.
    ///
    /// After any other error the range may hold anything. So it may if the future is dropped before its end, and the
    /// kernel may then still be writing. Both are the end of writing to this file: later writes fail at once, until it
    /// is opened again.
    pub async fn write_durable(
        &self,
        buffer: AlignedBuffer,
        position: u64,
    ) -> (io::Result<()>, AlignedBuffer) {
        let _turn = match self.mode {
            WriteMode::Direct => None,
            WriteMode::Synced => Some(self.turn().await),
        };
        let write = match self.begin(position, buffer.len()) {
            Ok(write) => write,
            Err(error) => return (Err(error), buffer),
        };
        let (outcome, buffer) = match self.mode {
            WriteMode::Direct => self.write_direct(buffer, position).await,
            WriteMode::Synced => (self.write_and_sync(&buffer, position).await, buffer),
        };
        write.end(outcome.is_ok());
        (outcome, buffer)
    }

    /// Reads `length` bytes from `position` on into the buffer, in place of what it held. It gets fewer only at the
    /// file's end. Both are multiples of [`BLOCK_BYTES`], and `length` is at most the buffer's capacity;
    /// `InvalidInput` otherwise.
    pub async fn read(
        &self,
        mut buffer: AlignedBuffer,
        position: u64,
        length: usize,
    ) -> (io::Result<()>, AlignedBuffer) {
        buffer.clear();
        let is_aligned = position.is_multiple_of(BLOCK) && length.is_multiple_of(BLOCK_BYTES);
        if !is_aligned || length > buffer.capacity() {
            return (Err(io::ErrorKind::InvalidInput.into()), buffer);
        }
        let length = self.length.saturating_sub(position).min(length as u64) as usize;
        let mut done = 0;
        while done < length {
            let (outcome, back) = self.read_some(buffer, done, position, length).await;
            buffer = back;
            match outcome {
                Ok(n) if n >= BLOCK_BYTES => done += n / BLOCK_BYTES * BLOCK_BYTES,
                Ok(_) => return (Err(io::ErrorKind::UnexpectedEof.into()), buffer),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (Err(error), buffer),
            }
        }
        buffer.set_filled(length);
        (Ok(()), buffer)
    }

    async fn read_some(
        &self,
        mut buffer: AlignedBuffer,
        done: usize,
        position: u64,
        length: usize,
    ) -> (io::Result<usize>, AlignedBuffer) {
        let (at, missing) = (position + done as u64, length - done);
        match self.file.backend() {
            FileBackend::Ring(file) => file.read_aligned(buffer, done, at, missing).await,
            FileBackend::Sim(_) => match Box::pin(self.file.read_exact_at(at, missing)).await {
                Ok(bytes) => {
                    buffer.memory_mut()[done..length].copy_from_slice(&bytes);
                    (Ok(missing), buffer)
                }
                Err(error) => (Err(error), buffer),
            },
        }
    }

    // --- writes in flight

    fn begin(&self, position: u64, length: usize) -> io::Result<WriteInFlight<'_>> {
        let is_aligned = position.is_multiple_of(BLOCK) && length.is_multiple_of(BLOCK_BYTES) && length > 0;
        let end = position.checked_add(length as u64).filter(|end| is_aligned && *end <= self.length);
        let Some(end) = end else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not whole blocks of this file"));
        };
        if self.is_failed.get() {
            return Err(io::Error::other("an earlier write to this file failed or was given up"));
        }
        let range = position..end;
        let mut in_flight = self.in_flight.borrow_mut();
        if in_flight.iter().any(|other| other.start < range.end && range.start < other.end) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a write to this range is in flight"));
        }
        in_flight.push(range.clone());
        Ok(WriteInFlight { file: self, range, has_ended: false })
    }

    /// Waits until no other write is under way. The kernel tells a failed write-back once for each open file, so the
    /// sync of one write could hear what another one's must.
    async fn turn(&self) -> Turn<'_> {
        while self.is_syncing.get() {
            self.synced.notified().await;
        }
        self.is_syncing.set(true);
        Turn(self)
    }

    // --- the two ways

    async fn write_direct(
        &self,
        mut buffer: AlignedBuffer,
        position: u64,
    ) -> (io::Result<()>, AlignedBuffer) {
        let file = match self.file.backend() {
            FileBackend::Ring(file) => file,
            FileBackend::Sim(file) => return (Box::pin(file.write_direct(&buffer, position)).await, buffer),
        };
        let mut done = 0;
        while done < buffer.len() {
            let at = position + done as u64;
            let (outcome, back) = file.write_aligned(buffer, done, at, self.writes_through).await;
            buffer = back;
            match outcome {
                // A short write is gone on with from the last block's beginning.
                Ok(n) if n >= BLOCK_BYTES => done += n / BLOCK_BYTES * BLOCK_BYTES,
                Ok(_) => return (Err(io::ErrorKind::WriteZero.into()), buffer),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (Err(error), buffer),
            }
        }
        // The kernel could flush at the write's end. But that waits for one of its own threads, which gets a CPU late on
        // a busy machine.
        let flushed = if self.writes_through { Ok(()) } else { self.file.sync_data().await };
        (flushed, buffer)
    }

    async fn write_and_sync(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.file.write_all_at(&mut [IoSlice::new(bytes)], position)?;
        self.file.sync_data().await
    }
}

/// A write that has begun. Dropping it without its end is the end of writing to the file.
struct WriteInFlight<'a> {
    file: &'a DurableFile,
    range: Range<u64>,
    has_ended: bool,
}

impl WriteInFlight<'_> {
    fn end(mut self, is_durable: bool) {
        self.has_ended = is_durable;
    }
}

impl Drop for WriteInFlight<'_> {
    fn drop(&mut self) {
        self.file.in_flight.borrow_mut().retain(|other| *other != self.range);
        if !self.has_ended {
            self.file.is_failed.set(true);
        }
    }
}

/// The right to write with [`WriteMode::Synced`].
struct Turn<'a>(&'a DurableFile);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.is_syncing.set(false);
        self.0.synced.notify_all();
    }
}

/// Opens a file in the best way that its file system has. It may wait for the disk.
fn open_best(path: &Path) -> io::Result<(File, WriteMode)> {
    match File::open_direct(path)? {
        Some(file) => Ok((file, WriteMode::Direct)),
        None => open_plain(path),
    }
}

fn open_plain(path: &Path) -> io::Result<(File, WriteMode)> {
    Ok((File::open(path, OpenOptions::read_write())?, WriteMode::Synced))
}

/// Drops what the page cache has of the file, and gives its length.
fn prepare(file: &File) -> io::Result<u64> {
    let length = file.len()?;
    if length == 0 || !length.is_multiple_of(BLOCK) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is not whole blocks long"));
    }
    file.drop_cached();
    Ok(length)
}

/// Makes a file of zeros that are written, not just allocated. In pieces and off the core, as it takes a while.
async fn write_zeros(path: &Path, length: u64) -> io::Result<()> {
    let path = path.to_owned();
    let file = offload(move || new_file(&path, length)).await?;
    let mut at = 0;
    while at < length {
        let (to, step) = (file.clone(), FILL_STEP.min(length - at));
        offload(move || to.write_all_at(&mut [IoSlice::new(&vec![0; step as usize])], at)).await?;
        at += step;
    }
    file.sync_data().await
}

/// An empty file with the disk that it needs. If there is no room for it, that is found here.
fn new_file(path: &Path, length: u64) -> io::Result<File> {
    let file = File::open(path, OpenOptions { truncate: true, ..OpenOptions::create() })?;
    match file.allocate(0, length) {
        // The file system can't say beforehand.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
        other => other?,
    }
    Ok(file)
}
