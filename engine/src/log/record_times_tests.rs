//! Which batches have their records checked, and what is found.

use super::*;
use crate::format::batch::{Attributes, assemble};
use crate::format::records::BatchBuilder;
use crate::limits::BLAMED_RECORDS_MAX;
use crate::log::record_rules::LookError;

const NOW: i64 = 1_700_000_000_000;
const HOUR: i64 = 3_600_000;
const DEFAULTS: TimestampRules = TimestampRules {
    kind: TimestampType::CreateTime,
    before_max_ms: i64::MAX,
    after_max_ms: AFTER_MAX_DEFAULT_MS,
};
const WITHIN_A_DAY: TimestampRules = TimestampRules { before_max_ms: 24 * HOUR, ..DEFAULTS };

/// Records of these times, whose header says `max`.
fn batch(times: &[i64], max: i64) -> Batch {
    let add = |builder: BatchBuilder, time: &i64| builder.record(*time, Some(b"key"), Some(&[7; 100]));
    let honest = times.iter().fold(BatchBuilder::new(times[0]), add).build().unwrap();
    let header = BatchHeader { max_timestamp: max, ..*honest.header() };
    assemble(&header, &honest.body()).unwrap()
}

fn zstd(plain: &Batch) -> Batch {
    let header = BatchHeader { attributes: Attributes(4), ..*plain.header() };
    assemble(&header, &zstd::stream::encode_all(&plain.body()[..], 3).unwrap()).unwrap()
}

#[test]
fn a_header_that_says_enough_is_believed() {
    let ask = |times: &[i64], max| DEFAULTS.ask_for_records(&batch(times, max), NOW);
    assert!(!ask(&[NOW], NOW));
    assert!(!ask(&[NOW - 5, NOW, NOW - 9], NOW));
    assert!(!ask(&[NOW + HOUR], NOW + HOUR));
    assert!(ask(&[NOW], -1), "left out");
    assert!(ask(&[0], 0), "left out, too");
    assert!(ask(&[NOW], NOW - 1), "before the base");
    assert!(ask(&[NOW], NOW + 1), "a single record's is the base");
    assert!(ask(&[-1], -1), "there may be times in there");
    assert!(ask(&[NOW], i64::MIN));
    assert!(ask(&[NOW + HOUR + 1], NOW + HOUR + 1), "it may say more than is there");
}

#[test]
fn limits_of_the_topics_own_ask_for_every_record() {
    let fine = batch(&[NOW], NOW);
    assert!(WITHIN_A_DAY.ask_for_records(&fine, NOW));
    assert!(TimestampRules { after_max_ms: 2 * HOUR, ..DEFAULTS }.ask_for_records(&fine, NOW));
    let unlimited = TimestampRules { after_max_ms: i64::MAX, ..DEFAULTS };
    assert!(!unlimited.ask_for_records(&fine, NOW));
    assert!(unlimited.ask_for_records(&batch(&[NOW], i64::MAX), NOW), "that may be no record's time");
    let seen = fine.look(&WITHIN_A_DAY.into(), NOW).unwrap();
    assert!(!WITHIN_A_DAY.ask_for_records(&seen, NOW), "once is enough");
    let by_the_broker = TimestampRules { kind: TimestampType::LogAppendTime, ..WITHIN_A_DAY };
    assert!(!by_the_broker.ask_for_records(&batch(&[5], -1), NOW), "its clock replaces them all");
}

#[test]
fn the_largest_timestamp_is_the_records() {
    for (times, largest) in [
        (&[NOW][..], NOW),
        (&[NOW - 5, NOW, NOW - 9], NOW),
        (&[-1, NOW, -1], NOW),
        (&[-1, -1], -1),
        (&[-7_240_509_273_709], -1),
        (&[0], 0),
    ] {
        for said in [-1, i64::MIN, 0, NOW, NOW + 7] {
            for batch in [batch(times, said), zstd(&batch(times, said))] {
                let seen = batch.look(&DEFAULTS.into(), NOW).unwrap();
                assert_eq!(seen.header().max_timestamp, largest, "{times:?}, said {said}");
                let mut header = batch.header_bytes().to_vec();
                seen.correct(&mut header);
                let stored = [&header[..], &batch.body()].concat();
                let stored = crate::format::batch::UncheckedBatch::new(stored.into()).verify().unwrap();
                assert_eq!(stored.header(), seen.header());
            }
        }
    }
}

#[test]
fn every_record_is_held_against_the_limits() {
    let look = |times: &[i64]| {
        let plain = batch(times, NOW);
        let outcome = plain.look(&WITHIN_A_DAY.into(), NOW);
        assert_eq!(zstd(&plain).look(&WITHIN_A_DAY.into(), NOW).map(|_| ()), outcome.clone().map(|_| ()));
        outcome.map(|_| ())
    };
    assert_eq!(look(&[NOW, NOW - 24 * HOUR, NOW + HOUR, -1]), Ok(()));
    assert_eq!(look(&[NOW, NOW - 24 * HOUR - 1]), Err(LookError::OutOfRange(vec![1])));
    assert_eq!(look(&[NOW + HOUR + 1, NOW, -2]), Err(LookError::OutOfRange(vec![0, 2])));
    assert_eq!(look(&[NOW * 1000, NOW]), Err(LookError::OutOfRange(vec![0])));
    let earliest = batch(&[i64::MIN], -1).look(&DEFAULTS.into(), NOW).map(|_| ());
    assert_eq!(earliest, Err(LookError::OutOfRange(vec![0])), "as in Kafka, although no limit is set");
    assert_eq!(look(&[i64::MIN, i64::MAX, 0]), Err(LookError::OutOfRange(vec![0, 1, 2])));
    let all = vec![5; 2 * BLAMED_RECORDS_MAX];
    assert!(matches!(look(&all), Err(LookError::OutOfRange(blamed)) if blamed.len() == BLAMED_RECORDS_MAX));
}

#[test]
fn what_does_not_decode_is_refused() {
    let good = batch(&[NOW, NOW], -1);
    let header = *good.header();
    let body = good.body();
    let look = |header: BatchHeader, body: &[u8]| {
        assemble(&header, body).unwrap().look(&DEFAULTS.into(), NOW).map(|_| ())
    };
    assert_eq!(look(header, &body), Ok(()));
    assert_eq!(look(BatchHeader { record_count: 1, ..header }, &body), Err(LookError::Undecodable));
    assert_eq!(look(BatchHeader { record_count: 3, ..header }, &body), Err(LookError::Undecodable));
    for length in 0..body.len() {
        assert_eq!(look(header, &body[..length]), Err(LookError::Undecodable), "{length} bytes");
    }
    for codec in 1..=4 {
        let header = BatchHeader { attributes: Attributes(codec), ..header };
        assert_eq!(look(header, &body), Err(LookError::Undecodable), "codec {codec}");
    }
    // A record whose length, or whose delta, is as large as a number can be.
    assert_eq!(look(header, &[&[0xfe; 9][..], &[1], &body].concat()), Err(LookError::Undecodable));
    let wild = BatchHeader { base_timestamp: i64::MAX, ..*batch(&[5, i64::MIN], 5).header() };
    let records = batch(&[5, i64::MIN], 5);
    assert!(look(wild, &records.body()).is_err());
}

#[test]
fn who_says_that_the_times_are_the_brokers_is_refused_where_they_are_and_corrected_where_not() {
    let honest = batch(&[NOW, NOW + 5], NOW + 5);
    let with =
        |max_timestamp| BatchHeader { attributes: Attributes(1 << 3), max_timestamp, ..*honest.header() };
    let claiming = assemble(&with(NOW + 5), &honest.body()).unwrap();
    assert!(DEFAULTS.ask_for_records(&claiming, NOW));
    let corrected = claiming.look(&DEFAULTS.into(), NOW).unwrap();
    assert_eq!(corrected.header(), honest.header());
    let mut header = claiming.header_bytes().to_vec();
    corrected.correct(&mut header);
    assert_eq!(header, honest.header_bytes());
    let refused = Err(LookError::AppendTime(vec![0, 1]));
    assert_eq!(assemble(&with(-1), &honest.body()).unwrap().look(&DEFAULTS.into(), NOW).map(|_| ()), refused);
    let of_broker = TimestampRules { kind: TimestampType::LogAppendTime, ..DEFAULTS };
    assert!(of_broker.ask_for_records(&claiming, NOW) && !of_broker.ask_for_records(&honest, NOW));
    assert_eq!(claiming.look(&of_broker.into(), NOW).map(|_| ()), refused);
}
