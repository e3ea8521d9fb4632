//! Record batches (magic 2): how records go into the log and come out of it.
//!
//! ```text
//!  0 int64 base offset      8 int32 length (from 12 on)   12 int32 leader epoch   16 int8 magic = 2
//! 17 uint32 CRC-32C of all from 21 on                     21 int16 attributes     23 int32 last offset delta
//! 27 int64 base timestamp  35 int64 max timestamp         43 int64 producer id    51 int16 producer epoch
//! 53 int32 base sequence   57 int32 record count          61 records:
//!    varint length | int8 attributes | varint timestamp delta | varint offset delta
//!    | varint key length, key | varint value length, value (-1: a tombstone) | varint header count, headers
//! ```
//!
//! The engine verifies batches and stamps base offset and leader epoch, which the CRC leaves out.

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    Record,
    fields::{Input, Malformed, put_varint},
};

const HEADER_LENGTH: usize = 61;
const LENGTH_FROM: usize = 12;
const CRC_FROM: usize = 21;
const LENGTH_AT: usize = 8;
const CRC_AT: usize = 17;
const MAGIC: i8 = 2;
const COMPRESSION: i16 = 0b0111;
const TRANSACTIONAL: i16 = 0b1_0000;
const CONTROL: i16 = 0b10_0000;
const NO_PRODUCER: i64 = -1;

/// Encodes records as one uncompressed batch, base offset 0, all with one timestamp.
///
/// # Panics
/// When there is no record: Kafka has no empty batch to append.
pub fn encode_batch(records: &[Record], timestamp_ms: i64) -> Bytes {
    assert!(!records.is_empty(), "a batch holds at least one record");
    let count = i32::try_from(records.len()).expect("a request's records are fewer than 2^31");
    let mut out =
        BytesMut::with_capacity(records.iter().map(encoded_size).fold(HEADER_LENGTH, usize::saturating_add));
    out.put_i64(0);
    out.put_i32(0);
    out.put_i32(-1);
    out.put_i8(MAGIC);
    out.put_u32(0);
    out.put_i16(0);
    out.put_i32(count.saturating_sub(1));
    out.put_i64(timestamp_ms);
    out.put_i64(timestamp_ms);
    out.put_i64(NO_PRODUCER);
    out.put_i16(-1);
    out.put_i32(-1);
    out.put_i32(count);
    for (index, record) in records.iter().enumerate() {
        put_record(&mut out, index as i64, record);
    }
    let length =
        i32::try_from(out.len().saturating_sub(LENGTH_FROM)).expect("records came in frames below 2 GiB");
    put_at(&mut out, LENGTH_AT, length.to_be_bytes());
    let checked = out.get(CRC_FROM..).unwrap_or_default();
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, checked) as u32;
    put_at(&mut out, CRC_AT, crc.to_be_bytes());
    out.freeze()
}

/// Fills in what is known once the rest is there.
fn put_at(out: &mut [u8], at: usize, value: [u8; 4]) {
    if let Some(place) = out.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *place = value;
    }
}

fn encoded_size(record: &Record) -> usize {
    // Six varints of at most ten bytes, and the attributes.
    let value = record.value.as_ref().map_or(0, Bytes::len);
    record.key.len().saturating_add(value).saturating_add(61)
}

fn put_record(out: &mut BytesMut, offset_delta: i64, record: &Record) {
    let mut body = BytesMut::with_capacity(encoded_size(record));
    body.put_i8(0);
    put_varint(&mut body, 0);
    put_varint(&mut body, offset_delta);
    put_field(&mut body, Some(&record.key));
    put_field(&mut body, record.value.as_ref());
    put_varint(&mut body, 0);
    put_varint(out, body.len() as i64);
    out.put_slice(&body);
}

fn put_field(out: &mut BytesMut, field: Option<&Bytes>) {
    match field {
        Some(bytes) => {
            put_varint(out, bytes.len() as i64);
            out.put_slice(bytes);
        }
        None => put_varint(out, -1),
    }
}

/// A record as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRecord {
    /// Its offset.
    pub offset: i64,
    /// Key and value.
    pub record: Record,
}

/// What a batch of `__consumer_offsets` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchContent {
    /// Records that count at once.
    Records(Vec<LoggedRecord>),
    /// Records that count once the producer's transaction is committed.
    Transactional {
        /// The transaction's producer.
        producer_id: i64,
        /// The records.
        records: Vec<LoggedRecord>,
    },
    /// The end of a producer's transaction.
    Marker {
        /// The transaction's producer.
        producer_id: i64,
        /// Whether its records count.
        committed: bool,
    },
}

/// Why a batch could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It is not what a batch looks like.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// `offsets.topic.compression.codec` was set in the broker that wrote it.
    #[error("compressed batches of __consumer_offsets are not read")]
    Compressed,
}

/// Reads the first batch of `bytes`, which the engine has verified; gives it and how long it is.
///
/// `None` when there is no whole batch.
pub fn read_batch(bytes: &Bytes) -> Result<Option<(BatchContent, usize)>, BatchError> {
    let Some(length) = bytes.get(8..LENGTH_FROM) else { return Ok(None) };
    let length = i32::from_be_bytes(length.try_into().expect("four bytes were taken"));
    let length = usize::try_from(length).map_err(|_| Malformed("batch length"))?.saturating_add(LENGTH_FROM);
    if length < HEADER_LENGTH {
        return Err(Malformed("batch length").into());
    }
    if length > bytes.len() {
        return Ok(None);
    }
    Ok(Some((read_whole(bytes.slice(..length))?, length)))
}

fn read_whole(bytes: Bytes) -> Result<BatchContent, BatchError> {
    let mut input = Input::new(bytes, "record batch");
    let base_offset = input.i64()?;
    let (_length, _leader_epoch, magic, _crc) = (input.i32()?, input.i32()?, input.i8()?, input.i32()?);
    if magic != MAGIC {
        return Err(Malformed("batch magic").into());
    }
    let attributes = input.i16()?;
    let _last_delta_and_times = input.take(20)?;
    let producer_id = input.i64()?;
    let _epoch_and_sequence = input.take(6)?;
    let count = input.i32()?;
    if attributes & COMPRESSION != 0 {
        return Err(BatchError::Compressed);
    }
    let records =
        (0..count).map(|_| read_record(&mut input, base_offset)).collect::<Result<Vec<_>, Malformed>>()?;
    match (attributes & CONTROL != 0, attributes & TRANSACTIONAL != 0) {
        (true, _) => read_marker(producer_id, &records),
        (false, true) => Ok(BatchContent::Transactional { producer_id, records }),
        (false, false) => Ok(BatchContent::Records(records)),
    }
}

fn read_record(input: &mut Input, base_offset: i64) -> Result<LoggedRecord, Malformed> {
    let length = usize::try_from(input.varint()?).map_err(|_| Malformed("record length"))?;
    let mut body = Input::new(input.take(length)?, "record");
    let _attributes = body.i8()?;
    let _timestamp_delta = body.varint()?;
    let offset = base_offset.wrapping_add(body.varint()?);
    let key = read_field(&mut body)?.unwrap_or_default();
    let value = read_field(&mut body)?;
    Ok(LoggedRecord { offset, record: Record { key, value } })
}

fn read_field(input: &mut Input) -> Result<Option<Bytes>, Malformed> {
    match input.varint()? {
        -1 => Ok(None),
        length => {
            input.take(usize::try_from(length).map_err(|_| Malformed("record field length"))?).map(Some)
        }
    }
}

/// A control record's key: int16 version, int16 type, where 0 is an abort and 1 a commit.
fn read_marker(producer_id: i64, records: &[LoggedRecord]) -> Result<BatchContent, BatchError> {
    let key = records.first().map(|first| first.record.key.clone()).ok_or(Malformed("control batch"))?;
    let mut input = Input::new(key, "control record");
    let (_version, kind) = (input.i16()?, input.i16()?);
    Ok(BatchContent::Marker { producer_id, committed: kind == 1 })
}
