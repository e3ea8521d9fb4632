//! Records of the journal: batches of several partitions that became durable with one write.
//!
//! ```text
//! record:  | "CREELJRN" | CRC-32C u32 | version u32 | length u32 | pieces u32 | generation u64 | secret u64 | sequence u64 | piece | piece | .. |
//! piece:   | topic id 16 | partition i32 | first offset i64 | end offset i64 | bytes u32 | batches, as they lie in the segment |
//! ```
//!
//! All numbers are big-endian. The CRC covers everything from the version to the record's end. A record begins at a
//! block of its file and is written in whole blocks. What follows it in its last block counts for nothing. Its first
//! block alone says how long it is.
//!
//! A piece without bytes is a cut: what earlier pieces say of that partition, from its first offset on, is void.
//!
//! What lies behind the last record of a file was written in an earlier lap, and clients chose most of those bytes. So
//! a record carries the secret of its generation, which no client has ever seen.

use std::ops::DerefMut;

use crate::directory::TopicId;
use crate::format::batch::crc32c;
use crate::limits::{JOURNAL_BLOCK_BYTES, JOURNAL_RECORD_BYTES_MAX};
use crate::offset::Offset;

const MAGIC: &[u8; 8] = b"CREELJRN";
const VERSION: u32 = 1;
const CRC_AT: usize = 8;
const SEALED_AT: usize = 12;
/// Bytes of a record before its pieces.
pub(crate) const RECORD_HEADER_BYTES: usize = 48;
/// Bytes of a piece before its batches.
pub(crate) const PIECE_HEADER_BYTES: usize = 40;

// The first block of a record says how long it is.
const _: () = assert!(RECORD_HEADER_BYTES <= JOURNAL_BLOCK_BYTES);

/// A life of the journal: from one start of the broker to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Generation {
    /// Later lives have larger numbers.
    pub(crate) number: u64,
    pub(crate) secret: u64,
}

/// Where a record belongs: in which life of the journal, and behind which record. The first has sequence 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordId {
    pub(crate) generation: Generation,
    pub(crate) sequence: u64,
}

/// What a piece is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PieceHeader {
    pub(crate) topic: TopicId,
    pub(crate) partition: i32,
    /// The offset of the first batch.
    pub(crate) base: Offset,
    /// The offset behind the last batch.
    pub(crate) end: Offset,
    /// Bytes of its batches.
    pub(crate) bytes: u32,
}

impl PieceHeader {
    /// A piece that makes earlier ones void from `offset` on.
    pub(crate) fn cut(topic: TopicId, partition: i32, offset: Offset) -> Self {
        Self { topic, partition, base: offset, end: offset, bytes: 0 }
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.bytes == 0
    }

    fn encode(&self, into: &mut [u8]) {
        into[..16].copy_from_slice(&self.topic.0);
        into[16..20].copy_from_slice(&self.partition.to_be_bytes());
        into[20..28].copy_from_slice(&self.base.get().to_be_bytes());
        into[28..36].copy_from_slice(&self.end.get().to_be_bytes());
        into[36..40].copy_from_slice(&self.bytes.to_be_bytes());
    }

    /// `None`: no piece begins so.
    fn decode(bytes: &[u8; PIECE_HEADER_BYTES]) -> Option<Self> {
        let piece = Self {
            topic: TopicId(array(bytes, 0)),
            partition: i32::from_be_bytes(array(bytes, 16)),
            base: Offset::new(i64::from_be_bytes(array(bytes, 20)))?,
            end: Offset::new(i64::from_be_bytes(array(bytes, 28)))?,
            bytes: u32::from_be_bytes(array(bytes, 36)),
        };
        let is_cut = piece.bytes == 0 && piece.base == piece.end;
        (piece.partition >= 0 && (is_cut || (piece.bytes > 0 && piece.base < piece.end))).then_some(piece)
    }
}

/// Bytes of `array` from `at` on. The caller knows that they are there.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

/// Puts a record together in memory that it is written from.
#[derive(Debug)]
pub(crate) struct RecordBuilder<M> {
    memory: M,
    length: usize,
    pieces: u32,
}

impl<M: DerefMut<Target = [u8]>> RecordBuilder<M> {
    /// An empty record, at the beginning of `memory`, which is whole blocks, at least one.
    pub(crate) fn new(memory: M) -> Self {
        debug_assert!(!memory.is_empty() && memory.len().is_multiple_of(JOURNAL_BLOCK_BYTES));
        Self { memory, length: RECORD_HEADER_BYTES, pieces: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces == 0
    }

    /// Whether a piece with so many bytes of batches fits.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        let most = self.memory.len().min(JOURNAL_RECORD_BYTES_MAX);
        self.length + PIECE_HEADER_BYTES + bytes <= most
    }

    /// Adds a piece that [`fits`](Self::fits). `fill` writes its batches. If it can't, nothing is added.
    pub(crate) fn push<E>(
        &mut self,
        piece: &PieceHeader,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let at = self.length + PIECE_HEADER_BYTES;
        let end = at + piece.bytes as usize;
        fill(&mut self.memory[at..end])?;
        piece.encode(&mut self.memory[self.length..at]);
        self.length = end;
        self.pieces += 1;
        Ok(())
    }

    /// The number of bytes that the record is written with: whole blocks.
    pub(crate) fn padded_bytes(&self) -> usize {
        self.length.next_multiple_of(JOURNAL_BLOCK_BYTES)
    }

    /// Ends the record. Returns the memory, and how many bytes of it are to be written.
    pub(crate) fn seal(mut self, id: RecordId) -> (M, usize) {
        let (padded, length) = (self.padded_bytes(), self.length);
        let header = &mut self.memory[..RECORD_HEADER_BYTES];
        header[..8].copy_from_slice(MAGIC);
        header[12..16].copy_from_slice(&VERSION.to_be_bytes());
        header[16..20].copy_from_slice(&(length as u32).to_be_bytes());
        header[20..24].copy_from_slice(&self.pieces.to_be_bytes());
        header[24..32].copy_from_slice(&id.generation.number.to_be_bytes());
        header[32..40].copy_from_slice(&id.generation.secret.to_be_bytes());
        header[40..48].copy_from_slice(&id.sequence.to_be_bytes());
        let crc = crc32c(&self.memory[SEALED_AT..length]);
        self.memory[CRC_AT..SEALED_AT].copy_from_slice(&crc.to_be_bytes());
        self.memory[length..padded].fill(0);
        (self.memory, padded)
    }

    /// Gives up the record.
    pub(crate) fn into_memory(self) -> M {
        self.memory
    }
}

/// The beginning of a record. The record itself is not checked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) id: RecordId,
    /// Bytes of the record, without what follows it in its last block.
    pub(crate) length: usize,
    pieces: u32,
    crc: u32,
}

/// What the first bytes of a record say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    Record(RecordHeader),
    /// A record of another version of this format. It can't be read.
    OtherVersion(u32),
    /// No record begins here.
    Nothing,
}

impl RecordHeader {
    /// Reads the beginning of a record from the first bytes of a block.
    pub(crate) fn parse(bytes: &[u8]) -> Beginning {
        let Some(header) = bytes.first_chunk::<RECORD_HEADER_BYTES>() else { return Beginning::Nothing };
        if !header.starts_with(MAGIC) {
            return Beginning::Nothing;
        }
        let version = u32::from_be_bytes(array(header, 12));
        if version != VERSION {
            return Beginning::OtherVersion(version);
        }
        let length = u32::from_be_bytes(array(header, 16)) as usize;
        if !(RECORD_HEADER_BYTES..=JOURNAL_RECORD_BYTES_MAX).contains(&length) {
            return Beginning::Nothing;
        }
        let number = |at| u64::from_be_bytes(array(header, at));
        Beginning::Record(Self {
            id: RecordId {
                generation: Generation { number: number(24), secret: number(32) },
                sequence: number(40),
            },
            length,
            pieces: u32::from_be_bytes(array(header, 20)),
            crc: u32::from_be_bytes(array(header, CRC_AT)),
        })
    }

    /// The number of bytes that the record takes in its file.
    pub(crate) fn padded_bytes(&self) -> usize {
        self.length.next_multiple_of(JOURNAL_BLOCK_BYTES)
    }

    /// The pieces of the record that begins with this header, each with the position of its batches in the record.
    /// `None`: the record is torn or damaged.
    pub(crate) fn pieces(&self, record: &[u8]) -> Option<Vec<(PieceHeader, usize)>> {
        let record = record.get(..self.length)?;
        if crc32c(&record[SEALED_AT..]) != self.crc {
            return None;
        }
        let mut found = Vec::new();
        let mut at = RECORD_HEADER_BYTES;
        while at < record.len() {
            let piece = PieceHeader::decode(record[at..].first_chunk()?)?;
            at += PIECE_HEADER_BYTES;
            found.push((piece, at));
            at = at.checked_add(piece.bytes as usize)?;
        }
        (at == record.len() && found.len() == self.pieces as usize).then_some(found)
    }
}

#[cfg(test)]
#[path = "journal_record_tests.rs"]
mod tests;
