//! An open file, of the kernel or of the simulator.
//!
//! Owns the choice between the two, per handle. Must not know what the bytes mean.

use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Weak;

use bytes::BytesMut;
use io_uring::types::FsyncFlags;

use super::options::OpenOptions;
use super::ring_file::RingFile;
use crate::sim::{self, SimFile};

const PAGE: u64 = 4096;

/// An open file. The handle is cheap and may be sent to another thread. The descriptor is closed with the last handle.
#[derive(Clone, Debug)]
pub struct File {
    backend: FileBackend,
}

#[derive(Clone, Debug)]
pub(crate) enum FileBackend {
    Ring(RingFile),
    Sim(SimFile),
}

use FileBackend::{Ring, Sim};

/// A piece of a file that can be sent without a copy.
#[derive(Clone, Debug)]
pub struct FileSlice {
    /// The file. The handle keeps it readable even after its name is removed.
    pub file: File,
    /// Where the piece begins, in bytes.
    pub position: u64,
    /// Its length in bytes.
    pub length: u64,
}

impl File {
    /// Opens `path`.
    pub fn open(path: &Path, options: OpenOptions) -> io::Result<File> {
        let backend = match sim::context() {
            Some(sim) => Sim(SimFile::open(&sim, path, sim_mode(options))?),
            None => Ring(RingFile::open(path, options)?),
        };
        Ok(File { backend })
    }

    /// Opens an existing file for writes past the page cache. `None` where its file system has none.
    pub(super) fn open_direct(path: &Path) -> io::Result<Option<File>> {
        let backend = match sim::context() {
            Some(sim) => SimFile::open_direct(&sim, path)?.map(Sim),
            None => RingFile::open_direct(path)?.map(Ring),
        };
        Ok(backend.map(|backend| File { backend }))
    }

    /// Whether a write past the page cache can be durable without a flush behind it.
    pub(super) fn writes_through(&self) -> bool {
        match &self.backend {
            Ring(file) => file.writes_through(),
            Sim(_) => true,
        }
    }

    pub(crate) fn backend(&self) -> &FileBackend {
        &self.backend
    }

    /// Writes the pieces one after another from `position` on, in one system call, at once. It may write less than all
    /// of them.
    pub fn write_at(&self, pieces: &[IoSlice<'_>], position: u64) -> io::Result<usize> {
        match &self.backend {
            Ring(file) => file.write_at(pieces, position),
            Sim(file) => file.write_at(pieces, position),
        }
    }

    /// Writes all of the pieces from `position` on. On an error some of them may have been written.
    pub fn write_all_at(&self, mut pieces: &mut [IoSlice<'_>], mut position: u64) -> io::Result<()> {
        while !pieces.is_empty() {
            let n = self.write_at(pieces, position)?;
            if n == 0 && pieces.iter().any(|piece| !piece.is_empty()) {
                return Err(io::ErrorKind::WriteZero.into());
            }
            position += n as u64;
            IoSlice::advance_slices(&mut pieces, n);
        }
        Ok(())
    }

    /// Reads up to `length` bytes from `position` on, through the ring, and appends them to `buf`. Returns the number
    /// of bytes read. It is less than `length` only at the file's end (or where the kernel was interrupted).
    pub async fn read_at(
        &self,
        buf: BytesMut,
        position: u64,
        length: usize,
    ) -> (io::Result<usize>, BytesMut) {
        match &self.backend {
            Ring(file) => file.read_at(buf, position, length).await,
            Sim(file) => Box::pin(file.read_at(buf, position, length)).await,
        }
    }

    /// Reads exactly `length` bytes. `UnexpectedEof` if the file ends before.
    pub async fn read_exact_at(&self, position: u64, length: usize) -> io::Result<BytesMut> {
        let mut buf = BytesMut::with_capacity(length);
        while buf.len() < length {
            let at = position + buf.len() as u64;
            let missing = length - buf.len();
            let (outcome, back) = self.read_at(buf, at, missing).await;
            buf = back;
            if outcome? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(buf)
    }

    /// Reads into `out` at once, if the bytes are in the page cache. Returns the number of bytes read (0 at the file's
    /// end), or `None` if the read would have to wait for the disk.
    pub fn try_read_at(&self, out: &mut [u8], position: u64) -> io::Result<Option<usize>> {
        match &self.backend {
            Ring(file) => file.try_read_at(out, position),
            Sim(file) => file.try_read_at(out, position),
        }
    }

    /// Waits until the data (and the length) of all writes before this call are on stable storage.
    pub async fn sync_data(&self) -> io::Result<()> {
        self.sync(FsyncFlags::DATASYNC).await
    }

    /// The same for data and all metadata.
    pub async fn sync_all(&self) -> io::Result<()> {
        self.sync(FsyncFlags::empty()).await
    }

    async fn sync(&self, flags: FsyncFlags) -> io::Result<()> {
        match &self.backend {
            Ring(file) => file.sync(flags).await,
            Sim(file) => Box::pin(file.sync()).await,
        }
    }

    /// Reserves disk space for `length` bytes from `position` on. They read as zeros, and count towards the file's
    /// length.
    pub fn allocate(&self, position: u64, length: u64) -> io::Result<()> {
        match &self.backend {
            Ring(file) => file.allocate(position, length),
            Sim(file) => file.allocate(position, length),
        }
    }

    /// Cuts or extends the file.
    pub fn truncate(&self, length: u64) -> io::Result<()> {
        match &self.backend {
            Ring(file) => file.truncate(length),
            Sim(file) => file.truncate(length),
        }
    }

    /// The file's length in bytes.
    pub fn len(&self) -> io::Result<u64> {
        match &self.backend {
            Ring(file) => file.len(),
            Sim(file) => file.len(),
        }
    }

    /// When the file was last written to or cut, in milliseconds since the Unix epoch. After a power cut this may be
    /// older than the data.
    pub fn modified_ms(&self) -> io::Result<i64> {
        match &self.backend {
            Ring(file) => file.modified_ms(),
            Sim(file) => file.modified_ms(),
        }
    }

    /// Sets the time at which the file was last written to.
    pub fn set_modified_ms(&self, ms: i64) -> io::Result<()> {
        match &self.backend {
            Ring(file) => file.set_modified_ms(ms),
            Sim(file) => file.set_modified_ms(ms),
        }
    }

    /// The end of what was ever written. From there to the file's end there are only zeros, which need not be read. The
    /// result may lie too far back: by the rest of a page or a block, or at the file's end.
    pub fn data_end(&self) -> io::Result<u64> {
        match &self.backend {
            Ring(file) => file.data_end(),
            Sim(file) => file.data_end(),
        }
    }

    /// True when the file has no bytes.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Makes the kernel drop the file's pages that it takes for written, so the next reads come from the medium. After
    /// a failed sync the two can differ, also for processes that start later.
    pub fn drop_cached(&self) {
        match &self.backend {
            Ring(file) => file.drop_cached(),
            Sim(file) => file.drop_cached(),
        }
    }

    /// Has the kernel begin to write the dirty pages that lie wholly within the range, so that a later sync has less
    /// to do. It promises nothing, and it waits for no page. It ends when the kernel has begun, which may take as long
    /// as the device's queue is full.
    pub async fn start_write_back(&self, range: Range<u64>) {
        let Some(pages) = whole_pages(range) else { return };
        match &self.backend {
            Ring(file) => file.start_write_back(pages).await,
            Sim(file) => Box::pin(file.start_write_back(pages)).await,
        }
    }
}

impl File {
    /// A weak handle: it tells whether this handle or a clone of it still exists.
    #[must_use]
    pub fn downgrade(&self) -> WeakFile {
        WeakFile(match &self.backend {
            Ring(file) => WeakBackend::Ring(file.downgrade()),
            Sim(file) => WeakBackend::Sim(file.downgrade()),
        })
    }

    /// How many bytes of the file are in the page cache, in whole pages. `None` where the kernel can't tell.
    pub fn cached_bytes(&self) -> io::Result<Option<u64>> {
        match &self.backend {
            Ring(file) => file.cached_bytes(),
            Sim(file) => file.cached_bytes().map(Some),
        }
    }

    /// How many names the file has. A further name (a hard link) may be a backup.
    pub fn names(&self) -> io::Result<u64> {
        match &self.backend {
            Ring(file) => file.names(),
            // The simulator has no links.
            Sim(_) => Ok(1),
        }
    }

    /// Drops the file's pages, which must be clean, from the page cache. `true`: none is left, so nothing holds any of
    /// them, not even a socket that has yet to deliver what was sent from the file. Such a socket shares the pages
    /// themselves until its reader has taken them, even if it is closed and whatever the peer has acknowledged
    /// (sendfile(2), NOTES). Its reader gets whatever is written into them meanwhile. This takes a while for a big
    /// file, so do it off the core.
    pub fn evict(&self) -> io::Result<bool> {
        match &self.backend {
            Ring(file) => file.evict(),
            Sim(file) => file.evict(),
        }
    }
}

/// See [`File::downgrade`].
#[derive(Clone, Debug)]
pub struct WeakFile(WeakBackend);

#[derive(Clone, Debug)]
enum WeakBackend {
    Ring(Weak<OwnedFd>),
    Sim(Weak<sim::Descriptor>),
}

impl WeakFile {
    /// Whether every handle has been dropped, and every operation that uses one has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match &self.0 {
            WeakBackend::Ring(file) => file.strong_count() == 0,
            WeakBackend::Sim(file) => file.strong_count() == 0,
        }
    }
}

/// The pages that lie wholly within a range of bytes. A page of which only a part is meant is likely to be written to
/// soon, and that write would wait for the page.
fn whole_pages(range: Range<u64>) -> Option<Range<u64>> {
    let start = range.start.checked_next_multiple_of(PAGE)?;
    let end = range.end / PAGE * PAGE;
    (start < end).then_some(start..end)
}

fn sim_mode(options: OpenOptions) -> sim::OpenMode {
    let OpenOptions { write, create, create_new, truncate } = options;
    sim::OpenMode { write, create, create_new, truncate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_pages_are_written_back() {
        let cases = [
            (0..0, None),
            (0..4095, None),
            (1..8191, None),
            (0..4096, Some(0..4096)),
            (1..8192, Some(4096..8192)),
            (4096..20_000, Some(4096..16_384)),
            (u64::MAX - 1..u64::MAX, None),
        ];
        for (range, pages) in cases {
            assert_eq!(whole_pages(range), pages);
        }
    }
}
