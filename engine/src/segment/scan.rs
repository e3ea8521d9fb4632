//! Walks over the batches of a segment file. It holds one window of the file in memory at a time.

use std::io;

use bytes::{Bytes, BytesMut};
use creel_io::fs::File;
use creel_io::pace;

use crate::format::batch::{BatchError, BatchHeader, check_crc};
use crate::limits::{BATCH_HEADER_BYTES, HEADER_SCAN_BYTES, RECOVERY_READ_BYTES};
use crate::offset::{FilePosition, Offset};

/// A walk from batch to batch. Never looks at or behind `end`.
pub(crate) struct Scan {
    file: File,
    position: u64,
    end: u64,
    /// Only zeros lie behind this.
    data_end: u64,
    window: BytesMut,
    window_at: u64,
    window_bytes: usize,
}

impl Scan {
    pub(crate) fn new(file: File, from: FilePosition, end: u64) -> Self {
        let window = BytesMut::new();
        let window_bytes = HEADER_SCAN_BYTES;
        Self { file, position: from.get(), end, data_end: end, window, window_at: 0, window_bytes }
    }

    /// For a walk that searches for something: disk space that was preallocated and never written is not read.
    pub(crate) fn over_data(mut self) -> io::Result<Self> {
        self.data_end = self.file.data_end()?.min(self.end);
        Ok(self)
    }

    /// For a walk that reads every byte.
    pub(crate) fn in_big_steps(mut self) -> Self {
        self.window_bytes = RECOVERY_READ_BYTES;
        self
    }

    pub(crate) fn position(&self) -> FilePosition {
        FilePosition::new(self.position)
    }

    pub(crate) fn end(&self) -> FilePosition {
        FilePosition::new(self.end)
    }

    pub(crate) fn data_end(&self) -> FilePosition {
        FilePosition::new(self.data_end)
    }

    pub(crate) fn skip(&mut self, bytes: usize) {
        self.position += bytes as u64;
    }

    pub(crate) fn go_to(&mut self, position: FilePosition) {
        self.position = position.get();
    }

    /// Decodes the header at this position. `None` at the end. The batch's checksum is not checked.
    pub(crate) async fn header(&mut self) -> io::Result<Option<Result<BatchHeader, BatchError>>> {
        let left = self.end.saturating_sub(self.position);
        if left == 0 {
            return Ok(None);
        }
        let want = left.min(BATCH_HEADER_BYTES as u64) as usize;
        let bytes = self.bytes(want).await?;
        let parsed = BatchHeader::parse(bytes);
        Ok(Some(parsed.and_then(|header| fits(header, left))))
    }

    /// Decodes the header at this position, and verifies the whole batch.
    pub(crate) async fn verified(&mut self) -> io::Result<Option<Result<BatchHeader, BatchError>>> {
        let header = match self.header().await? {
            Some(Ok(header)) => header,
            other => return Ok(other),
        };
        let batch = self.bytes(header.size_bytes).await?;
        Ok(Some(check_crc(&header, batch).map(|()| header)))
    }

    /// The bytes of the batch at this position.
    pub(crate) async fn batch(&mut self, header: &BatchHeader) -> io::Result<Bytes> {
        Ok(Bytes::copy_from_slice(self.bytes(header.size_bytes).await?))
    }

    /// The next `want` bytes. The caller knows that the file has them.
    pub(crate) async fn bytes(&mut self, want: usize) -> io::Result<&[u8]> {
        let start = self.position.wrapping_sub(self.window_at);
        let inside = self.position >= self.window_at && start + want as u64 <= self.window.len() as u64;
        if !inside {
            self.fill(want).await?;
        }
        let start = (self.position - self.window_at) as usize;
        self.window.get(start..start + want).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    async fn fill(&mut self, want: usize) -> io::Result<()> {
        let left = (self.end - self.position) as usize;
        let length = want.max(self.window_bytes).min(left.max(want));
        let window = std::mem::take(&mut self.window);
        self.window = read(&self.file, window, self.position, length).await?;
        self.window_at = self.position;
        Ok(())
    }

    /// Moves to the end of the batches that follow one another from here on, as far as headers can tell.
    pub(crate) async fn go_behind_batches(&mut self, from: Offset) -> io::Result<()> {
        let mut expected = from;
        while let Some(Ok(header)) = self.header().await?
            && header.base_offset >= expected
        {
            expected = header.end_offset();
            self.skip(header.size_bytes);
            pace(1).await;
        }
        Ok(())
    }

    /// Moves to the next position, here or later, where a sound batch with an offset of at least `from` begins.
    pub(crate) async fn find_sound(&mut self, from: Offset, to: Offset) -> io::Result<Option<BatchHeader>> {
        while self.data_end.saturating_sub(self.position) >= BATCH_HEADER_BYTES as u64 {
            if let Some(Ok(header)) = self.header().await?
                && (from..to).contains(&header.base_offset)
                // Compaction may have left none.
                && header.record_count >= 0
                && let Some(Ok(header)) = self.verified().await?
            {
                return Ok(Some(header));
            }
            self.skip_to_candidate().await?;
        }
        Ok(None)
    }

    /// Moves forward by at least one byte, past everything in the window without a magic byte in its place.
    async fn skip_to_candidate(&mut self) -> io::Result<()> {
        const MAGIC_AT: usize = 16;
        self.position += 1;
        let left = (self.end - self.position) as usize;
        if left < BATCH_HEADER_BYTES {
            return Ok(());
        }
        let seen = {
            let start = self.position.wrapping_sub(self.window_at) as usize;
            self.window.len().saturating_sub(start).max(BATCH_HEADER_BYTES).min(left)
        };
        let bytes = self.bytes(seen).await?;
        let next = bytes[MAGIC_AT..].iter().position(|byte| *byte == 2);
        self.position += next.unwrap_or(seen - MAGIC_AT) as u64;
        Ok(())
    }
}

/// A header whose batch would run over the end of what was written is an error.
fn fits(header: BatchHeader, left: u64) -> Result<BatchHeader, BatchError> {
    if header.size_bytes as u64 <= left {
        return Ok(header);
    }
    Err(BatchError::Short { have: left as usize, need: header.size_bytes })
}

/// Reads exactly `length` bytes: from the page cache at once, or else through the ring.
async fn read(file: &File, mut into: BytesMut, position: u64, length: usize) -> io::Result<BytesMut> {
    into.clear();
    into.resize(length, 0);
    if let Some(read) = file.try_read_at(&mut into, position)?
        && read == length
    {
        return Ok(into);
    }
    file.read_exact_at(position, length).await
}
