//! What the load's records say: who wrote them, and bytes that follow from that.

use bytes::Bytes;
use creel_engine::{BATCH_HEADER_BYTES, Batch, BatchBuilder, BatchHeader, UncheckedBatch};

use crate::support::altered;

/// Names a record: the `number`-th that a producer sent to a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    pub producer: u16,
    pub number: i32,
}

/// An idempotent producer's id and epoch.
#[derive(Clone, Copy, Debug)]
pub struct ProducerId(pub i64, pub i16);

/// A batch of the records `first..first + count`; without an id it carries no sequence.
pub fn batch(id: Option<ProducerId>, first: RecordId, count: i32, value_bytes_max: u64) -> Batch {
    let now = creel_io::wall_clock_ms();
    let builder = BatchBuilder::new(now);
    let builder = match id {
        Some(ProducerId(id, epoch)) => builder.producer(id, epoch, first.number),
        None => builder,
    };
    let add = |builder: BatchBuilder, number| {
        let value = value(RecordId { number, ..first }, value_bytes_max);
        builder.record(now, None, Some(&value))
    };
    (first.number..first.number + count).fold(builder, add).build().unwrap()
}

/// The batch in zstd.
pub fn compressed(plain: &Batch) -> Bytes {
    let body = &plain.bytes()[BATCH_HEADER_BYTES..];
    altered(plain, 4, &zstd::bulk::compress(body, 1).unwrap())
}

/// Six bytes of name, then filling of a length and content that follow from the name.
fn value(id: RecordId, bytes_max: u64) -> Vec<u8> {
    let mut state = u64::from(id.producer) << 32 | u64::from(id.number.unsigned_abs());
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut value = [&id.producer.to_be_bytes()[..], &id.number.to_be_bytes()].concat();
    let filling = next() % (bytes_max + 1);
    value.extend((0..filling).map(|_| next() as u8));
    value
}

/// The names of the records that a Fetch brought, with their offsets. Every batch must be sound, and every value what
/// its producer wrote.
pub fn read(mut bytes: Bytes, value_bytes_max: u64) -> Vec<(i64, RecordId)> {
    let mut found = Vec::new();
    while let Ok(header) = BatchHeader::parse(&bytes) {
        if header.size_bytes > bytes.len() {
            break;
        }
        let batch = UncheckedBatch::new(bytes.split_to(header.size_bytes)).verify();
        let batch = batch.expect("a batch that is served is sound");
        for record in creel_engine::Records::decompress(&batch).unwrap() {
            let record = record.unwrap();
            let bytes = record.value.unwrap();
            let id = RecordId {
                producer: u16::from_be_bytes(*bytes.first_chunk().unwrap()),
                number: i32::from_be_bytes(*bytes[2..].first_chunk().unwrap()),
            };
            assert_eq!(bytes, value(id, value_bytes_max), "{id:?} is served as it was sent");
            found.push((record.offset.get(), id));
        }
    }
    found
}
