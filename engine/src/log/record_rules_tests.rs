//! What the look at a batch's records finds, and what a batch is after it.

use super::*;
use crate::format::batch::{Attributes, BatchHeader, UncheckedBatch, assemble};
use crate::format::records::{BatchBuilder, Record, Records};
use crate::test_random::Random;

const NOW: i64 = 1_700_000_000_000;
const TIMES: TimestampRules =
    TimestampRules { kind: TimestampType::CreateTime, before_max_ms: i64::MAX, after_max_ms: 3_600_000 };
const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::default_of(Codec::Gzip),
    Compression::Snappy,
    Compression::default_of(Codec::Lz4),
    Compression::default_of(Codec::Zstd),
];

fn compacted() -> RecordRules {
    RecordRules::new(TIMES, true, None)
}

fn stored_as(compression: Compression) -> RecordRules {
    RecordRules::new(TIMES, false, Some(compression))
}

/// The batch as a producer sends it in a codec.
fn sent_as(plain: &Batch, how: Compression) -> Batch {
    let records = compress(how, &plain.body()).unwrap();
    let sent = plain.recompressed(how.codec(), &records, plain.header().max_timestamp);
    UncheckedBatch::new(sent.bytes().clone()).verify().unwrap()
}

fn of(keys: &[Option<&[u8]>]) -> Batch {
    let add = |builder: BatchBuilder, key: &Option<&[u8]>| builder.record(NOW, *key, Some(&[7; 40]));
    keys.iter().fold(BatchBuilder::new(NOW), add).build().unwrap()
}

fn records(batch: &Batch) -> Vec<Record> {
    Records::decompress(batch).unwrap().map(|record| record.unwrap()).collect()
}

/// A batch with all that a batch can hold.
fn anything(random: &mut Random) -> Batch {
    let mut builder = BatchBuilder::new(NOW - random.below(1000) as i64);
    if random.below(2) == 0 {
        builder = builder.producer(random.below(1 << 40) as i64, 3, random.below(1 << 31) as i32);
        builder = builder.attributes(Attributes(i16::from(random.below(2) == 0) << 4));
    }
    for _ in 0..1 + random.below(300) {
        let timestamp = NOW - 500 + random.below(1000) as i64;
        let mut bytes = || {
            let value = random.next() as u8;
            (random.below(5) > 0).then(|| vec![value; random.below(200) as usize])
        };
        let (key, value, header) = (bytes(), bytes(), bytes());
        let headers = [("first", header.as_deref()), ("", None)];
        let headers = &headers[..random.below(3) as usize];
        builder = builder.record_with_headers(timestamp, key.as_deref(), value.as_deref(), headers);
    }
    builder.build().unwrap()
}

#[test]
fn a_batch_in_another_codec_holds_the_same_records_one_by_one() {
    let mut random = Random::new(11);
    for round in 0..60 {
        let plain = anything(&mut random);
        let sent = sent_as(&plain, CODECS[random.below(5) as usize]);
        let to = CODECS[random.below(5) as usize];
        let rules = stored_as(to);
        if sent.codec() == to.codec() {
            assert!(!rules.recompress(&sent));
            continue;
        }
        assert!(rules.ask_for_records(&sent, NOW));
        let stored = sent.look(&rules, NOW).unwrap();
        assert_eq!(stored.codec(), to.codec());
        assert_eq!(records(&stored), records(&plain), "round {round}: {:?} to {to:?}", sent.codec());
        assert!(!rules.ask_for_records(&stored, NOW), "once is enough");
        // Nobody corrects it later: its bytes are right as they are.
        let mut header = stored.header_bytes().to_vec();
        stored.correct(&mut header);
        assert_eq!(header, stored.header_bytes());
        let again = UncheckedBatch::new(stored.bytes().clone()).verify().unwrap();
        assert_eq!(again.header(), stored.header());
        let largest = records(&plain).iter().map(|record| record.timestamp).max();
        assert_eq!(Some(again.header().max_timestamp), largest);
        let kept = |header: &BatchHeader| BatchHeader {
            size_bytes: 0,
            crc: 0,
            max_timestamp: 0,
            attributes: Attributes(header.attributes.0 & !7),
            ..*header
        };
        assert_eq!(kept(again.header()), kept(sent.header()));
    }
}

#[test]
fn a_batch_in_the_topics_codec_stays_as_it_is_whatever_its_level() {
    let plain = of(&[Some(b"k")]);
    for (sent, asked) in [
        (Compression::Gzip(1), Compression::Gzip(9)),
        (Compression::Lz4(12), Compression::Lz4(9)),
        (Compression::Zstd(19), Compression::Zstd(-5)),
        (Compression::None, Compression::None),
    ] {
        assert!(!stored_as(asked).ask_for_records(&sent_as(&plain, sent), NOW));
    }
}

#[test]
fn records_without_a_key_are_named_where_the_topic_is_compacted() {
    let (key, none) = (Some(&b"k"[..]), None);
    for how in CODECS {
        let look = |keys: &[Option<&[u8]>]| sent_as(&of(keys), how).look(&compacted(), NOW).map(|_| ());
        assert_eq!(look(&[key, Some(b""), key]), Ok(()), "an empty key is one");
        assert_eq!(look(&[none, key, none]), Err(LookError::Keyless(vec![0, 2])));
        assert!(!RecordRules::from(TIMES).ask_for_records(&sent_as(&of(&[none]), how), NOW));
    }
    let all = of(&vec![none; 2 * BLAMED_RECORDS_MAX]).look(&compacted(), NOW);
    assert!(matches!(all, Err(LookError::Keyless(named)) if named.len() == BLAMED_RECORDS_MAX));
}

#[test]
fn records_that_do_not_count_up_are_refused_where_they_are_looked_at() {
    let body = of(&[Some(b"a"), Some(b"b")]).body();
    let (first, second) = body.split_at(body.len() / 2);
    let header = *of(&[Some(b"a"), Some(b"b")]).header();
    let turned = assemble(&header, &[second, first].concat()).unwrap();
    for rules in [compacted(), stored_as(Compression::Snappy)] {
        assert_eq!(turned.look(&rules, NOW).map(|_| ()), Err(LookError::Undecodable));
    }
}

#[test]
fn a_batch_that_grows_too_large_is_refused_whatever_it_is_to_become() {
    let zeros = vec![0; DECOMPRESSED_BYTES_MAX + 1];
    let bomb = zstd::bulk::compress(&zeros, 1).unwrap();
    let header = BatchHeader { attributes: Attributes(4), ..*of(&[Some(b"k")]).header() };
    let bomb = assemble(&header, &bomb).unwrap();
    for rules in [compacted(), stored_as(Compression::None), stored_as(Compression::Lz4(9))] {
        assert_eq!(bomb.look(&rules, NOW).map(|_| ()), Err(LookError::Undecodable));
    }
}

#[test]
fn where_the_brokers_clock_counts_a_new_codec_changes_no_time() {
    let times = TimestampRules { kind: TimestampType::LogAppendTime, before_max_ms: 5, after_max_ms: 5 };
    let sent = BatchBuilder::new(7).record(7, Some(b"k"), None).record(9, Some(b"k"), None).build().unwrap();
    let stored = sent.look(&RecordRules::new(times, true, Some(Compression::Zstd(3))), NOW).unwrap();
    assert_eq!(stored.header().max_timestamp, 9, "the log replaces it");
    let claiming = BatchHeader { attributes: Attributes(1 << 3), ..*sent.header() };
    let claiming = assemble(&claiming, &sent.body()).unwrap();
    for compression in [None, Some(Compression::Zstd(3))] {
        let refused = claiming.look(&RecordRules::new(times, false, compression), NOW).map(|_| ());
        assert_eq!(refused, Err(LookError::AppendTime(vec![0, 1])));
    }
    let by_clients = claiming.look(&stored_as(Compression::Zstd(3)), NOW).unwrap();
    assert!(!by_clients.header().attributes.is_log_append_time(), "cleared, as in Kafka");
}

#[test]
fn only_small_looks_are_made_at_once() {
    let rules = compacted();
    let now =
        |batch: &Batch, budget: &mut LookBudget| rules.look_now(batch, NOW, budget).map(|it| it.is_ok());
    let few = of(&[Some(&b"k"[..]); 10]);
    for how in CODECS {
        let mut budget = LookBudget::default();
        assert_eq!(now(&sent_as(&few, how), &mut budget), Some(true), "{how:?}");
        assert_eq!(now(&sent_as(&of(&[None]), how), &mut budget), Some(false), "{how:?}");
    }
    let mut budget = LookBudget::default();
    // Small, and much larger when it is decompressed.
    let lines = of(&vec![Some(&b"k"[..]); 1000]);
    let small = sent_as(&lines, Compression::Zstd(3));
    assert!(small.body().len() < LOOK_AT_ONCE_BYTES && lines.body().len() > LOOK_AT_ONCE_PLAIN_BYTES);
    assert_eq!(now(&small, &mut budget), None);
    assert_eq!(now(&lines, &mut budget), Some(true));
    let of_noise = BatchBuilder::new(NOW).record(NOW, Some(&noise(8000)), None).build().unwrap();
    assert_eq!(now(&sent_as(&of_noise, Compression::Lz4(9)), &mut budget), None);
    // What has no more room in the budget is not done at once.
    let mut budget = LookBudget::default();
    let mut at_once = 0;
    while now(&lines, &mut budget).is_some() {
        at_once += 1;
    }
    assert_eq!(at_once, LOOK_AT_ONCE_RECORDS / 1000);
    // Compressing is never a small thing.
    let mut budget = LookBudget::default();
    assert!(stored_as(Compression::Lz4(9)).look_now(&few, NOW, &mut budget).is_none());
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut random = Random::new(1);
    (0..bytes).map(|_| random.next() as u8).collect()
}
