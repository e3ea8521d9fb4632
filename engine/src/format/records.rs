//! Single records inside a batch. The broker builds the records of its own batches here (offsets, groups, transaction
//! markers), and reads them back when it loads them. The produce path reads single records only for compacted topics.
//!
//! [`BatchBuilder`] makes a [`Batch`], and [`Records`] reads one. [`LoggedBatch`] is a batch as it is stored in a log;
//! compaction may have removed records from it. This file does not know what a key or a value means.
//!
//! ```text
//! length varint | attributes 1 | timestamp delta varint | offset delta varint
//! | key length varint, key | value length varint, value | header count varint, headers
//! ```
//!
//! Varints are zigzag; a length of -1 is null.

use bytes::{Buf, Bytes};

use crate::format::batch::{
    Attributes, Batch, BatchError, BatchHeader, Codec, StampedBatch, UncheckedBatch, assemble, check_crc,
};
use crate::format::decompress::decompress;
use crate::limits::BATCH_HEADER_BYTES;
use crate::offset::Offset;

/// One record of an uncompressed batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its offset in the partition.
    pub offset: Offset,
    /// Milliseconds.
    pub timestamp: i64,
    /// The key, or null.
    pub key: Option<Bytes>,
    /// The value, or null.
    pub value: Option<Bytes>,
    /// Header names and values, in order.
    pub headers: Headers,
}

impl Record {
    /// The type of a control record. Its key holds a version and then the type: 0 is an abort, 1 a commit. `None` where
    /// the key holds no type.
    pub fn control_type(&self) -> Option<i16> {
        let mut key = self.key.clone()?;
        let _version = key.try_get_i16().ok()?;
        key.try_get_i16().ok()
    }
}

/// The headers of a record. They are decoded from its bytes one by one as the caller asks for them, because a list of
/// empty headers would take sixty times the memory of their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    rest: Bytes,
    left: usize,
}

impl Headers {
    /// The headers in `bytes`. `None` if they are incomplete.
    fn of(mut bytes: Bytes) -> Option<Self> {
        let left = usize::try_from(varint(&mut bytes)?).ok()?;
        let headers = Self { rest: bytes, left };
        (headers.clone().count() == left).then_some(headers)
    }
}

impl Iterator for Headers {
    type Item = (Bytes, Option<Bytes>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some((field(&mut self.rest)??, field(&mut self.rest)?))
    }
}

/// Builds an uncompressed batch.
#[derive(Debug)]
pub struct BatchBuilder {
    header: BatchHeader,
    records: Vec<u8>,
    /// The record that is being encoded. It is built here because its length is written in front of it.
    record: Vec<u8>,
}

impl BatchBuilder {
    /// An empty batch whose timestamps are counted from `base_timestamp` (milliseconds).
    pub fn new(base_timestamp: i64) -> Self {
        let header = BatchHeader {
            base_offset: Offset::ZERO,
            size_bytes: 0,
            leader_epoch: None,
            crc: 0,
            attributes: Attributes(0),
            last_offset_delta: -1,
            base_timestamp,
            max_timestamp: base_timestamp,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            record_count: 0,
        };
        Self { header, records: Vec::new(), record: Vec::new() }
    }

    /// Makes it the batch of an idempotent producer.
    pub fn producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        self.header.producer_id = id;
        self.header.producer_epoch = epoch;
        self.header.base_sequence = base_sequence;
        self
    }

    /// Sets the attribute bits, except the codec: the records are not compressed.
    pub fn attributes(mut self, attributes: Attributes) -> Self {
        self.header.attributes = Attributes(attributes.0 & !7);
        self
    }

    /// Adds a record.
    pub fn record(self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        self.record_with_headers(timestamp, key, value, &[])
    }

    /// Adds a tombstone: it deletes every earlier record with the same key.
    pub fn tombstone(self, timestamp: i64, key: &[u8]) -> Self {
        self.record(timestamp, Some(key), None)
    }

    /// Adds a record with headers.
    pub fn record_with_headers(
        mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) -> Self {
        let record = &mut self.record;
        record.clear();
        record.push(0);
        put_varint(record, timestamp.wrapping_sub(self.header.base_timestamp));
        put_varint(record, i64::from(self.header.record_count));
        put_field(record, key);
        put_field(record, value);
        put_varint(record, headers.len() as i64);
        for (name, value) in headers {
            put_field(record, Some(name.as_bytes()));
            put_field(record, *value);
        }
        put_varint(&mut self.records, record.len() as i64);
        self.records.extend_from_slice(record);
        self.header.record_count += 1;
        self.header.last_offset_delta += 1;
        self.header.max_timestamp = self.header.max_timestamp.max(timestamp);
        self
    }

    /// Bytes the batch would have now.
    pub fn size_bytes(&self) -> usize {
        BATCH_HEADER_BYTES + self.records.len()
    }

    /// The finished batch. `None` if it has no record.
    pub fn build(self) -> Option<Batch> {
        assemble(&self.header, &self.records)
    }
}

/// A batch as it is stored in a log. Compaction may have removed records from it, so it may hold fewer records than its
/// offsets span, or none. Its checksum is not checked yet. Verified, it is a [`StampedBatch`], which another log can
/// take as it is. A [`Batch`], which producers send, holds all of its records.
#[derive(Clone, Debug)]
pub struct LoggedBatch {
    header: BatchHeader,
    bytes: Bytes,
}

impl LoggedBatch {
    /// Splits the first batch off the front of a log. `None` where the rest is not a whole batch: a read may end inside
    /// one. After an error in a header nothing more can be found.
    pub fn split_from(log: &mut Bytes) -> Result<Option<Self>, BatchError> {
        if log.len() < BATCH_HEADER_BYTES {
            return Ok(None);
        }
        let header = BatchHeader::parse(log)?;
        let is_whole = header.size_bytes <= log.len();
        Ok(is_whole.then(|| Self { header, bytes: log.split_to(header.size_bytes) }))
    }

    /// The decoded header.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// Checks it as a whole, so that another log can take it as it is.
    pub fn verify(&self) -> Result<StampedBatch, BatchError> {
        UncheckedBatch::new(self.bytes.clone()).verify_stamped()
    }

    /// The records, if the checksum is right. `None` where they are compressed. The broker wrote them itself, or Kafka
    /// did, so a length below -1 is damage here (in clients' records it may stand for null).
    pub fn records(&self) -> Result<Option<Records>, BatchError> {
        check_crc(&self.header, &self.bytes)?;
        let plain = self.header.attributes.codec() == Some(Codec::None);
        let rest = self.bytes.slice(BATCH_HEADER_BYTES..);
        let (header, left) = (self.header, self.header.record_count);
        Ok(plain.then_some(Records { header, rest, left, null: Null::MinusOne }))
    }
}

/// The records of a batch, in order. At the first damaged record it gives an error and ends.
#[derive(Debug)]
pub struct Records {
    header: BatchHeader,
    rest: Bytes,
    left: i32,
    null: Null,
}

/// Which lengths of a key or a value stand for null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Null {
    /// Every negative one, as Kafka reads it.
    Negative,
    /// Only -1, the one that is ever written.
    MinusOne,
}

/// A record does not decode, or its batch is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record does not decode")]
pub struct BadRecord;

impl Records {
    /// Reads the records of a batch. `None` if they are compressed.
    pub fn of(batch: &Batch) -> Option<Self> {
        let header = *batch.header();
        let is_plain = batch.codec() == Codec::None;
        is_plain.then(|| Self { header, rest: batch.body(), left: header.record_count, null: Null::Negative })
    }

    /// Reads the records of a batch, whatever its codec. `None` if it does not decompress. This is slow, so do not run
    /// it on a data core.
    pub fn decompress(batch: &Batch) -> Option<Self> {
        let header = *batch.header();
        let rest = match batch.codec() {
            Codec::None => batch.body(),
            codec => decompress(codec, &batch.body())?.into(),
        };
        Some(Self { header, rest, left: header.record_count, null: Null::Negative })
    }

    fn take(&mut self) -> Result<Record, BadRecord> {
        let length = varint(&mut self.rest).and_then(|n| usize::try_from(n).ok()).ok_or(BadRecord)?;
        if length > self.rest.len() {
            return Err(BadRecord);
        }
        let mut bytes = self.rest.split_to(length);
        record(&self.header, &mut bytes, self.null).ok_or(BadRecord)
    }
}

impl Iterator for Records {
    type Item = Result<Record, BadRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        self.left -= 1;
        let record = self.take();
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}

fn record(header: &BatchHeader, bytes: &mut Bytes, null: Null) -> Option<Record> {
    let _attributes = (!bytes.is_empty()).then(|| bytes.split_to(1))?;
    let timestamp_delta = varint(bytes)?;
    let offset_delta = varint(bytes)?;
    let key = field_where(bytes, null)?;
    let value = field_where(bytes, null)?;
    let headers = Headers::of(bytes.clone())?;
    let timestamp = if header.attributes.is_log_append_time() {
        header.max_timestamp
    } else {
        header.base_timestamp.wrapping_add(timestamp_delta)
    };
    Some(Record { offset: header.base_offset + offset_delta, timestamp, key, value, headers })
}

fn put_varint(into: &mut Vec<u8>, value: i64) {
    let mut zigzag = ((value << 1) ^ (value >> 63)) as u64;
    while zigzag >= 0x80 {
        into.push(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    into.push(zigzag as u8);
}

fn put_field(into: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        None => put_varint(into, -1),
        Some(bytes) => {
            put_varint(into, bytes.len() as i64);
            into.extend_from_slice(bytes);
        }
    }
}

fn varint(bytes: &mut Bytes) -> Option<i64> {
    let (value, length) = read_varint(bytes)?;
    bytes.advance(length);
    Some(value)
}

/// The number at the start of `bytes`, and how many bytes it takes.
pub(crate) fn read_varint(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut zigzag = 0_u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        zigzag |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Some(((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64), at + 1));
        }
    }
    None
}

/// The outer `Option` is `None` if the field does not decode. The inner one is Kafka's null.
fn field(bytes: &mut Bytes) -> Option<Option<Bytes>> {
    field_where(bytes, Null::Negative)
}

fn field_where(bytes: &mut Bytes, null: Null) -> Option<Option<Bytes>> {
    let length = varint(bytes)?;
    if length == -1 || length < 0 && null == Null::Negative {
        return Some(None);
    }
    let length = usize::try_from(length).ok().filter(|length| *length <= bytes.len())?;
    Some(Some(bytes.split_to(length)))
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
