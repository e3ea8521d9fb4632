//! Reads the records of one core's journal, in the order in which they were written.
//!
//! Each file that holds records of the newest generation begins with one. The records of a file follow one another, and
//! so do the files. The last record may be torn: it was not on the medium when the crash came, so nobody was told that
//! it was. A record is written only once the one before it is on the medium. So whatever is missing between two records
//! was lost later.

use std::io;
use std::path::PathBuf;

use bytes::BytesMut;
use creel_io::fs::{File, OpenOptions};

use crate::error::naming;
use crate::fault_points::{self, Bug};
use crate::format::journal_record::{
    Beginning, Generation, PieceHeader, RECORD_HEADER_BYTES, RecordHeader, RecordId,
};
use crate::limits::{JOURNAL_BLOCK_BYTES, RECOVERY_READ_BYTES};

/// A piece of a record, and where its batches lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlacedPiece {
    pub(crate) header: PieceHeader,
    /// Which of the files.
    pub(crate) file: usize,
    /// Where its batches begin in the file, in bytes.
    pub(crate) position: u64,
}

/// What the files of a core's journal hold.
#[derive(Debug, Default)]
pub(crate) struct CoreRecords {
    /// `None`: no file holds a record.
    pub(crate) generation: Option<Generation>,
    pub(crate) pieces: Vec<PlacedPiece>,
    /// The files that hold records of the generation, in the order in which they were written.
    pub(crate) order: Vec<usize>,
}

/// The records of one file.
struct Chain {
    file: usize,
    first: u64,
    /// The sequence behind the last record.
    next: u64,
    pieces: Vec<PlacedPiece>,
}

/// Reads the journal that consists of `files`.
pub(crate) async fn read(files: &[PathBuf]) -> io::Result<CoreRecords> {
    let mut readers = Vec::new();
    for (number, path) in files.iter().enumerate() {
        let mut reader = Reader::open(path.clone())?;
        if let Some(first) = reader.beginning(0).await.map_err(naming(path))? {
            readers.push((number, reader, first.id));
        }
    }
    let Some(generation) = readers.iter().map(|(_, _, first)| first.generation).max() else {
        return Ok(CoreRecords::default());
    };
    readers.retain(|(_, _, first)| first.generation == generation);
    readers.sort_unstable_by_key(|(_, _, first)| first.sequence);
    let mut found = CoreRecords { generation: Some(generation), ..CoreRecords::default() };
    let mut expected = None;
    let count = readers.len();
    for (at, (number, mut reader, first)) in readers.into_iter().enumerate() {
        let chain = reader.chain(number, first, at + 1 == count).await.map_err(naming(&files[number]))?;
        if let Some(expected) = expected.filter(|expected| *expected != chain.first) {
            lost(&files[number], expected, chain.first);
        }
        expected = Some(chain.next);
        found.order.push(chain.file);
        found.pieces.extend(chain.pieces);
    }
    Ok(found)
}

fn lost(file: &std::path::Path, from: u64, to: u64) {
    tracing::error!(file = %file.display(), from, to, "the journal is damaged: these records of it are lost");
}

/// Reads one file, a window at a time.
struct Reader {
    path: PathBuf,
    file: File,
    length: u64,
    window: BytesMut,
    window_at: u64,
}

impl Reader {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = File::open(&path, OpenOptions::read()).map_err(naming(&path))?;
        let length = file.len().map_err(naming(&path))?;
        // What a failed write has left only in memory does not count.
        file.drop_cached();
        Ok(Self { path, file, length, window: BytesMut::new(), window_at: 0 })
    }

    /// The beginning of the record at `position`, if there is one.
    async fn beginning(&mut self, position: u64) -> io::Result<Option<RecordHeader>> {
        let wanted = if position == 0 { JOURNAL_BLOCK_BYTES } else { RECOVERY_READ_BYTES };
        let Some(bytes) = self.bytes(position, RECORD_HEADER_BYTES, wanted).await? else { return Ok(None) };
        match RecordHeader::parse(bytes) {
            Beginning::Record(header) => Ok(Some(header)),
            Beginning::Nothing => Ok(None),
            Beginning::OtherVersion(version) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "a record of the journal has version {version}: start the version of Creel that wrote it"
                ),
            )),
        }
    }

    /// The pieces of the record at `position`. `None`: it is torn or damaged.
    async fn pieces(
        &mut self,
        position: u64,
        header: &RecordHeader,
    ) -> io::Result<Option<Vec<(PieceHeader, usize)>>> {
        let bytes = self.bytes(position, header.length, RECOVERY_READ_BYTES).await?;
        Ok(bytes.and_then(|bytes| header.pieces(bytes)))
    }

    /// All records from the first on, as far as they follow one another. `is_last`: no other file was written later.
    async fn chain(&mut self, number: usize, first: RecordId, is_last: bool) -> io::Result<Chain> {
        let mut chain =
            Chain { file: number, first: first.sequence, next: first.sequence, pieces: Vec::new() };
        let mut position = 0;
        loop {
            let due = RecordId { sequence: chain.next, ..first };
            let Some((header, pieces)) = self.record(position, due).await? else {
                // Only what was lost can have a record behind it.
                let later = if is_last { self.later(position, due).await? } else { None };
                let Some((at, header)) = later else { return Ok(chain) };
                lost(&self.path, chain.next, header.id.sequence);
                (position, chain.next) = (at, header.id.sequence);
                continue;
            };
            chain.next += 1;
            chain.pieces.extend(pieces.into_iter().map(|(header, at)| PlacedPiece {
                header,
                file: number,
                position: position + at as u64,
            }));
            position += header.padded_bytes() as u64;
            creel_io::pace(1 + header.length / (16 << 10)).await;
        }
    }

    /// The record that is due at `position`.
    async fn record(
        &mut self,
        position: u64,
        due: RecordId,
    ) -> io::Result<Option<(RecordHeader, Vec<(PieceHeader, usize)>)>> {
        let Some(header) = self.beginning(position).await? else { return Ok(None) };
        let is_due = header.id == due || fault_points::has(Bug::JournalRecordStale);
        if !is_due {
            return Ok(None);
        }
        Ok(self.pieces(position, &header).await?.map(|pieces| (header, pieces)))
    }

    /// The next whole record behind `position` that was written after the one that was due there.
    async fn later(&mut self, mut position: u64, due: RecordId) -> io::Result<Option<(u64, RecordHeader)>> {
        if fault_points::has(Bug::JournalRecordStale) {
            return Ok(None);
        }
        loop {
            position += JOURNAL_BLOCK_BYTES as u64;
            if position >= self.length {
                return Ok(None);
            }
            creel_io::pace(1).await;
            if let Some(header) = self.beginning(position).await?
                && header.id.generation == due.generation
                && header.id.sequence > due.sequence
                && self.pieces(position, &header).await?.is_some()
            {
                return Ok(Some((position, header)));
            }
        }
    }

    /// `length` bytes from `position` on, of a window of about `wanted`. `None`: the file ends before.
    async fn bytes(&mut self, position: u64, length: usize, wanted: usize) -> io::Result<Option<&[u8]>> {
        let left = self.length.saturating_sub(position);
        if left < length as u64 {
            return Ok(None);
        }
        let is_inside = |reader: &Self| {
            let start = position.checked_sub(reader.window_at)?;
            let end = start.checked_add(length as u64)?;
            (end <= reader.window.len() as u64).then_some(start as usize)
        };
        let start = match is_inside(self) {
            Some(start) => start,
            None => {
                let wanted = (wanted.max(length) as u64).min(left);
                self.window = self.file.read_exact_at(position, wanted as usize).await?;
                self.window_at = position;
                0
            }
        };
        Ok(self.window.get(start..start + length))
    }
}
