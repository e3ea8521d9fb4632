//! The produce request that is sent over and over: one valid record batch of the shape's size.

use bytes::{BufMut, Bytes, BytesMut};

use crate::shape::{Acks, Shape};

/// The topic that is produced to.
pub const TOPIC: &str = "bench";

const HEADER_BYTES: usize = 61;

/// A record batch v2 of exactly `shape.batch_bytes` bytes with `shape.records` records.
#[must_use]
pub fn batch(shape: &Shape) -> Bytes {
    let records = records(shape);
    let mut batch = BytesMut::with_capacity(HEADER_BYTES + records.len());
    batch.put_i64(0);
    batch.put_i32((HEADER_BYTES - 12 + records.len()) as i32);
    batch.put_i32(-1);
    batch.put_i8(2);
    let mut covered = BytesMut::with_capacity(batch.capacity());
    covered.put_i16(0);
    covered.put_i32(shape.records as i32 - 1);
    covered.put_i64(1_700_000_000_000);
    covered.put_i64(1_700_000_000_000);
    covered.put_i64(-1);
    covered.put_i16(-1);
    covered.put_i32(-1);
    covered.put_i32(shape.records as i32);
    covered.put_slice(&records);
    batch.put_u32(crc32c(&covered));
    batch.put_slice(&covered);
    batch.freeze()
}

/// CRC-32C, as the batch's header carries it.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

fn records(shape: &Shape) -> BytesMut {
    let budget = shape.batch_bytes - HEADER_BYTES;
    let mut out = BytesMut::with_capacity(budget);
    for index in 0..shape.records {
        let left = (shape.records - index) as usize;
        let size = (budget - out.len()) / left;
        put_record(&mut out, index, size);
    }
    out
}

/// A record that takes about `size` bytes with its length.
fn put_record(out: &mut BytesMut, offset_delta: u32, size: usize) {
    let mut body = BytesMut::new();
    body.put_i8(0);
    put_varint(&mut body, 0);
    put_varint(&mut body, i64::from(offset_delta));
    put_varint(&mut body, -1);
    let value = size.saturating_sub(body.len() + 5);
    put_varint(&mut body, value as i64);
    body.extend((0..value).map(|i| b'a' + ((i as u32 + offset_delta) % 26) as u8));
    put_varint(&mut body, 0);
    put_varint(out, body.len() as i64);
    out.put_slice(&body);
}

fn put_varint(out: &mut BytesMut, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

/// The whole Produce request, version 7, with its size in front.
#[must_use]
pub fn produce_request(shape: &Shape, acks: Acks) -> Bytes {
    let batch = batch(shape);
    let mut body = BytesMut::with_capacity(batch.len() + 64);
    body.put_i16(0);
    body.put_i16(7);
    body.put_i32(1);
    put_string(&mut body, "bench");
    body.put_i16(-1);
    body.put_i16(acks.wire());
    body.put_i32(30_000);
    body.put_i32(1);
    put_string(&mut body, TOPIC);
    body.put_i32(1);
    body.put_i32(0);
    body.put_i32(batch.len() as i32);
    body.put_slice(&batch);
    with_size(&body)
}

/// A Metadata request, version 1, that makes the broker create the topic.
#[must_use]
pub fn metadata_request() -> Bytes {
    let mut body = BytesMut::new();
    body.put_i16(3);
    body.put_i16(1);
    body.put_i32(1);
    put_string(&mut body, "bench");
    body.put_i32(1);
    put_string(&mut body, TOPIC);
    with_size(&body)
}

fn put_string(out: &mut BytesMut, text: &str) {
    out.put_i16(text.len() as i16);
    out.put_slice(text.as_bytes());
}

fn with_size(body: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(body.len() + 4);
    frame.put_i32(body.len() as i32);
    frame.put_slice(body);
    frame.freeze()
}
