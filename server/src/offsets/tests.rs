//! Encodings against bytes written down by hand and against themselves.

use bytes::{BufMut, Bytes, BytesMut};

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

#[test]
fn batches_come_back_record_by_record() {
    let records = vec![
        Record::offset(&offset_key(), &commit()),
        Record::group("g", &state()),
        Record::tombstone(&offset_key()),
    ];
    let batch = encode_batch(&records, 1_700_000_000_000);
    let crc = encode_batch(&records[..2], 1_700_000_000_000).slice(17..21);
    assert_eq!(crc[..], 333_563_741_u32.to_be_bytes(), "the CRC that Kafka's DumpLogSegments found valid");
    let mut log = BytesMut::from(&batch[..]);
    log[..8].copy_from_slice(&100_i64.to_be_bytes());
    log.put_slice(&batch[..20]);
    let (content, length) = read_batch(&log.clone().freeze()).unwrap().unwrap();
    assert_eq!(length, batch.len());
    let BatchContent::Records(read) = content else { panic!("{content:?}") };
    assert_eq!(read.iter().map(|one| one.offset).collect::<Vec<_>>(), [100, 101, 102]);
    assert_eq!(read.into_iter().map(|one| one.record).collect::<Vec<_>>(), records);
    assert_eq!(read_batch(&log.freeze().slice(length..)), Ok(None));
}

#[test]
fn broken_batches_never_panic() {
    let batch = encode_batch(&[Record::group("g", &state())], 0);
    for position in 0..batch.len() {
        for bit in 0..8 {
            let mut broken = BytesMut::from(&batch[..]);
            broken[position] ^= 1 << bit;
            let _ = read_batch(&broken.freeze());
        }
    }
}

/// A partition as Kafka 4.3.1 wrote it, for a consumer, a static consumer, an administrator, and deletions.
const KAFKAS: &[u8] = include_bytes!("kafka-4.3.1.log");

fn kafkas_records() -> Vec<Record> {
    let mut log = Bytes::from_static(KAFKAS);
    let mut records = Vec::new();
    while let Some((content, length)) = read_batch(&log).unwrap() {
        let BatchContent::Records(batch) = content else { panic!("{content:?}") };
        assert!(batch.iter().zip(records.len()..).all(|(one, offset)| one.offset == offset as i64));
        records.extend(batch.into_iter().map(|one| one.record));
        log = log.slice(length..);
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
