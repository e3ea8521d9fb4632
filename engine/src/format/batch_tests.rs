//! What is checked of a batch before it may be appended.

use bytes::{Bytes, BytesMut};

use super::*;
use crate::format::records::BatchBuilder;

fn sample() -> Batch {
    BatchBuilder::new(7)
        .producer(42, 3, 100)
        .record(7, Some(b"key"), Some(b"value"))
        .record(9, None, Some(b"other"))
        .build()
        .unwrap()
}

/// `sample` with changed bytes and, if asked, with a new checksum for them.
fn changed(at: usize, to: &[u8], fix_crc: bool) -> Result<Batch, BatchError> {
    let mut bytes = BytesMut::from(&sample().bytes()[..]);
    bytes[at..at + to.len()].copy_from_slice(to);
    if fix_crc {
        let crc = crc32c(&bytes[ATTRIBUTES_AT..]);
        bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
    }
    UncheckedBatch::new(bytes.freeze()).verify()
}

#[test]
fn the_checksum_is_castagnoli() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    assert_eq!(crc32c(b"some other bytes"), ::crc32c::crc32c(b"some other bytes"));
}

#[test]
fn a_sound_batch_verifies_and_reads_back() {
    let batch = UncheckedBatch::new(sample().bytes().clone()).verify().unwrap();
    let header = batch.header();
    assert_eq!(header.record_count, 2);
    assert_eq!(batch.codec(), Codec::None);
    assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (42, 3, 100));
    assert_eq!(header.last_sequence(), 101);
    assert_eq!((header.base_timestamp, header.max_timestamp), (7, 9));
    assert_eq!(header.end_offset(), Offset::of(2));
}

#[test]
fn every_flipped_bit_is_refused_or_harmless() {
    let bytes = sample().bytes().clone();
    for bit in 0..bytes.len() * 8 {
        let mut copy = BytesMut::from(&bytes[..]);
        copy[bit / 8] ^= 1 << (bit % 8);
        let verified = UncheckedBatch::new(copy.freeze()).verify();
        // Base offset and leader epoch are the broker's to stamp, so the checksum leaves them out.
        let stamped = bit / 8 < LENGTH_AT || (LEADER_EPOCH_AT..MAGIC_AT).contains(&(bit / 8));
        // With its first bit set, the base offset is no offset.
        assert_eq!(verified.is_ok(), stamped && bit != 7, "bit {bit}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = sample().bytes().clone();
    for length in 0..bytes.len() {
        assert!(UncheckedBatch::new(bytes.slice(..length)).verify().is_err());
    }
}

#[test]
fn bytes_behind_the_batch_are_refused() {
    let mut bytes = BytesMut::from(&sample().bytes()[..]);
    bytes.extend_from_slice(b"xx");
    let error = UncheckedBatch::new(bytes.freeze()).verify().unwrap_err();
    assert_eq!(error, BatchError::Trailing(2));
}

#[test]
fn lies_with_a_right_checksum_are_refused() {
    let invalid = |result: Result<Batch, BatchError>| matches!(result, Err(BatchError::Invalid(_)));
    assert!(invalid(changed(0, &(-1_i64).to_be_bytes(), true)));
    assert!(invalid(changed(RECORD_COUNT_AT, &0_i32.to_be_bytes(), true)));
    assert!(invalid(changed(RECORD_COUNT_AT, &3_i32.to_be_bytes(), true)));
    assert!(invalid(changed(RECORD_COUNT_AT, &i32::MIN.to_be_bytes(), true)));
    assert!(invalid(changed(LAST_DELTA_AT, &i32::MAX.to_be_bytes(), true)));
    assert!(invalid(changed(ATTRIBUTES_AT, &7_i16.to_be_bytes(), true)));
    assert!(invalid(changed(BASE_SEQUENCE_AT, &(-1_i32).to_be_bytes(), true)));
    assert!(matches!(changed(MAGIC_AT, &[1], true), Err(BatchError::Magic(1))));
    assert!(matches!(changed(LENGTH_AT, &(-5_i32).to_be_bytes(), true), Err(BatchError::Length(-5))));
    let huge = i32::MAX.to_be_bytes();
    assert!(matches!(changed(LENGTH_AT, &huge, true), Err(BatchError::Length(i32::MAX))));
}

#[test]
fn sequences_wrap() {
    let batch = BatchBuilder::new(0)
        .producer(1, 0, i32::MAX)
        .record(0, None, None)
        .record(0, None, None)
        .build()
        .unwrap();
    assert_eq!(batch.header().last_sequence(), 0);
}

#[test]
fn stamping_keeps_the_checksum_right() {
    let batch = sample();
    let mut header = batch.header_bytes().to_vec();
    stamp(&mut header, Offset::of(77), Some(LeaderEpoch::of(5)));
    let stamped = verify_parts(&header, &batch.body());
    assert_eq!((stamped.base_offset, stamped.leader_epoch), (Offset::of(77), Some(LeaderEpoch::of(5))));

    stamp_append_time(&mut header, &batch.body(), 123_456);
    let stamped = verify_parts(&header, &batch.body());
    assert!(stamped.attributes.is_log_append_time());
    assert_eq!(stamped.max_timestamp, 123_456);
}

/// From a size on, the records are not read again for it.
#[test]
fn records_of_every_size_get_the_brokers_time_with_the_checksum_for_it() {
    let most = CRC_SHIFT_FROM_BYTES;
    for value_bytes in [0, 1, 1000, most - 100, most - 20, most - 10, most, most + 1, 3 * most + 7] {
        let value: Vec<u8> = (0..value_bytes).map(|at| (at * at / 7) as u8).collect();
        let batch = BatchBuilder::new(7).record(7, Some(b"key"), Some(&value)).build().unwrap();
        let mut header = batch.header_bytes().to_vec();
        for now_ms in [123_456, i64::MAX, 0] {
            stamp_append_time(&mut header, &batch.body(), now_ms);
            assert_eq!(verify_parts(&header, &batch.body()).max_timestamp, now_ms, "{value_bytes} bytes");
        }
    }
}

fn verify_parts(header: &[u8], body: &[u8]) -> BatchHeader {
    let whole = Bytes::from([header, body].concat());
    *UncheckedBatch::new(whole).verify().unwrap().header()
}
