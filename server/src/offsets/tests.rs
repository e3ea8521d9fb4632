//! Encodings against bytes written down by hand and against themselves.

use bytes::{BufMut, Bytes, BytesMut};
use creel_engine::{Attributes, BatchBuilder, LoggedBatch};

use super::*;

fn commit() -> OffsetCommit {
    OffsetCommit {
        offset: 42,
        leader_epoch: 7,
        metadata: "note".into(),
        commit_time_ms: 1_700_000_000_000,
        expire_time_ms: None,
    }
}

fn state() -> GroupMetadata {
    GroupMetadata {
        protocol_type: "consumer".into(),
        generation: 3,
        protocol: Some("range".into()),
        leader: Some("a-1".into()),
        since_ms: Some(1_700_000_000_000),
        members: vec![GroupMetadataMember {
            member_id: "a-1".into(),
            instance_id: Some("one".into()),
            client_id: "a".into(),
            client_host: "/127.0.0.1".into(),
            rebalance_timeout_ms: 60_000,
            session_timeout_ms: 10_000,
            subscription: Bytes::from_static(b"sub"),
            assignment: Bytes::from_static(b"ass"),
        }],
    }
}

fn offset_key() -> RecordKey {
    RecordKey::Offset { group: "g".into(), topic: "t".into(), partition: 5 }
}

#[test]
fn keys_have_kafkas_bytes_and_come_back() {
    assert_eq!(&offset_key().encode()[..], b"\x00\x01\x00\x01g\x00\x01t\x00\x00\x00\x05");
    let group = RecordKey::Group { group: "g".into() };
    assert_eq!(&group.encode()[..], b"\x00\x02\x00\x01g");
    for key in [offset_key(), group] {
        assert_eq!(RecordKey::decode(&key.encode()), Ok(key));
    }
    assert_eq!(
        RecordKey::decode(&Bytes::from_static(b"\x00\x00\x00\x01g\x00\x01t\x00\x00\x00\x05")),
        Ok(offset_key())
    );
    assert_eq!(RecordKey::decode(&Bytes::from_static(b"\x00\x03x")), Ok(RecordKey::Other { version: 3 }));
    assert!(RecordKey::decode(&Bytes::from_static(b"\x00\x02\x00\x09g")).is_err());
}

#[test]
fn values_come_back() {
    assert_eq!(OffsetCommit::decode(&commit().encode()), Ok(commit()));
    let expiring = OffsetCommit { leader_epoch: -1, expire_time_ms: Some(9), ..commit() };
    assert_eq!(OffsetCommit::decode(&expiring.encode()), Ok(expiring));
    assert_eq!(GroupMetadata::decode(&state().encode()), Ok(state()));
    let empty = GroupMetadata { protocol: None, leader: None, members: Vec::new(), ..state() };
    assert_eq!(GroupMetadata::decode(&empty.encode()), Ok(empty));
}

#[test]
fn the_flexible_version_is_read_with_its_tagged_fields() {
    let mut out = BytesMut::new();
    out.put_i16(4);
    out.put_i64(42);
    out.put_i32(7);
    out.put_slice(b"\x05note");
    out.put_i64(1_700_000_000_000);
    out.put_slice(b"\x01\x00\x02zz");
    assert_eq!(OffsetCommit::decode(&out.freeze()), Ok(commit()));
}

#[test]
fn a_group_of_the_first_version_has_one_timeout_for_both() {
    let mut out = BytesMut::new();
    out.put_slice(b"\x00\x00\x00\x08consumer\x00\x00\x00\x03\x00\x05range\x00\x03a-1\x00\x00\x00\x01");
    out.put_slice(
        b"\x00\x03a-1\x00\x01a\x00\x0a/127.0.0.1\x00\x00\x27\x10\x00\x00\x00\x03sub\x00\x00\x00\x03ass",
    );
    let read = GroupMetadata::decode(&out.freeze()).unwrap();
    assert_eq!(read.since_ms, None);
    assert_eq!(read.members[0].rebalance_timeout_ms, 10_000);
    assert_eq!(read.members[0].instance_id, None);
}

#[test]
fn every_shortened_value_is_refused() {
    let whole = state().encode();
    for length in 0..whole.len() {
        assert!(GroupMetadata::decode(&whole.slice(..length)).is_err(), "{length}");
    }
    let whole = commit().encode();
    for length in 0..whole.len() {
        assert!(OffsetCommit::decode(&whole.slice(..length)).is_err(), "{length}");
    }
}

/// The first batch of a log, and what it says.
fn read_batch(log: &mut Bytes) -> Option<Result<BatchContent, ContentError>> {
    LoggedBatch::split_from(log).unwrap().map(|batch| BatchContent::read(&batch))
}

#[test]
fn batches_come_back_record_by_record() {
    let records = vec![
        OffsetsRecord::offset(&offset_key(), &commit()),
        OffsetsRecord::group("g", &state()),
        OffsetsRecord::tombstone(&offset_key()),
    ];
    let batch = batch_of(&records, 1_700_000_000_000).unwrap();
    let crc = batch_of(&records[..2], 1_700_000_000_000).unwrap().header().crc;
    assert_eq!(crc, 333_563_741, "the CRC that Kafka's DumpLogSegments found valid");
    let mut log = BytesMut::from(&batch.bytes()[..]);
    log[..8].copy_from_slice(&100_i64.to_be_bytes());
    log.put_slice(&batch.bytes()[..20]);
    let mut log = log.freeze();
    let BatchContent::Records(read) = read_batch(&mut log).unwrap().unwrap() else { panic!("no records") };
    assert_eq!(log.len(), 20);
    assert_eq!(read.iter().map(|one| one.offset).collect::<Vec<_>>(), [100, 101, 102]);
    assert_eq!(read.into_iter().map(|one| one.record).collect::<Vec<_>>(), records);
    assert_eq!(read_batch(&mut log), None);
    assert!(batch_of(&[], 0).is_none());
}

#[test]
fn no_flipped_bit_is_taken_for_a_record() {
    let batch = batch_of(&[OffsetsRecord::group("g", &state())], 0).unwrap();
    let whole = BatchContent::read(&LoggedBatch::split_from(&mut batch.bytes().clone()).unwrap().unwrap());
    for position in 0..batch.size_bytes() {
        for bit in 0..8 {
            let mut broken = BytesMut::from(&batch.bytes()[..]);
            broken[position] ^= 1 << bit;
            let found = LoggedBatch::split_from(&mut broken.freeze());
            let Ok(Some(found)) = found else { continue };
            match BatchContent::read(&found) {
                // Base offset and leader epoch are outside the checksum.
                Ok(BatchContent::Records(read)) if position < 16 => assert_eq!(read.len(), 1),
                Err(ContentError::Batch(_)) if position >= 8 => {}
                other => panic!("byte {position}, bit {bit}: {other:?}, and not {whole:?}"),
            }
        }
    }
}

/// A batch of Kafka's: of a transaction, or its end.
fn of_transaction(attributes: i16, key: &[u8]) -> Result<BatchContent, ContentError> {
    let attributes = Attributes(1 << 4 | attributes);
    let builder = BatchBuilder::new(0).producer(7, 0, -1).attributes(attributes);
    let batch = builder.record(0, Some(key), None).build().unwrap();
    read_batch(&mut batch.bytes().clone()).unwrap()
}

#[test]
fn transactions_and_their_ends_are_told_apart() {
    let control = 1 << 5;
    let marker = |committed| Ok(BatchContent::Marker { producer_id: 7, committed });
    assert_eq!(of_transaction(control, &[0, 0, 0, 1]), marker(true));
    assert_eq!(of_transaction(control, &[0, 0, 0, 0]), marker(false));
    assert_eq!(of_transaction(control, &[0, 0, 0]), Err(Malformed("control batch").into()));
    let record = OffsetsRecord { key: Bytes::from_static(b"k"), value: None };
    let records = vec![LoggedRecord { offset: 0, record }];
    assert_eq!(of_transaction(0, b"k"), Ok(BatchContent::Transactional { producer_id: 7, records }));
}

#[test]
fn compressed_batches_are_said_to_be_so() {
    let batch = batch_of(&[OffsetsRecord::group("g", &state())], 0).unwrap();
    let mut bytes = batch.bytes().to_vec();
    bytes[22] |= 4;
    creel_engine::fuzzing::seal_batch(&mut bytes);
    assert_eq!(read_batch(&mut Bytes::from(bytes)), Some(Err(ContentError::Compressed)));
}

#[test]
fn what_is_malformed_is_refused() {
    for key in [
        &b""[..],
        b"\x00",
        b"\x00\x01\x7f\xff\x01",
        b"\x00\x01\xff\xff",
        b"\x00\x02\x00\x01\xff",
        b"\x00\x01\x00\x01g\x00\x01t\x00",
    ] {
        assert!(RecordKey::decode(&Bytes::from_static(key)).is_err(), "{key:?}");
    }
    for value in [&b"\x00\x05"[..], b"\xff\xff", b""] {
        assert!(OffsetCommit::decode(&Bytes::from_static(value)).is_err(), "{value:?}");
        assert!(GroupMetadata::decode(&Bytes::from_static(value)).is_err(), "{value:?}");
    }
    let group = |members: &[u8]| {
        let head = b"\x00\x03\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00";
        GroupMetadata::decode(&[head, members].concat().into())
    };
    assert!(group(b"\x00\x00\x00\x00").is_ok());
    assert!(group(b"\xff\xff\xff\xff").is_err(), "no list of members");
    assert!(group(b"\x7f\xff\xff\xff").is_err(), "more members than bytes");
}

/// A partition as Kafka 4.3.1 wrote it, for a consumer, a static consumer, an administrator, and deletions.
const KAFKAS: &[u8] = include_bytes!("kafka-4.3.1.log");

fn kafkas_records() -> Vec<OffsetsRecord> {
    let mut log = Bytes::from_static(KAFKAS);
    let mut records = Vec::new();
    while let Some(content) = read_batch(&mut log) {
        let BatchContent::Records(batch) = content.unwrap() else { panic!("no records") };
        assert!(batch.iter().zip(records.len()..).all(|(one, offset)| one.offset == offset as i64));
        records.extend(batch.into_iter().map(|one| one.record));
    }
    assert!(log.is_empty());
    records
}

#[test]
fn kafkas_records_are_read_and_written_byte_for_byte() {
    let records = kafkas_records();
    assert_eq!(records.len(), 15);
    for record in records {
        let key = RecordKey::decode(&record.key).unwrap();
        assert_eq!(key.encode(), record.key);
        let Some(value) = record.value else { continue };
        match key {
            RecordKey::Group { .. } => assert_eq!(GroupMetadata::decode(&value).unwrap().encode(), value),
            // Kafka writes version 4 there, ours is 3: what they say must be the same.
            RecordKey::Offset { .. } => {
                let commit = OffsetCommit::decode(&value).unwrap();
                assert_eq!(OffsetCommit::decode(&commit.encode()), Ok(commit));
            }
            RecordKey::Other { .. } => panic!("{key:?}"),
        }
    }
}

#[test]
fn kafkas_partition_says_what_kafka_meant() {
    let values: Vec<_> = kafkas_records().into_iter().filter_map(|record| record.value).collect();
    let group = GroupMetadata::decode(&values[6]).unwrap();
    assert_eq!((group.generation, group.protocol.as_deref()), (1, Some("range")));
    let member = &group.members[0];
    assert_eq!(member.instance_id.as_deref(), Some("static-1"));
    assert_eq!((member.session_timeout_ms, member.rebalance_timeout_ms), (45_000, 300_000));
    let commit = OffsetCommit::decode(&values[7]).unwrap();
    assert_eq!((commit.offset, commit.leader_epoch, commit.metadata.as_str()), (5, 0, "note"));
}
