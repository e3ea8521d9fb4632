//! Builds records and batches and reads them back; also what is refused.

use super::*;
use crate::format::batch::encode;

#[test]
fn records_come_back_as_they_were_built() {
    let batch = BatchBuilder::new(1000)
        .record(1005, Some(b"k"), Some(b"value"))
        .record_with_headers(990, None, None, &[("a", Some(b"1")), ("a", None)])
        .build()
        .unwrap();
    let records: Result<Vec<_>, _> = Records::of(&batch).unwrap().collect();
    let records = records.unwrap();
    assert_eq!(records[0].key.as_deref(), Some(&b"k"[..]));
    assert_eq!((records[0].offset, records[0].timestamp), (Offset::ZERO, 1005));
    assert_eq!((records[1].offset, records[1].timestamp), (Offset::of(1), 990));
    let headers: Vec<_> = records[1].headers.clone().collect();
    let name = Bytes::from_static(b"a");
    assert_eq!(headers, [(name.clone(), Some(Bytes::from_static(b"1"))), (name, None)]);
    assert_eq!(batch.header().max_timestamp, 1005);
}

#[test]
fn headers_that_are_not_whole_are_no_record() {
    let with = |count: i64, bytes: &[u8]| {
        let mut headers = Vec::new();
        put_varint(&mut headers, count);
        Headers::of([&headers, bytes].concat().into()).map(Iterator::count)
    };
    assert_eq!(with(2, &[0, 1, 0, 1]), Some(2));
    assert_eq!(with(3, &[0, 1, 0, 1]), None, "one is missing");
    assert_eq!(with(1, &[1, 1]), None, "a name may not be null");
    assert_eq!(with(i64::MAX, &[0, 1]), None);
    assert_eq!(with(-1, &[]), None);
}

#[test]
fn varints_cover_their_range() {
    for value in [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN] {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, value);
        assert_eq!(varint(&mut Bytes::from(bytes)), Some(value));
    }
}

fn log_of(batches: &[&Batch]) -> Bytes {
    batches.iter().flat_map(|batch| batch.bytes().to_vec()).collect()
}

/// A batch around any bytes as its records, with the right length and checksum.
fn sealed(record_count: i32, attributes: i16, records: &[u8]) -> Bytes {
    let built = BatchBuilder::new(0).record(0, None, None).build().unwrap();
    let header = BatchHeader { record_count, attributes: Attributes(attributes), ..*built.header() };
    encode(&header, records)
}

fn read(mut log: Bytes) -> Vec<Result<Record, BadRecord>> {
    let batch = LoggedBatch::split_from(&mut log).unwrap().unwrap();
    batch.records().unwrap().unwrap().collect()
}

#[test]
fn batches_are_split_off_a_log_one_by_one_and_a_cut_one_stays() {
    let one = BatchBuilder::new(5).record(5, Some(b"k"), Some(b"v")).tombstone(6, b"k").build().unwrap();
    let two = BatchBuilder::new(7).record(7, Some(b"k"), Some(b"w")).build().unwrap();
    let mut log = log_of(&[&one, &two]).slice(..one.size_bytes() + two.size_bytes() - 1);
    let first = LoggedBatch::split_from(&mut log).unwrap().unwrap();
    let records: Vec<_> = first.records().unwrap().unwrap().map(Result::unwrap).collect();
    let told = |record: &Record| (record.offset.get(), record.timestamp, record.value.clone());
    let value = Some(Bytes::from_static(b"v"));
    assert_eq!(records.iter().map(told).collect::<Vec<_>>(), [(0, 5, value), (1, 6, None)]);
    let left = log.len();
    assert!(LoggedBatch::split_from(&mut log).unwrap().is_none(), "its last byte is missing");
    assert_eq!(log.len(), left, "nothing is taken of it");
    assert!(LoggedBatch::split_from(&mut log.slice(..60)).unwrap().is_none(), "its header is not whole");
}

#[test]
fn a_header_that_cannot_be_is_an_error() {
    let batch = BatchBuilder::new(0).record(0, None, None).build().unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = batch.bytes().to_vec();
        bytes[at] = byte;
        LoggedBatch::split_from(&mut Bytes::from(bytes)).map(|batch| batch.is_some())
    };
    assert!(matches!(with(8, 0xff), Err(BatchError::Length(_))), "a negative length");
    assert!(matches!(with(11, 48), Err(BatchError::Length(48))), "shorter than a header");
    assert_eq!(with(16, 1), Err(BatchError::Magic(1)));
}

#[test]
fn a_wrong_checksum_is_found_before_a_record_is_read() {
    let batch = BatchBuilder::new(0).record(0, Some(b"key"), Some(b"value")).build().unwrap();
    for at in 21..batch.size_bytes() {
        let mut bytes = batch.bytes().to_vec();
        bytes[at] ^= 1;
        let batch = LoggedBatch::split_from(&mut Bytes::from(bytes)).unwrap().unwrap();
        assert!(matches!(batch.records(), Err(BatchError::Crc { .. })), "byte {at}");
    }
}

#[test]
fn compaction_may_have_left_fewer_records_than_offsets_or_none() {
    let built = BatchBuilder::new(0).record(0, Some(b"a"), None).build().unwrap();
    let header = BatchHeader { last_offset_delta: 4, ..*built.header() };
    let some = encode(&header, &built.body());
    assert!(UncheckedBatch::new(some.clone()).verify().is_err(), "it cannot be appended");
    assert_eq!(read(some.clone()).len(), 1);
    assert_eq!(read(sealed(0, 0, b"")), []);
}

#[test]
fn compressed_records_are_not_read() {
    let mut log = sealed(1, 4, b"zstd");
    let batch = LoggedBatch::split_from(&mut log).unwrap().unwrap();
    assert!(batch.records().unwrap().is_none());
}

#[test]
fn what_is_not_whole_in_a_logged_batch_is_damage() {
    // Length, attributes, timestamp, offset, key, value, headers.
    assert!(read(sealed(1, 0, &[12, 0, 0, 0, 1, 1, 0]))[0].is_ok());
    for (records, why) in [
        (&[12, 0, 0, 0, 3, 1, 0][..], "a key of length -2"),
        (&[12, 0, 0, 0, 1, 3, 0], "a value of length -2"),
        (&[12, 0, 0, 0, 8, 1, 0], "a key that goes on beyond its record"),
        (&[14, 0, 0, 0, 1, 1, 0], "a record that goes on beyond its batch"),
        (&[10, 0, 0, 0, 1, 1], "no headers, not even none"),
        (&[1], "a record of length -1"),
        (&[], "no record, where one was said"),
    ] {
        assert_eq!(read(sealed(1, 0, records)), [Err(BadRecord)], "{why}");
    }
}

#[test]
fn lengths_below_minus_one_are_null_in_what_clients_send() {
    let bytes = sealed(1, 0, &[12, 0, 0, 0, 3, 3, 0]);
    let batch = UncheckedBatch::new(bytes).verify().unwrap();
    let record = Records::of(&batch).unwrap().next().unwrap().unwrap();
    assert_eq!((record.key, record.value), (None, None));
}

#[test]
fn a_control_record_says_its_type_in_its_key() {
    let of = |key: Option<&[u8]>| {
        let batch = BatchBuilder::new(0).record(0, key, None).build().unwrap();
        Records::of(&batch).unwrap().next().unwrap().unwrap().control_type()
    };
    assert_eq!((of(Some(&[0, 0, 0, 0])), of(Some(&[0, 0, 0, 1, 9]))), (Some(0), Some(1)));
    assert_eq!((of(Some(&[0, 0, 0])), of(None)), (None, None));
}
