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

/// How often a part of a file that can't be read is tried again before it counts as damaged.
const READ_AGAIN: usize = 4;

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
    /// What was wrong with the files. It was told on the log.
    pub(crate) faults: Vec<JournalFault>,
}

/// Something that was wrong with a file of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFault {
    /// The file.
    pub file: PathBuf,
    /// What was wrong with it.
    pub what: String,
    /// Whether records were lost that had been acknowledged. Otherwise it is what a crash leaves.
    pub is_loss: bool,
}

/// The records of one file.
struct Chain {
    file: usize,
    first: u64,
    /// The sequence behind the last record.
    next: u64,
    pieces: Vec<PlacedPiece>,
}

/// The first whole record of a file.
struct Start {
    position: u64,
    id: RecordId,
    /// Records before it are torn or damaged.
    is_late: bool,
}

/// Reads the journal that consists of `files`.
pub(crate) async fn read(files: &[PathBuf]) -> io::Result<CoreRecords> {
    let mut readers = Vec::new();
    let mut found = CoreRecords::default();
    for (number, path) in files.iter().enumerate() {
        let mut reader = Reader::open(path.clone())?;
        match reader.start().await.map_err(naming(path))? {
            Some(start) => readers.push((number, reader, start)),
            None => found.faults.append(&mut reader.faults),
        }
    }
    let Some(generation) = readers.iter().map(|(_, _, start)| start.id.generation).max() else {
        return Ok(found);
    };
    let is_of_it = |start: &Start| start.id.generation == generation;
    for (_, reader, _) in readers.iter_mut().filter(|(_, _, start)| !is_of_it(start)) {
        reader.leave_out("its records are of an earlier life than those of another file");
        found.faults.append(&mut reader.faults);
    }
    readers.retain(|(_, _, start)| is_of_it(start));
    readers.sort_unstable_by_key(|(_, _, start)| start.id.sequence);
    found.generation = Some(generation);
    let mut expected = None;
    let firsts: Vec<u64> = readers.iter().map(|(_, _, start)| start.id.sequence).collect();
    for (at, (number, mut reader, start)) in readers.into_iter().enumerate() {
        let bound = firsts.get(at + 1).copied().unwrap_or(u64::MAX);
        let chain = reader.chain(number, &start, bound).await.map_err(naming(&files[number]))?;
        match expected {
            Some(expected) if expected != chain.first => reader.lost(expected, chain.first),
            // The next lap may have begun to overwrite it. Then it was not needed any more.
            None if start.is_late => reader.warn("the first record of the oldest file is torn"),
            _ => {}
        }
        expected = Some(chain.next);
        found.faults.append(&mut reader.faults);
        found.order.push(chain.file);
        found.pieces.extend(chain.pieces);
    }
    Ok(found)
}

/// Reads one file, a window at a time.
struct Reader {
    path: PathBuf,
    file: File,
    length: u64,
    window: BytesMut,
    window_at: u64,
    /// Some of it can't be read. The rest is read block by block.
    is_unreadable: bool,
    faults: Vec<JournalFault>,
}

impl Reader {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = File::open(&path, OpenOptions::read()).map_err(naming(&path))?;
        let length = file.len().map_err(naming(&path))?;
        // What a failed write has left only in memory does not count.
        file.drop_cached();
        let window = BytesMut::new();
        Ok(Self { path, file, length, window, window_at: 0, is_unreadable: false, faults: Vec::new() })
    }

    /// The first whole record, if the file begins with one that was whole once.
    async fn start(&mut self) -> io::Result<Option<Start>> {
        let Some(header) = self.beginning(0).await? else {
            let block = self.bytes(0, JOURNAL_BLOCK_BYTES, JOURNAL_BLOCK_BYTES).await?;
            if block.is_some_and(|block| block.iter().any(|byte| *byte != 0)) {
                self.leave_out("it does not begin with a record");
            }
            return Ok(None);
        };
        if self.pieces(0, &header).await?.is_some() {
            return Ok(Some(Start { position: 0, id: header.id, is_late: false }));
        }
        // What it says of itself may be wrong. Whatever a later record says of itself is not.
        let later = self.later(0, header.id, u64::MAX).await?;
        if later.is_none() {
            self.leave_out("its first record is torn, and no other one lies behind it");
        }
        Ok(later.map(|(position, header)| Start { position, id: header.id, is_late: true }))
    }

    fn leave_out(&mut self, why: &str) {
        tracing::warn!(file = %self.path.display(), why, "a file of the journal is left out");
        self.note(format!("it is left out: {why}"), false);
    }

    fn warn(&mut self, what: &str) {
        tracing::warn!(file = %self.path.display(), what, "the journal was read in part");
        self.note(what.to_owned(), false);
    }

    fn lost(&mut self, from: u64, to: u64) {
        tracing::error!(file = %self.path.display(), from, to, "the journal is damaged: these records of it are lost");
        self.note(format!("it is damaged: its records {from} to {} are lost", to.saturating_sub(1)), true);
    }

    fn note(&mut self, what: String, is_loss: bool) {
        self.faults.push(JournalFault { file: self.path.clone(), what, is_loss });
    }

    /// The beginning of the record at `position`, if there is one.
    async fn beginning(&mut self, position: u64) -> io::Result<Option<RecordHeader>> {
        let wanted = if position == 0 { JOURNAL_BLOCK_BYTES } else { RECOVERY_READ_BYTES };
        let Some(bytes) = self.bytes(position, RECORD_HEADER_BYTES, wanted).await? else { return Ok(None) };
        match RecordHeader::parse(bytes) {
            Beginning::Record(header) => Ok(Some(header)),
            Beginning::Nothing => Ok(None),
            // Behind a file's first record lies what clients sent in an earlier lap, whatever it looks like.
            Beginning::OtherVersion(_) if position > 0 => Ok(None),
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

    /// All records from the first on, as far as they follow one another. `bound`: the first of the file that was written
    /// next.
    async fn chain(&mut self, number: usize, start: &Start, bound: u64) -> io::Result<Chain> {
        let first = start.id;
        let mut chain =
            Chain { file: number, first: first.sequence, next: first.sequence, pieces: Vec::new() };
        let mut position = start.position;
        loop {
            let due = RecordId { sequence: chain.next, ..first };
            let Some((header, pieces)) = self.record(position, due).await? else {
                // Only what was lost can have a record behind it.
                let is_more = chain.next < bound;
                let later = if is_more { self.later(position, due, bound).await? } else { None };
                let Some((at, header)) = later else { return Ok(chain) };
                self.lost(chain.next, header.id.sequence);
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

    /// The next whole record behind `position` that was written after the one that was due there, and before `bound`.
    async fn later(
        &mut self,
        mut position: u64,
        due: RecordId,
        bound: u64,
    ) -> io::Result<Option<(u64, RecordHeader)>> {
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
                && (due.sequence.saturating_add(1)..bound).contains(&header.id.sequence)
                && self.pieces(position, &header).await?.is_some()
            {
                return Ok(Some((position, header)));
            }
        }
    }

    /// `length` bytes from `position` on, of a window of about `wanted`. `None`: the file ends before, or they can't be
    /// read.
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
                let least = length.next_multiple_of(JOURNAL_BLOCK_BYTES);
                let most = if self.is_unreadable { least } else { wanted.max(least) };
                // After the first time less of it. A failure need not last.
                let mut tries = [most].into_iter().chain([least; READ_AGAIN]);
                loop {
                    match tries.next() {
                        Some(wanted) if self.read_window(position, wanted, left).await => break 0,
                        Some(_) => {}
                        None => return Ok(None),
                    }
                }
            }
        };
        Ok(self.window.get(start..start + length))
    }

    /// Reads a window. `false`: there is no reading it.
    async fn read_window(&mut self, position: u64, wanted: usize, left: u64) -> bool {
        let wanted = (wanted as u64).min(left) as usize;
        match self.file.read_exact_at(position, wanted).await {
            Ok(window) => {
                (self.window, self.window_at) = (window, position);
                true
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_unreadable, true) {
                    let file = self.path.display();
                    tracing::error!(%file, position, %error, "a part of the journal cannot be read: it counts as damaged");
                    self.note(format!("it cannot be read from byte {position} on: {error}"), true);
                }
                (self.window, self.window_at) = (BytesMut::new(), 0);
                false
            }
        }
    }
}
