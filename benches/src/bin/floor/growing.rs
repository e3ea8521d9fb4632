//! A file that grows. A sync of it waits for the file system's journal, too.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::path::Path;

use bytes::Bytes;
use creel_io::fs::{File, OpenOptions};

/// From here the file is written again from its start, so that the disk does not fill up. No round gets that far, for new
/// pages cost more than old ones, and a log needs new ones.
const FILE_BYTES_MAX: u64 = 4 << 30;
/// Claimed at a time.
const CLAIM_BYTES: u64 = 64 << 20;

pub(crate) struct GrowingFile {
    file: File,
    position: Cell<u64>,
    /// Claimed on the disk, so that a sync has no new length to write.
    claimed: Cell<u64>,
    /// Each write is followed by fdatasync.
    is_durable: bool,
}

impl GrowingFile {
    pub(crate) fn create(path: &Path, is_durable: bool) -> io::Result<GrowingFile> {
        let file = File::open(path, OpenOptions::create())?;
        Ok(GrowingFile { file, position: Cell::new(0), claimed: Cell::new(0), is_durable })
    }

    pub(crate) async fn write(&self, staged: &[Bytes]) -> io::Result<()> {
        let mut pieces: Vec<IoSlice<'_>> = staged.iter().map(|b| IoSlice::new(b)).collect();
        let length: usize = staged.iter().map(Bytes::len).sum();
        if self.position.get() + length as u64 > FILE_BYTES_MAX {
            self.position.set(0);
        }
        let (position, end) = (self.position.get(), self.position.get() + length as u64);
        if end > self.claimed.get() {
            self.file.allocate(self.claimed.get(), CLAIM_BYTES)?;
            self.claimed.set(self.claimed.get() + CLAIM_BYTES);
        }
        self.file.write_all_at(&mut pieces, position)?;
        self.position.set(end);
        if self.is_durable { self.file.sync_data().await } else { Ok(()) }
    }

    pub(crate) fn way(&self) -> &'static str {
        if self.is_durable { "pwritev and fdatasync, growing file" } else { "pwritev, growing file" }
    }
}
