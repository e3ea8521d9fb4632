//! The requests that are sent again and again: one valid record batch of the shape's size, or a read.

use bytes::{BufMut, Bytes, BytesMut};
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use creel_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use creel_wire::{Records, Request, RequestHeader, Str, frame};

use crate::shape::{Acks, Shape};

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

/// The whole Produce request to one partition, version 7, with its size in front.
#[must_use]
pub fn produce_request(topic: &str, partition: i32, shape: &Shape, acks: Acks) -> Bytes {
    let partition = PartitionProduceData { index: partition, records: Records::Inline(batch(shape)) };
    let topic = TopicProduceData {
        name: Str::from(topic.to_owned()),
        partition_data: vec![partition],
        ..Default::default()
    };
    let request = ProduceRequest {
        acks: acks.wire(),
        timeout_ms: 30_000,
        topic_data: vec![topic],
        ..Default::default()
    };
    encode(&request, 7)
}

/// A Fetch request, version 4: `bytes` from `offset` on, at once.
#[must_use]
pub fn fetch_request(topic: &str, offset: i64, bytes: usize) -> Bytes {
    let bytes = i32::try_from(bytes).expect("a fetch is smaller than 2 GiB");
    let partition = FetchPartition {
        partition: 0,
        fetch_offset: offset,
        partition_max_bytes: bytes,
        ..Default::default()
    };
    let topic =
        FetchTopic { topic: Str::from(topic.to_owned()), partitions: vec![partition], ..Default::default() };
    let request = FetchRequest {
        max_wait_ms: 0,
        min_bytes: 0,
        max_bytes: bytes,
        topics: vec![topic],
        ..Default::default()
    };
    encode(&request, 4)
}

fn encode<R: Request>(request: &R, version: i16) -> Bytes {
    frame::encode_request(&header::<R>(version), request)
}

/// The header of a request of the bench.
#[must_use]
pub fn header<R: Request>(version: i16) -> RequestHeader {
    RequestHeader {
        api_key: R::API_KEY as i16,
        api_version: version,
        correlation_id: 0,
        client_id: Some(Str::from("bench".to_owned())),
    }
}
