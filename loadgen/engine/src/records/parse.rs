//! Reads batches back: bounded, no panic on any bytes, values borrowed from the response or from the decoder's buffer.

use super::{ATTRIBUTES_AT, BATCH_HEADER_BYTES, BATCH_PREFIX_BYTES, batch_crc, stamp, stamp::Stamp, varint};
use crate::codec::{Codec, CodecError, Decoder};
use thiserror::Error;

/// What is wrong with a batch.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BatchFault {
    /// A length that no batch has.
    #[error("batch at offset {base_offset} states a length of {length}")]
    Length {
        /// As stated in the batch.
        base_offset: i64,
        /// `batch_length` as stated.
        length: i32,
    },
    /// Not message format 2.
    #[error("batch at offset {base_offset} has magic {magic}")]
    Magic {
        /// As stated in the batch.
        base_offset: i64,
        /// The format's number.
        magic: i8,
    },
    /// The bytes are not those that were checksummed.
    #[error("batch at offset {base_offset}: CRC-32C is {actual:08x}, stated {stated:08x}")]
    Crc {
        /// As stated in the batch.
        base_offset: i64,
        /// In the header.
        stated: u32,
        /// Of the bytes.
        actual: u32,
    },
    /// The records can't be decompressed.
    #[error("batch at offset {base_offset}: {fault}")]
    Codec {
        /// As stated in the batch.
        base_offset: i64,
        /// Which codec and what it says.
        fault: CodecError,
    },
    /// A record that ends outside of the batch, or bytes behind the last.
    #[error("batch at offset {base_offset}: record {index} is malformed")]
    Record {
        /// As stated in the batch.
        base_offset: i64,
        /// Within the batch.
        index: u32,
    },
}

/// One batch, header read, records not yet looked at.
#[derive(Debug, Clone, Copy)]
pub struct BatchView<'a> {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record, less `base_offset`.
    pub last_offset_delta: i32,
    /// Codec, timestamp type, transactional and control bits.
    pub attributes: i16,
    /// Milliseconds.
    pub base_timestamp_ms: i64,
    /// Milliseconds.
    pub max_timestamp_ms: i64,
    /// Records as stated.
    pub count: u32,
    bytes: &'a [u8],
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    /// Less the batch's base offset.
    pub offset_delta: i64,
    /// Milliseconds.
    pub timestamp_ms: i64,
    /// `None` is Kafka's null.
    pub key: Option<&'a [u8]>,
    /// `None` is Kafka's null.
    pub value: Option<&'a [u8]>,
    /// Read from the header `creel`; `None` on a record that loadgen did not write.
    pub stamp: Option<Stamp>,
    /// Whether it has any but that.
    pub has_headers: bool,
}

fn be<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

/// Takes the next whole batch off `bytes`. `Ok(None)`: nothing left but perhaps a cut batch, which a fetch may end with.
pub fn next_batch<'a>(bytes: &mut &'a [u8]) -> Result<Option<BatchView<'a>>, BatchFault> {
    if bytes.len() < BATCH_PREFIX_BYTES {
        return Ok(None);
    }
    let base_offset = i64::from_be_bytes(be(bytes, 0));
    let length = i32::from_be_bytes(be(bytes, 8));
    if length < (BATCH_HEADER_BYTES - BATCH_PREFIX_BYTES) as i32 {
        return Err(BatchFault::Length { base_offset, length });
    }
    let whole = BATCH_PREFIX_BYTES + length as usize;
    if bytes.len() < whole {
        return Ok(None);
    }
    let (batch, rest) = bytes.split_at(whole);
    *bytes = rest;
    let magic = batch[16] as i8;
    if magic != 2 {
        return Err(BatchFault::Magic { base_offset, magic });
    }
    Ok(Some(BatchView {
        base_offset,
        last_offset_delta: i32::from_be_bytes(be(batch, 23)),
        attributes: i16::from_be_bytes(be(batch, ATTRIBUTES_AT)),
        base_timestamp_ms: i64::from_be_bytes(be(batch, 27)),
        max_timestamp_ms: i64::from_be_bytes(be(batch, 35)),
        count: u32::from_be_bytes(be(batch, 57)),
        bytes: batch,
    }))
}

impl<'a> BatchView<'a> {
    /// Offset behind the last record.
    pub fn next_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta) + 1
    }

    /// Control batches hold transaction markers, no records of a producer.
    pub fn is_control(&self) -> bool {
        self.attributes & 0x20 != 0
    }

    /// When the broker appended the batch, where the topic has that time for all of its records.
    pub fn append_time_ms(&self) -> Option<i64> {
        (self.attributes & 0x08 != 0).then_some(self.max_timestamp_ms)
    }

    /// The checksum in the header.
    pub fn stated_crc(&self) -> u32 {
        u32::from_be_bytes(be(self.bytes, 17))
    }

    /// Compares the checksum.
    pub fn check_crc(&self) -> Result<(), BatchFault> {
        let (stated, actual) = (self.stated_crc(), batch_crc(self.bytes));
        if stated == actual {
            return Ok(());
        }
        Err(BatchFault::Crc { base_offset: self.base_offset, stated, actual })
    }

    /// The records, decompressed into `decoder` where they are compressed.
    pub fn records<'b>(&self, decoder: &'b mut Decoder) -> Result<RecordsReader<'b>, BatchFault>
    where
        'a: 'b,
    {
        let payload = &self.bytes[BATCH_HEADER_BYTES..];
        let fault = |fault| BatchFault::Codec { base_offset: self.base_offset, fault };
        let codec = Codec::from_attributes(self.attributes).map_err(fault)?;
        let left = decoder.decompress(codec, payload).map_err(fault)?;
        Ok(RecordsReader {
            left,
            index: 0,
            count: self.count,
            base_offset: self.base_offset,
            base_timestamp_ms: self.base_timestamp_ms,
        })
    }
}

/// Walks the records of one batch.
#[derive(Debug)]
pub struct RecordsReader<'a> {
    left: &'a [u8],
    index: u32,
    count: u32,
    base_offset: i64,
    base_timestamp_ms: i64,
}

impl<'a> RecordsReader<'a> {
    /// The next record; `Ok(None)` after the last.
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<RecordView<'a>>, BatchFault> {
        if self.index == self.count {
            return if self.left.is_empty() { Ok(None) } else { Err(self.fault()) };
        }
        let record = self.take_record().ok_or_else(|| self.fault())?;
        self.index += 1;
        Ok(Some(record))
    }

    fn fault(&self) -> BatchFault {
        BatchFault::Record { base_offset: self.base_offset, index: self.index }
    }

    #[inline]
    fn take_record(&mut self) -> Option<RecordView<'a>> {
        let length = usize::try_from(varint::take(&mut self.left)?).ok()?;
        let (mut body, rest) = self.left.split_at_checked(length)?;
        let (_attributes, after) = body.split_first()?;
        body = after;
        let timestamp_delta = varint::take(&mut body)?;
        let offset_delta = varint::take(&mut body)?;
        let key = take_bytes(&mut body)?;
        let value = take_bytes(&mut body)?;
        let (stamp, has_headers) = match Stamp::decode_headers(body) {
            Some(stamp) => (Some(stamp), false),
            None => (take_stamp(body)?, body != [0]),
        };
        self.left = rest;
        let timestamp_ms = self.base_timestamp_ms.wrapping_add(timestamp_delta);
        Some(RecordView { offset_delta, timestamp_ms, key, value, stamp, has_headers })
    }
}

/// Length and bytes; a negative length is null.
#[inline]
fn take_bytes<'a>(from: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let Ok(length) = usize::try_from(varint::take(from)?) else { return Some(None) };
    let (bytes, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(Some(bytes))
}

/// Walks the headers, which must fill `headers`, and keeps the stamp among them.
fn take_stamp(mut headers: &[u8]) -> Option<Option<Stamp>> {
    let mut found = None;
    for _ in 0..varint::take(&mut headers)? {
        let key = take_bytes(&mut headers)??;
        let value = take_bytes(&mut headers)?;
        if key == stamp::HEADER_KEY {
            found = value.and_then(Stamp::decode);
        }
    }
    headers.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{CodecSpec, Encoder};
    use crate::records::build::OpenBatch;

    fn sample() -> Vec<u8> {
        let mut open = OpenBatch::new(Vec::new(), 1_000);
        for sequence in 0..20 {
            let stamp = Stamp { run: 1, producer: 0, sequence, intended_ns: 9, hash: None };
            open.push(Some(b"key"), Some(b"some value"), &stamp, 77);
        }
        open.finish(&mut Encoder::new(CodecSpec::NONE), Vec::new()).0.batch().to_vec()
    }

    #[test]
    fn a_stamp_is_found_among_other_headers() {
        let stamp = Stamp { run: 1, producer: 2, sequence: 3, intended_ns: 4, hash: None };
        let mut room = [0; stamp::HASHED_BYTES];
        let used = stamp.encode(&mut room);
        let mut headers = vec![4, 2, b'x', 1]; // two headers, the first "x" with a null value
        headers.extend_from_slice(&room[1..used]);
        assert_eq!(take_stamp(&headers), Some(Some(stamp)));
        headers.push(0);
        assert_eq!(take_stamp(&headers), None, "bytes behind the last header");
    }

    fn read_all(bytes: &[u8]) -> Result<u32, BatchFault> {
        let (mut rest, mut records, mut decoder) = (bytes, 0, Decoder::default());
        while let Some(batch) = next_batch(&mut rest)? {
            let mut reader = batch.records(&mut decoder)?;
            while reader.next_record()?.is_some() {
                records += 1;
            }
        }
        Ok(records)
    }

    #[test]
    fn a_cut_batch_at_the_end_is_left_alone() {
        let whole = sample();
        let mut two = whole.clone();
        two.extend_from_slice(&whole[..whole.len() / 2]);
        assert_eq!(read_all(&two), Ok(20));
        for cut in 0..whole.len() {
            assert_eq!(read_all(&whole[..cut]), Ok(0));
        }
    }

    #[test]
    fn every_flipped_bit_behind_the_crc_is_found() {
        let whole = sample();
        for at in 21..whole.len() {
            for bit in 0..8 {
                let mut bad = whole.clone();
                bad[at] ^= 1 << bit;
                let batch = next_batch(&mut &bad[..]).unwrap().expect("whole");
                assert!(matches!(batch.check_crc(), Err(BatchFault::Crc { .. })));
                let _ = read_all(&bad); // whatever it says, it must come back
            }
        }
    }

    #[test]
    fn lying_counts_and_lengths_are_faults() {
        let mut more = sample();
        more[57..61].copy_from_slice(&21u32.to_be_bytes());
        assert_eq!(read_all(&more), Err(BatchFault::Record { base_offset: 0, index: 20 }));
        let mut fewer = sample();
        fewer[57..61].copy_from_slice(&19u32.to_be_bytes());
        assert_eq!(read_all(&fewer), Err(BatchFault::Record { base_offset: 0, index: 19 }));
        let mut short = sample();
        short[8..12].copy_from_slice(&3i32.to_be_bytes());
        assert_eq!(read_all(&short), Err(BatchFault::Length { base_offset: 0, length: 3 }));
        let mut old = sample();
        old[16] = 1;
        assert_eq!(read_all(&old), Err(BatchFault::Magic { base_offset: 0, magic: 1 }));
    }
}
