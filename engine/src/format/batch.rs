//! Record batches of version 2 (magic 2), as producers send them and as the log stores them.
//!
//! ```text
//!  0        8      12      16 17     21      23      27              35              43
//!  +--------+------+-------+--+------+-------+-------+---------------+---------------+---
//!  | base   |batch |leader |2 | CRC- | attri-| last  | base          | max           | ..
//!  | offset |length| epoch |  | 32C  | butes | delta | timestamp     | timestamp     |
//!  +--------+------+-------+--+------+-------+-------+---------------+---------------+---
//!     43              51     53      57      61
//!  ---+---------------+------+-------+-------+------------------------------
//!  .. | producer id   |epoch | base  |record | records (compressed as one
//!     |               |      | seq.  | count | block, or back to back)
//!  ---+---------------+------+-------+-------+------------------------------
//! ```
//!
//! All numbers are big-endian. `batch length` counts the bytes that follow it. The CRC covers everything from
//! `attributes` on. So the broker can write the base offset and the leader epoch without computing the CRC again, and
//! records go from socket to file unchanged. (The CRC is changed where the broker replaces the max
//! timestamp.)
//!
//! Attributes: bits 0-2 codec, 3 timestamp type (1 = the broker's append time), 4 transactional, 5 control, 6 delete
//! horizon.
//!
//! Only this file knows Kafka's inclusive "last offset". All other code uses half-open ranges.

use bytes::Bytes;
use thiserror::Error;

use crate::format::crc_shift;
use crate::limits::{
    BATCH_BYTES_MAX, BATCH_HEADER_BYTES, BATCH_PREFIX_BYTES, CRC_SHIFT_FROM_BYTES, RECORD_BYTES_MIN,
};
use crate::offset::{LeaderEpoch, Offset};

const LENGTH_AT: usize = 8;
const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const LAST_DELTA_AT: usize = 23;
const BASE_TIMESTAMP_AT: usize = 27;
const MAX_TIMESTAMP_AT: usize = 35;
const PRODUCER_ID_AT: usize = 43;
const PRODUCER_EPOCH_AT: usize = 51;
const BASE_SEQUENCE_AT: usize = 53;
const RECORD_COUNT_AT: usize = 57;
const CODEC_BITS: i16 = 7;
const APPEND_TIME_BIT: i16 = 1 << 3;
const TRANSACTIONAL_BIT: i16 = 1 << 4;

/// CRC-32C (Castagnoli, the iSCSI polynomial) of `bytes`.
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// Why bytes are not a batch that may be appended or served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BatchError {
    /// The bytes end before the batch does.
    #[error("batch is cut short: {have} of {need} bytes")]
    Short {
        /// Bytes at hand.
        have: usize,
        /// The number of bytes that the header states.
        need: usize,
    },
    /// The length field is impossible.
    #[error("batch length {0} is impossible")]
    Length(i32),
    /// Other bytes follow the batch. In a produce request, a partition's records are exactly one batch.
    #[error("{0} bytes follow the batch")]
    Trailing(usize),
    /// Message format 0 or 1, or no known format.
    #[error("message format {0} is not supported: only 2 is")]
    Magic(i8),
    /// The checksum does not match.
    #[error("the batch's CRC-32C is {computed:#010x}, but its header says {stored:#010x}")]
    Crc {
        /// The checksum in the header.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// The header contradicts itself or the protocol.
    #[error("invalid batch: {0}")]
    Invalid(&'static str),
}

/// The compression of a batch's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not compressed.
    None,
    /// RFC 1952.
    Gzip,
    /// Raw or framed as by xerial.
    Snappy,
    /// The lz4 frame format.
    Lz4,
    /// zstd frames.
    Zstd,
}

impl Codec {
    /// As it stands in the attributes.
    const fn bits(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }
}

/// The attribute bits of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub i16);

impl Attributes {
    /// The codec. `None` where the bits name no known codec.
    pub fn codec(self) -> Option<Codec> {
        match self.0 & CODEC_BITS {
            0 => Some(Codec::None),
            1 => Some(Codec::Gzip),
            2 => Some(Codec::Snappy),
            3 => Some(Codec::Lz4),
            4 => Some(Codec::Zstd),
            _ => None,
        }
    }

    /// Whether the timestamps are the broker's append time.
    pub fn is_log_append_time(self) -> bool {
        self.0 & APPEND_TIME_BIT != 0
    }

    /// Whether the batch belongs to a transaction.
    pub fn is_transactional(self) -> bool {
        self.0 & TRANSACTIONAL_BIT != 0
    }

    /// Whether the batch holds control records (transaction markers).
    pub fn is_control(self) -> bool {
        self.0 & (1 << 5) != 0
    }
}

/// The decoded 61 bytes of the header. A header by itself is not checked; a [`Batch`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Bytes of the whole batch, prefix included.
    pub size_bytes: usize,
    /// Epoch of the leader that appended it. `None` (-1 in the bytes) before a leader has.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The stored checksum.
    pub crc: u32,
    /// Codec, timestamp type, transactional, control.
    pub attributes: Attributes,
    /// Offset of the last record, relative to the first.
    pub last_offset_delta: i32,
    /// Timestamp of the first record, milliseconds.
    pub base_timestamp: i64,
    /// Largest timestamp of any record, milliseconds.
    pub max_timestamp: i64,
    /// The idempotent producer's id, or -1.
    pub producer_id: i64,
    /// The producer's epoch, or -1.
    pub producer_epoch: i16,
    /// Sequence number of the first record, or -1.
    pub base_sequence: i32,
    /// The number of records.
    pub record_count: i32,
}

impl BatchHeader {
    /// Decodes a header from the first 61 bytes, checking only that its length, magic and base offset are possible.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let Some(header) = bytes.first_chunk::<BATCH_HEADER_BYTES>() else {
            return Err(BatchError::Short { have: bytes.len(), need: BATCH_HEADER_BYTES });
        };
        let size_bytes = batch_size(i32_at(header, LENGTH_AT))?;
        match header[MAGIC_AT] as i8 {
            2 => Self::decode(header, size_bytes),
            other => Err(BatchError::Magic(other)),
        }
    }

    fn decode(header: &[u8; BATCH_HEADER_BYTES], size_bytes: usize) -> Result<Self, BatchError> {
        let Some(base_offset) = Offset::new(i64_at(header, 0)) else {
            return Err(BatchError::Invalid("its base offset is negative"));
        };
        Ok(Self {
            base_offset,
            size_bytes,
            leader_epoch: LeaderEpoch::new(i32_at(header, LEADER_EPOCH_AT)),
            crc: i32_at(header, CRC_AT) as u32,
            attributes: Attributes(i16_at(header, ATTRIBUTES_AT)),
            last_offset_delta: i32_at(header, LAST_DELTA_AT),
            base_timestamp: i64_at(header, BASE_TIMESTAMP_AT),
            max_timestamp: i64_at(header, MAX_TIMESTAMP_AT),
            producer_id: i64_at(header, PRODUCER_ID_AT),
            producer_epoch: i16_at(header, PRODUCER_EPOCH_AT),
            base_sequence: i32_at(header, BASE_SEQUENCE_AT),
            record_count: i32_at(header, RECORD_COUNT_AT),
        })
    }

    /// The offset after the last record. In a log without gaps the next batch begins there.
    pub fn end_offset(&self) -> Offset {
        self.base_offset + (i64::from(self.last_offset_delta) + 1)
    }

    /// Kafka's inclusive last offset, as its indexes and snapshots store it.
    pub fn last_offset(&self) -> Offset {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    /// Whether an idempotent producer sent it.
    pub fn has_producer_id(&self) -> bool {
        self.producer_id >= 0
    }

    /// Sequence number of the last record; sequences wrap from 2^31-1 to 0.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return self.base_sequence;
        }
        self.base_sequence.wrapping_add(self.last_offset_delta) & i32::MAX
    }

    /// Whether the header and the records of a producer's batch agree, as far as that can be checked without
    /// decompressing.
    fn check(&self) -> Result<Codec, BatchError> {
        let invalid = |what| Err(BatchError::Invalid(what));
        let codec = self.check_records()?;
        if self.record_count == 0 {
            return invalid("no records");
        }
        if self.last_offset_delta != self.record_count - 1 {
            return invalid("record count does not match the last offset delta");
        }
        if self.has_producer_id() && self.bad_sequence() {
            return invalid("producer id without epoch or sequence");
        }
        Ok(codec)
    }

    /// The same for a batch that a log holds. Compaction may have removed records from it, and the coordinators' own
    /// batches carry a producer id without a sequence.
    fn check_stamped(&self) -> Result<Codec, BatchError> {
        let invalid = |what| Err(BatchError::Invalid(what));
        let codec = self.check_records()?;
        if self.last_offset_delta < 0 || self.last_offset_delta < self.record_count - 1 {
            return invalid("more records than offsets");
        }
        let span = i64::from(self.last_offset_delta) + 1;
        if self.base_offset < Offset::ZERO || self.base_offset + span - self.base_offset != span {
            return invalid("offsets that do not exist");
        }
        Ok(codec)
    }

    /// What holds for every batch.
    fn check_records(&self) -> Result<Codec, BatchError> {
        let invalid = |what| Err(BatchError::Invalid(what));
        let Some(codec) = self.attributes.codec() else {
            return invalid("unknown compression codec");
        };
        let Ok(records) = usize::try_from(self.record_count) else {
            return invalid("no records");
        };
        let records_max = (self.size_bytes - BATCH_HEADER_BYTES) / RECORD_BYTES_MIN;
        if codec == Codec::None && records > records_max {
            return invalid("it claims more records than its bytes can hold");
        }
        if self.has_producer_id() && self.producer_epoch < 0 {
            return invalid("producer id without epoch or sequence");
        }
        Ok(codec)
    }

    /// Control batches carry a producer id but no sequence.
    fn bad_sequence(&self) -> bool {
        self.base_sequence < 0 && !self.attributes.is_control()
    }
}

fn batch_size(length: i32) -> Result<usize, BatchError> {
    let size = usize::try_from(length).map_err(|_| BatchError::Length(length))? + BATCH_PREFIX_BYTES;
    if (BATCH_HEADER_BYTES..=BATCH_BYTES_MAX).contains(&size) {
        Ok(size)
    } else {
        Err(BatchError::Length(length))
    }
}

/// Bytes that should be one batch. Nothing can be read from them until [`verify`](Self::verify) has checked them.
#[derive(Clone, Debug)]
pub struct UncheckedBatch(Bytes);

impl UncheckedBatch {
    /// Takes bytes as received.
    pub fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Checks the length, the magic byte and the checksum, and that the record count and the offset deltas agree.
    pub fn verify(self) -> Result<Batch, BatchError> {
        self.verify_by(BatchHeader::check)
    }

    /// The same for a batch that a log holds already, with its offsets and its leader epoch. Compaction may have removed
    /// records from it.
    pub fn verify_stamped(self) -> Result<StampedBatch, BatchError> {
        self.verify_by(BatchHeader::check_stamped).map(StampedBatch)
    }

    fn verify_by(
        self,
        check: impl FnOnce(&BatchHeader) -> Result<Codec, BatchError>,
    ) -> Result<Batch, BatchError> {
        let header = BatchHeader::parse(&self.0)?;
        let (have, need) = (self.0.len(), header.size_bytes);
        if have < need {
            return Err(BatchError::Short { have, need });
        }
        if have > need {
            return Err(BatchError::Trailing(have - need));
        }
        check_crc(&header, &self.0)?;
        let codec = check(&header)?;
        Ok(Batch { bytes: self.0, header, codec, times: Times::Claimed })
    }
}

/// One verified batch that a log holds, with its offsets and its leader epoch. Another log takes it as it is. Compaction
/// may have removed records from it, so it may hold fewer records than its offsets span, or none. Producers can't send
/// such a batch: see [`Batch`].
#[derive(Clone, Debug)]
pub struct StampedBatch(Batch);

impl StampedBatch {
    /// The decoded header.
    pub fn header(&self) -> &BatchHeader {
        &self.0.header
    }

    /// The whole batch, byte for byte.
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// For whoever only stores it or reads its records. It is not to be appended as a producer's batch.
    pub(crate) fn as_batch(&self) -> &Batch {
        &self.0
    }
}

/// Checks the checksum of `batch`, which is the bytes of `header` and of its records.
pub(crate) fn check_crc(header: &BatchHeader, batch: &[u8]) -> Result<(), BatchError> {
    let computed = crc32c(&batch[ATTRIBUTES_AT..header.size_bytes]);
    if computed == header.crc { Ok(()) } else { Err(BatchError::Crc { stored: header.crc, computed }) }
}

/// What is known about the largest timestamp of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    /// Only what the header says.
    Claimed,
    /// The records were checked, and the header is right.
    Right,
    /// The records were checked, and the header as received was wrong. `header` has been corrected.
    Corrected,
}

/// One verified batch, with its bytes as received.
#[derive(Clone, Debug)]
pub struct Batch {
    bytes: Bytes,
    header: BatchHeader,
    codec: Codec,
    times: Times,
}

impl Batch {
    /// The decoded header. It is as the producer sent it, except where the check of the records has corrected the
    /// largest timestamp, the timestamp type and the checksum.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// How its records are compressed.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The whole batch, as received.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Bytes of the whole batch.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether its records were checked.
    pub(crate) fn is_looked_into(&self) -> bool {
        self.times != Times::Claimed
    }

    /// The same batch, once its largest timestamp is known from its records. The client set their timestamps.
    pub(crate) fn looked_into(&self, max_timestamp: i64) -> Self {
        let attributes = Attributes(self.header.attributes.0 & !APPEND_TIME_BIT);
        if max_timestamp == self.header.max_timestamp && attributes == self.header.attributes {
            return Self { times: Times::Right, ..self.clone() };
        }
        let mut header = [0; BATCH_HEADER_BYTES];
        header.copy_from_slice(self.header_bytes());
        put_times(&mut header, &self.body(), attributes, max_timestamp);
        let crc = i32_at(&header, CRC_AT) as u32;
        let header = BatchHeader { attributes, max_timestamp, crc, ..self.header };
        Self { header, times: Times::Corrected, ..self.clone() }
    }

    /// The same batch with its records in another codec: `records` are compressed so. Its offsets, producer and sequence
    /// stay; `max_timestamp` is known from its records.
    pub(crate) fn recompressed(&self, codec: Codec, records: &[u8], max_timestamp: i64) -> Self {
        let attributes = Attributes(self.header.attributes.0 & TRANSACTIONAL_BIT | codec.bits());
        let header = BatchHeader { attributes, max_timestamp, ..self.header };
        let bytes = encode(&header, records);
        let crc = i32_at(&bytes, CRC_AT) as u32;
        let header = BatchHeader { size_bytes: bytes.len(), crc, ..header };
        Self { bytes, header, codec, times: Times::Right }
    }

    /// Writes the corrected fields into a copy of the header as received.
    pub(crate) fn correct(&self, header: &mut [u8]) {
        if self.times == Times::Corrected {
            header[MAX_TIMESTAMP_AT..PRODUCER_ID_AT]
                .copy_from_slice(&self.header.max_timestamp.to_be_bytes());
            header[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&self.header.crc.to_be_bytes());
            header[ATTRIBUTES_AT..LAST_DELTA_AT].copy_from_slice(&self.header.attributes.0.to_be_bytes());
        }
    }

    /// The 61 bytes before the records, as received.
    pub(crate) fn header_bytes(&self) -> &[u8] {
        &self.bytes[..BATCH_HEADER_BYTES]
    }

    /// The records, without a copy.
    pub(crate) fn body(&self) -> Bytes {
        self.bytes.slice(BATCH_HEADER_BYTES..)
    }
}

/// An epoch as Kafka writes it: -1 where there is none.
fn epoch_number(epoch: Option<LeaderEpoch>) -> i32 {
    epoch.map_or(-1, LeaderEpoch::get)
}

/// Writes the base offset and the leader epoch, which the log decides, into a copy of a header. The checksum covers
/// neither.
pub(crate) fn stamp(header: &mut [u8], base_offset: Offset, epoch: Option<LeaderEpoch>) {
    header[..8].copy_from_slice(&base_offset.get().to_be_bytes());
    header[LEADER_EPOCH_AT..MAGIC_AT].copy_from_slice(&epoch_number(epoch).to_be_bytes());
}

/// Makes `now_ms` the batch's timestamp (`message.timestamp.type=LogAppendTime`). The checksum covers the fields that
/// change. `body` are the records behind the header, whose checksum is right.
pub(crate) fn stamp_append_time(header: &mut [u8], body: &[u8], now_ms: i64) {
    let attributes = Attributes(i16_at(header, ATTRIBUTES_AT) | APPEND_TIME_BIT);
    put_times(header, body, attributes, now_ms);
}

/// Writes attributes and a largest timestamp, and the checksum for them. The checksum in the header must be right before.
fn put_times(header: &mut [u8], body: &[u8], attributes: Attributes, max_timestamp: i64) {
    let is_long = body.len() >= CRC_SHIFT_FROM_BYTES;
    let before = is_long.then(|| crc32c(&header[ATTRIBUTES_AT..BATCH_HEADER_BYTES]));
    header[ATTRIBUTES_AT..LAST_DELTA_AT].copy_from_slice(&attributes.0.to_be_bytes());
    header[MAX_TIMESTAMP_AT..PRODUCER_ID_AT].copy_from_slice(&max_timestamp.to_be_bytes());
    let covered = &header[ATTRIBUTES_AT..BATCH_HEADER_BYTES];
    let crc = match before {
        Some(before) => {
            let difference = crc_shift::shifted(before ^ crc32c(covered), body.len());
            i32_at(header, CRC_AT) as u32 ^ difference
        }
        None => crc_of(covered, body),
    };
    header[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
}

/// The checksum of two pieces that follow each other.
fn crc_of(header: &[u8], body: &[u8]) -> u32 {
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
    digest.update(header);
    digest.update(body);
    digest.finalize() as u32
}

/// Writes a whole header in front of `records` and returns the batch. The broker uses it for batches of its own.
/// `None`: there is no record, or the codec does not exist.
pub(crate) fn assemble(header: &BatchHeader, records: &[u8]) -> Option<Batch> {
    let codec = header.attributes.codec().filter(|_| header.record_count > 0)?;
    let bytes = encode(header, records);
    let crc = i32_at(&bytes, CRC_AT) as u32;
    let header = BatchHeader { size_bytes: bytes.len(), crc, ..*header };
    Some(Batch { bytes, header, codec, times: Times::Claimed })
}

/// A batch's bytes. The length and the checksum are computed for `records`; the rest is what the header says.
pub(crate) fn encode(header: &BatchHeader, records: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(BATCH_HEADER_BYTES + records.len());
    bytes.extend_from_slice(&header.base_offset.get().to_be_bytes());
    let length = (BATCH_HEADER_BYTES - BATCH_PREFIX_BYTES + records.len()) as i32;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&epoch_number(header.leader_epoch).to_be_bytes());
    bytes.push(2);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&header.attributes.0.to_be_bytes());
    bytes.extend_from_slice(&header.last_offset_delta.to_be_bytes());
    bytes.extend_from_slice(&header.base_timestamp.to_be_bytes());
    bytes.extend_from_slice(&header.max_timestamp.to_be_bytes());
    bytes.extend_from_slice(&header.producer_id.to_be_bytes());
    bytes.extend_from_slice(&header.producer_epoch.to_be_bytes());
    bytes.extend_from_slice(&header.base_sequence.to_be_bytes());
    bytes.extend_from_slice(&header.record_count.to_be_bytes());
    bytes.extend_from_slice(records);
    let crc = crc32c(&bytes[ATTRIBUTES_AT..]);
    bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
    bytes.into()
}

fn i16_at(bytes: &[u8], at: usize) -> i16 {
    i16::from_be_bytes(array_at(bytes, at))
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(array_at(bytes, at))
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(array_at(bytes, at))
}

/// Every caller passes at least a whole header, and `at` is always the position of one of its fields.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
