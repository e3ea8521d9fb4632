//! Record batches, as requests carry them and as answers show them.
//!
//! ```text
//! baseOffset 8 | batchLength 4 | partitionLeaderEpoch 4 | magic 1 | crc 4 | attributes 2 | lastOffsetDelta 4 |
//! baseTimestamp 8 | maxTimestamp 8 | producerId 8 | producerEpoch 2 | baseSequence 4 | count 4 | records
//! ```
//! The CRC-32C covers what follows it. The builder can be told to lie in any field, which is what it is for.

use serde_json::{Value, json};

use crate::value::hex;

const HEADER: usize = 61;
/// Where batchLength ends: what it counts begins here.
const COUNTED: usize = 12;
/// Where the CRC ends: what it covers begins here.
const CHECKED: usize = 21;

/// How records are compressed: the low three bits of `attributes`.
pub(crate) const GZIP: i16 = 1;
const SNAPPY: i16 = 2;
const LZ4: i16 = 3;
pub(crate) const ZSTD: i16 = 4;
/// The bit that says that the timestamps are the broker's.
pub(crate) const LOG_APPEND_TIME: i16 = 8;
/// The bits of a transaction's records and of its end.
pub(crate) const TRANSACTIONAL: i16 = 16;
pub(crate) const CONTROL: i16 = 32;

/// A batch to be sent. What is `None` is computed, as it should be.
#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) attributes: i16,
    pub(crate) magic: u8,
    pub(crate) first_timestamp: i64,
    pub(crate) producer: (i64, i16, i32),
    pub(crate) records: Vec<Record>,
    pub(crate) base_offset: i64,
    pub(crate) last_offset_delta: Option<i32>,
    pub(crate) count: Option<i32>,
    pub(crate) max_timestamp: Option<i64>,
    /// Added to the batch's stated length.
    pub(crate) length_off_by: i32,
    /// Flips a bit of the last record, after the CRC was computed.
    pub(crate) damaged: bool,
}

/// A record of a batch; its timestamp counts from the batch's first.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) timestamp_delta: i64,
    pub(crate) offset_delta: i32,
}

impl Batch {
    /// Records of these values, a millisecond apart, each with the key `k`.
    pub(crate) fn of(values: &[&str]) -> Self {
        let record = |(index, value): (usize, &&str)| Record {
            key: Some(b"k".to_vec()),
            value: Some(value.as_bytes().to_vec()),
            timestamp_delta: index as i64,
            offset_delta: index as i32,
        };
        Self {
            attributes: 0,
            magic: 2,
            first_timestamp: crate::clock::story_time(),
            producer: (-1, -1, -1),
            records: values.iter().enumerate().map(record).collect(),
            base_offset: 0,
            last_offset_delta: None,
            count: None,
            max_timestamp: None,
            length_off_by: 0,
            damaged: false,
        }
    }

    /// The same from an idempotent producer.
    pub(crate) fn by(mut self, id: i64, epoch: i16, sequence: i32) -> Self {
        self.producer = (id, epoch, sequence);
        self
    }

    pub(crate) fn attributes(mut self, attributes: i16) -> Self {
        self.attributes = attributes;
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// As the body of a request has it.
    pub(crate) fn hex(&self) -> String {
        hex(&self.bytes())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let last = self.records.last();
        let records = self.compressed();
        let delta = self.last_offset_delta.unwrap_or_else(|| last.map_or(0, |last| last.offset_delta));
        let newest = self.records.iter().map(|record| record.timestamp_delta).max().unwrap_or(0);
        let (id, epoch, sequence) = self.producer;
        let mut checked = Vec::new();
        checked.extend(self.attributes.to_be_bytes());
        checked.extend(delta.to_be_bytes());
        checked.extend(self.first_timestamp.to_be_bytes());
        checked.extend(self.max_timestamp.unwrap_or(self.first_timestamp + newest).to_be_bytes());
        checked.extend(id.to_be_bytes());
        checked.extend(epoch.to_be_bytes());
        checked.extend(sequence.to_be_bytes());
        checked.extend(self.count.unwrap_or(self.records.len() as i32).to_be_bytes());
        checked.extend(records);
        let mut bytes = Vec::new();
        bytes.extend(self.base_offset.to_be_bytes());
        bytes.extend(((CHECKED - COUNTED + checked.len()) as i32 + self.length_off_by).to_be_bytes());
        bytes.extend((-1i32).to_be_bytes());
        bytes.push(self.magic);
        bytes.extend(crc32c::crc32c(&checked).to_be_bytes());
        bytes.extend(checked);
        if let Some(last) = bytes.last_mut().filter(|_| self.damaged) {
            *last ^= 1;
        }
        bytes
    }

    fn compressed(&self) -> Vec<u8> {
        let plain: Vec<u8> = self.records.iter().flat_map(Record::bytes).collect();
        match self.attributes & 7 {
            GZIP => {
                use std::io::Write as _;
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(&plain).and_then(|()| encoder.finish()).expect("a Vec takes everything")
            }
            ZSTD => zstd::encode_all(plain.as_slice(), 3).expect("a Vec takes everything"),
            _ => plain,
        }
    }
}

impl Record {
    fn bytes(&self) -> Vec<u8> {
        let mut body = vec![0];
        zigzag(&mut body, self.timestamp_delta);
        zigzag(&mut body, i64::from(self.offset_delta));
        for part in [&self.key, &self.value] {
            zigzag(&mut body, part.as_ref().map_or(-1, |part| part.len() as i64));
            body.extend(part.iter().flatten());
        }
        zigzag(&mut body, 0);
        let mut bytes = Vec::new();
        zigzag(&mut bytes, body.len() as i64);
        bytes.extend(body);
        bytes
    }
}

fn zigzag(bytes: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

/// The batches of an answer, one by one; a piece of a batch at the end is shown by its size.
pub(crate) fn shown(mut bytes: &[u8]) -> Value {
    let mut batches = Vec::new();
    while let Some(batch) = first(bytes) {
        batches.push(one(batch));
        bytes = bytes.get(batch.len()..).unwrap_or_default();
    }
    if !bytes.is_empty() {
        batches.push(json!({ "bytes of a cut batch": bytes.len() }));
    }
    Value::Array(batches)
}

fn first(bytes: &[u8]) -> Option<&[u8]> {
    let length = i32::from_be_bytes(part(bytes, 8)?);
    let whole = bytes.get(..COUNTED + usize::try_from(length).ok()?)?;
    (whole.len() >= HEADER).then_some(whole)
}

fn one(batch: &[u8]) -> Value {
    let int = |at| part(batch, at).map_or(0, i32::from_be_bytes);
    let long = |at| part(batch, at).map_or(0, i64::from_be_bytes);
    let short = |at| part(batch, at).map_or(0, i16::from_be_bytes);
    let crc = part(batch, 17).map_or(0, u32::from_be_bytes);
    let right = crc == crc32c::crc32c(batch.get(CHECKED..).unwrap_or_default());
    json!({
        "baseOffset": long(0),
        "partitionLeaderEpoch": int(12),
        "magic": batch.get(16),
        "crc": if right { "right" } else { "WRONG" },
        "attributes": short(21),
        "lastOffsetDelta": int(23),
        "baseTimestamp": long(27),
        "maxTimestamp": long(35),
        "producerId": long(43),
        "producerEpoch": short(51),
        "baseSequence": int(53),
        "count": int(57),
        "content": content(short(21) & 7, batch.get(HEADER..).unwrap_or_default()),
    })
}

/// The records as bytes, decompressed: two libraries compress the same records differently.
fn content(codec: i16, records: &[u8]) -> String {
    let plain = match codec {
        GZIP => read(flate2::read::GzDecoder::new(records)),
        SNAPPY => xerial(records),
        LZ4 => read(lz4_flex::frame::FrameDecoder::new(records)),
        ZSTD => zstd::decode_all(records).ok(),
        _ => Some(records.to_vec()),
    };
    plain.map_or_else(|| format!("does not decompress: {}", hex(records)), |plain| hex(&plain))
}

fn read(mut decoder: impl std::io::Read) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    decoder.read_to_end(&mut plain).ok().map(|_| plain)
}

/// Chunks behind a magic and two versions, each with its length in front.
fn xerial(records: &[u8]) -> Option<Vec<u8>> {
    let mut rest = records.strip_prefix(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01")?;
    let mut plain = Vec::new();
    while !rest.is_empty() {
        let length = usize::try_from(part(rest, 0).map(i32::from_be_bytes)?).ok()?;
        let chunk = rest.get(4..4 + length)?;
        plain.extend(snap::raw::Decoder::new().decompress_vec(chunk).ok()?);
        rest = &rest[4 + length..];
    }
    Some(plain)
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}
