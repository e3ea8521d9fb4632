//! Builds batches in place: one buffer holds room for the request's head, the batch header and the records, so that
//! an uncompressed batch is never copied between being written and being sent.

use super::{BATCH_HEADER_BYTES, BATCH_PREFIX_BYTES, batch_crc, stamp::Stamp, varint};
use crate::codec::{Codec, Encoder};

/// Bytes kept free before a batch for the head of its request.
pub const FRONT_ROOM_BYTES: usize = 512;
/// Bytes kept free behind it for the request's tail.
pub const TAIL_ROOM_BYTES: usize = 64;
/// More than the varints and attributes of one record ever take.
const RECORD_OVERHEAD_MAX: usize = 6 * varint::VARINT_BYTES_MAX + 2;

const RECORDS_AT: usize = FRONT_ROOM_BYTES + BATCH_HEADER_BYTES;

/// A batch being filled. The buffer's length is its room; `at` is how far it is written.
#[derive(Debug)]
pub struct OpenBatch {
    bytes: Vec<u8>,
    at: usize,
    records: u32,
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
}

/// A whole batch at `bytes[FRONT_ROOM_BYTES..end]`.
#[derive(Debug)]
pub struct BuiltBatch {
    /// The buffer, front room included; bytes from `end` on are room.
    pub bytes: Vec<u8>,
    /// End of the batch.
    pub end: usize,
    /// Records in it.
    pub records: u32,
    /// What the records take before compression.
    pub uncompressed_bytes: usize,
}

impl BuiltBatch {
    /// The records alone, compressed where there is a codec.
    pub fn records_bytes(&self) -> &[u8] {
        &self.bytes[RECORDS_AT..self.end]
    }

    /// The batch itself.
    pub fn batch(&self) -> &[u8] {
        &self.bytes[FRONT_ROOM_BYTES..self.end]
    }
}

/// What one record costs on the wire before compression, at most.
pub fn record_bytes_max(key_bytes: usize, value_bytes: usize, stamp_bytes: usize) -> usize {
    key_bytes + value_bytes + stamp_bytes + RECORD_OVERHEAD_MAX
}

impl OpenBatch {
    /// An empty batch with room for `records_bytes` of records; `bytes` is a used buffer or an empty one.
    pub fn new(mut bytes: Vec<u8>, records_bytes: usize) -> OpenBatch {
        let room = RECORDS_AT + records_bytes + TAIL_ROOM_BYTES;
        if bytes.len() < room {
            bytes.resize(room, 0);
        }
        OpenBatch { bytes, at: RECORDS_AT, records: 0, base_timestamp_ms: 0, max_timestamp_ms: 0 }
    }

    /// Records so far.
    pub fn records(&self) -> u32 {
        self.records
    }

    /// Bytes of the records so far.
    pub fn records_bytes(&self) -> usize {
        self.at - RECORDS_AT
    }

    /// Adds a record; the buffer grows when it must.
    #[inline]
    pub fn push(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, stamp: &Stamp, timestamp_ms: i64) {
        let stamp_bytes = super::stamp::encoded_bytes(stamp.hash.is_some());
        self.push_with(key, value, timestamp_ms, stamp_bytes, |out| stamp.encode(out));
    }

    /// Adds a record without headers, as a program's own producer would.
    pub fn push_plain(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, timestamp_ms: i64) {
        self.push_with(key, value, timestamp_ms, 1, |out| varint::put(out, 0));
    }

    /// `put_headers` writes exactly `headers_bytes`.
    #[inline]
    fn push_with(
        &mut self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        timestamp_ms: i64,
        headers_bytes: usize,
        put_headers: impl FnOnce(&mut [u8]) -> usize,
    ) {
        let key_len = key.map_or(0, <[u8]>::len);
        let value_len = value.map_or(0, <[u8]>::len);
        let room = record_bytes_max(key_len, value_len, headers_bytes) + TAIL_ROOM_BYTES;
        if self.bytes.len() < self.at + room {
            self.bytes.resize(self.at + room, 0);
        }
        if self.records == 0 {
            self.base_timestamp_ms = timestamp_ms;
            self.max_timestamp_ms = timestamp_ms;
        }
        self.max_timestamp_ms = self.max_timestamp_ms.max(timestamp_ms);

        let timestamp_delta = timestamp_ms - self.base_timestamp_ms;
        let offset_delta = i64::from(self.records);
        let key_length = key.map_or(-1, |key| key.len() as i64);
        let value_length = value.map_or(-1, |value| value.len() as i64);
        let length = 1
            + varint::len(timestamp_delta)
            + varint::len(offset_delta)
            + varint::len(key_length)
            + key_len
            + varint::len(value_length)
            + value_len
            + headers_bytes;

        let out = &mut self.bytes[self.at..];
        let mut at = varint::put(out, length as i64);
        out[at] = 0; // attributes
        at += 1;
        at += varint::put(&mut out[at..], timestamp_delta);
        at += varint::put(&mut out[at..], offset_delta);
        at += varint::put(&mut out[at..], key_length);
        if let Some(key) = key {
            out[at..at + key_len].copy_from_slice(key);
            at += key_len;
        }
        at += varint::put(&mut out[at..], value_length);
        if let Some(value) = value {
            out[at..at + value_len].copy_from_slice(value);
            at += value_len;
        }
        at += put_headers(&mut out[at..]);
        self.at += at;
        self.records += 1;
    }

    /// Closes the batch. With a codec the records are compressed into `spare`; the buffer that is not part of the
    /// result comes back for reuse.
    pub fn finish(self, encoder: &mut Encoder, spare: Vec<u8>) -> (BuiltBatch, Vec<u8>) {
        let uncompressed_bytes = self.records_bytes();
        let (codec, header) = (encoder.codec(), self.header(encoder.codec()));
        let (mut bytes, end, left) = if codec == Codec::None {
            (self.bytes, self.at, spare)
        } else {
            let mut out = spare;
            out.clear();
            out.resize(RECORDS_AT, 0);
            encoder.compress(&self.bytes[RECORDS_AT..self.at], &mut out);
            let end = out.len();
            out.resize(end + TAIL_ROOM_BYTES, 0);
            (out, end, self.bytes)
        };
        let batch = &mut bytes[FRONT_ROOM_BYTES..end];
        batch[..BATCH_HEADER_BYTES].copy_from_slice(&header);
        let length = (batch.len() - BATCH_PREFIX_BYTES) as i32;
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        let crc = batch_crc(batch);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        (BuiltBatch { bytes, end, records: self.records, uncompressed_bytes }, left)
    }

    /// All of the header but length and checksum.
    fn header(&self, codec: Codec) -> [u8; BATCH_HEADER_BYTES] {
        let mut header = [0u8; BATCH_HEADER_BYTES];
        header[12..16].copy_from_slice(&(-1i32).to_be_bytes()); // leader epoch: the broker's to fill
        header[16] = 2;
        header[21..23].copy_from_slice(&codec.attribute().to_be_bytes());
        header[23..27].copy_from_slice(&(self.records as i32 - 1).to_be_bytes());
        header[27..35].copy_from_slice(&self.base_timestamp_ms.to_be_bytes());
        header[35..43].copy_from_slice(&self.max_timestamp_ms.to_be_bytes());
        header[43..51].copy_from_slice(&(-1i64).to_be_bytes()); // producer id
        header[51..53].copy_from_slice(&(-1i16).to_be_bytes()); // producer epoch
        header[53..57].copy_from_slice(&(-1i32).to_be_bytes()); // base sequence
        header[57..61].copy_from_slice(&self.records.to_be_bytes());
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{CodecSpec, Decoder};
    use crate::records::parse;

    fn stamp(sequence: u64) -> Stamp {
        Stamp { run: 1, producer: 2, sequence, intended_ns: 1_000 + sequence, hash: Some(sequence) }
    }

    #[test]
    fn batches_of_every_codec_read_back_with_a_good_checksum() {
        for text in ["none", "gzip", "gzip:9", "snappy", "lz4", "zstd", "zstd:9"] {
            let mut encoder = Encoder::new(text.parse::<CodecSpec>().unwrap());
            let mut open = OpenBatch::new(Vec::new(), 100); // too little: it must grow
            for i in 0..9_000u64 {
                let value = format!("{{\"order\":{i}}}");
                let key = (i % 3 != 0).then(|| format!("k{i}"));
                open.push(
                    key.as_deref().map(str::as_bytes),
                    Some(value.as_bytes()),
                    &stamp(i),
                    5_000 + i as i64,
                );
            }
            let (built, _) = open.finish(&mut encoder, Vec::new());
            assert_eq!(built.records, 9_000);

            let mut rest = built.batch();
            let batch = parse::next_batch(&mut rest).unwrap().expect("whole");
            assert!(rest.is_empty());
            assert_eq!(crc32c::crc32c(&built.batch()[21..]), batch.stated_crc(), "{text}");
            batch.check_crc().unwrap();
            assert_eq!((batch.count, batch.last_offset_delta), (9_000, 8_999));
            let mut decoder = Decoder::default();
            let mut records = batch.records(&mut decoder).unwrap();
            for i in 0..9_000u64 {
                let record = records.next_record().unwrap().expect("there");
                assert_eq!(record.value, Some(format!("{{\"order\":{i}}}").as_bytes()));
                assert_eq!(record.key.is_some(), i % 3 != 0);
                assert_eq!(record.stamp, Some(stamp(i)));
                assert_eq!(record.timestamp_ms, 5_000 + i as i64);
            }
            assert!(records.next_record().unwrap().is_none());
        }
    }

    #[test]
    fn plain_records_read_back_without_headers() {
        let mut open = OpenBatch::new(Vec::new(), 10);
        open.push_plain(None, Some(b"one"), 5);
        open.push_plain(Some(b"k"), Some(b"two"), 9);
        open.push_plain(Some(b"k"), None, 9);
        let bytes = open.records_bytes();
        let (built, _) = open.finish(&mut Encoder::new(CodecSpec::NONE), Vec::new());
        assert_eq!(built.records_bytes().len(), bytes);
        let mut rest = built.batch();
        let batch = parse::next_batch(&mut rest).unwrap().expect("whole");
        let mut decoder = Decoder::default();
        let mut records = batch.records(&mut decoder).unwrap();
        for (key, value, timestamp_ms) in
            [(None, Some(&b"one"[..]), 5), (Some(&b"k"[..]), Some(b"two"), 9), (Some(b"k"), None, 9)]
        {
            let record = records.next_record().unwrap().expect("there");
            assert_eq!((record.key, record.value), (key, value));
            assert_eq!((record.stamp, record.timestamp_ms), (None, timestamp_ms));
        }
    }

    #[test]
    fn a_used_buffer_serves_again() {
        let mut encoder = Encoder::new(CodecSpec::NONE);
        let mut bytes = Vec::new();
        for round in 0..3 {
            let mut open = OpenBatch::new(std::mem::take(&mut bytes), 1_000);
            open.push(None, Some(b"value"), &stamp(round), 1);
            let (built, _) = open.finish(&mut encoder, Vec::new());
            let mut rest = built.batch();
            parse::next_batch(&mut rest).unwrap().expect("whole").check_crc().unwrap();
            bytes = built.bytes;
        }
    }
}
