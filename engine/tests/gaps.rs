//! Logs whose offsets have gaps: another log's compaction removed batches, or records inside of batches.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use creel_engine::{
    AppendError, AppendOrigin, BatchBuilder, BatchError, LogConfig, Offset, OpenLog, Partition,
    ProducerError, StampedBatch, TurnWriter, UncheckedBatch, crc32c,
};

use common::*;

fn config() -> LogConfig {
    let defaults = LogConfig { producer_id_expiration_ms: u64::MAX, ..LogConfig::default() };
    LogConfig { may_have_gaps: true, segment_bytes: 3000, index_interval_bytes: 100, ..defaults }
}

/// A batch of `records` records as another log holds it.
fn held(base: i64, records: usize) -> StampedBatch {
    stamped(&batch(records, 200, base as u8), base, 0)
}

/// Two records each, and a gap before every third batch.
const BASES: [i64; 12] = [0, 2, 14, 16, 18, 30, 32, 34, 46, 48, 50, 62];

async fn filled(directory: &Path) -> Partition {
    let partition = open_with(directory, config()).await;
    for base in BASES {
        partition.append_as_is(&held(base, 2)).unwrap().durable().await.unwrap();
    }
    partition
}

async fn bases(partition: &Partition) -> Vec<i64> {
    let found = read_all(partition, partition.log_start() - Offset::ZERO).await;
    found.iter().map(|(header, _)| header.base_offset - Offset::ZERO).collect()
}

/// The first batch that a read from `from` gives.
async fn first_from(partition: &Partition, from: i64) -> i64 {
    let bytes = read_bytes(partition, from, 1).await.unwrap();
    creel_engine::BatchHeader::parse(&bytes).unwrap().base_offset - Offset::ZERO
}

#[test]
fn a_read_from_inside_a_gap_gives_the_batch_behind_it() {
    on_core(|directory| async move {
        let partition = filled(&directory).await;
        // From memory, near the end, and from the index, further back.
        for from in 0..64 {
            let expected = BASES.into_iter().find(|base| base + 2 > from).unwrap();
            assert_eq!(first_from(&partition, from).await, expected, "from {from}");
        }
        partition.close().await.unwrap();
        let partition = open_clean(&directory, config()).await;
        for from in 0..64 {
            let expected = BASES.into_iter().find(|base| base + 2 > from).unwrap();
            assert_eq!(first_from(&partition, from).await, expected, "from {from} after a start");
        }
    });
}

/// The log as a crash leaves it, where the checkpoint says that everything before `recovery_point` was synced.
async fn after_a_crash(directory: &Path, recovery_point: Offset) -> Partition {
    let recovery_point = Some(recovery_point);
    let opening = OpenLog { recovery_point, ..opening(&crashed(directory), config()) };
    Partition::open(&TurnWriter::new(), opening).await.unwrap()
}

#[test]
fn a_cut_inside_a_gap_ends_the_log_with_its_last_batch() {
    on_core(|directory| async move {
        for to in [0, 1, 2, 3, 4, 9, 14, 15, 20, 25, 30, 33, 35, 36, 45, 46, 52, 61, 62, 63, 64] {
            let directory = directory.join(format!("to-{to}"));
            let partition = filled(&directory).await;
            let kept: Vec<_> = BASES.into_iter().filter(|base| base + 2 <= to).collect();
            let lowered = Rc::new(Cell::new(None));
            let note = lowered.clone();
            let lower = async move |point| {
                note.set(Some(point));
                Ok(())
            };
            let end = partition.truncate_to(Offset::ZERO + to, lower).await.unwrap();
            let last = kept.last().map_or(0, |last| last + 2);
            if end > Offset::ZERO + last {
                // The segment that is written to now is empty. It begins behind the gap.
                assert_eq!(std::fs::read(log_path(&directory, end - Offset::ZERO)).unwrap().len(), 0);
                assert!(end <= Offset::ZERO + to);
            }
            assert_eq!((partition.log_end(), partition.high_watermark()), (end, end), "cut at {to}");
            assert_eq!(bases(&partition).await, kept, "cut at {to}");
            assert_eq!(partition.recovery_point(), end);
            assert_eq!(lowered.get(), (to < 64).then_some(end));

            let again = after_a_crash(&directory, end).await;
            assert_eq!((again.log_end(), again.bad_ranges()), (end, vec![]), "cut at {to}");
            assert_eq!(bases(&again).await, kept, "cut at {to}");
            partition.append_as_is(&held(100, 1)).unwrap().durable().await.unwrap();
            partition.close().await.unwrap();
            let partition = open_clean(&directory, config()).await;
            assert_eq!(bases(&partition).await, [&kept[..], &[100]].concat());
            assert_eq!(partition.recovery().scanned_bytes, 0, "a clean stop is to be trusted");
        }
    });
}

/// How far offsets in a segment may lie behind its base: its indexes have 31 bits for that.
const REACH: i64 = i32::MAX as i64;

#[test]
fn a_batch_too_far_from_the_segments_base_begins_a_segment() {
    on_core(|directory| async move {
        let far = [REACH - 1, REACH, REACH + 1, 3 * REACH, 7 * REACH + 5, 7 * REACH + 6];
        // An empty segment does not take every batch either.
        for (name, sent) in [("near", [&[0], &far[..]].concat()), ("far", far[2..].to_vec())] {
            let directory = directory.join(name);
            let config = LogConfig { segment_bytes: 1 << 20, ..config() };
            let partition = open_with(&directory, config.clone()).await;
            for base in &sent {
                partition.append_as_is(&held(*base, 1)).unwrap().durable().await.unwrap();
            }
            assert_eq!(bases(&partition).await, sent);
            let end = partition.log_end();
            assert_eq!(end, Offset::ZERO + (7 * REACH + 7));
            for base in [0, REACH + 1, 3 * REACH, 7 * REACH + 5] {
                assert!(log_path(&directory, base).exists(), "a segment begins at {base}");
            }
            for (at, base) in sent.iter().enumerate() {
                assert_eq!(first_from(&partition, *base).await, *base);
                let before = at.checked_sub(1).map_or(0, |at| sent[at] + 1);
                assert_eq!(first_from(&partition, before).await, *base);
            }
            let copy = crashed(&directory);
            let again = open_with(&copy, config.clone()).await;
            assert_eq!((bases(&again).await, again.bad_ranges()), (sent.clone(), vec![]));
            assert_eq!((again.log_end(), again.recovery().torn_bytes), (end, 0));
            partition.close().await.unwrap();
            let again = open_clean(&directory, config).await;
            assert_eq!((bases(&again).await, again.recovery().scanned_bytes), (sent, 0));
        }
    });
}

/// A batch of one producer, of which compaction has left the records at these offsets from the first. It spans six
/// offsets, and each record's timestamp is its offset times ten.
fn compacted(base: i64, sequence: i32, left: &[usize]) -> Result<StampedBatch, BatchError> {
    let whole = |offsets: &[usize]| {
        let builder = BatchBuilder::new(base.wrapping_mul(10)).producer(9, 0, sequence);
        let value = |at: usize| vec![at as u8; 300];
        let add = |builder: BatchBuilder, at: &usize| {
            builder.record(base.wrapping_mul(10) + 10 * *at as i64, None, Some(&value(*at)))
        };
        offsets.iter().fold(builder, add).build().unwrap()
    };
    let all = [0, 1, 2, 3, 4, 5];
    // The records lie back to back, and all are of one size.
    let all = whole(&all).bytes().to_vec();
    let mut bytes = all[..61].to_vec();
    let size = (all.len() - 61) / 6;
    left.iter().for_each(|at| bytes.extend_from_slice(&all[61 + at * size..61 + (at + 1) * size]));
    let length = bytes.len() as i32 - 12;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[57..61].copy_from_slice(&(left.len() as i32).to_be_bytes());
    bytes[..8].copy_from_slice(&base.to_be_bytes());
    bytes[12..16].copy_from_slice(&0_i32.to_be_bytes());
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    UncheckedBatch::new(bytes.into()).verify_stamped()
}

async fn check_compacted(partition: &Partition, sent: &[StampedBatch]) {
    let found = read_all(partition, 0).await;
    assert!(found.iter().map(|(_, bytes)| &bytes[..]).eq(sent.iter().map(|sent| &sent.bytes()[21..])));
    assert_eq!((partition.log_end(), partition.bad_ranges()), (Offset::ZERO + 60, vec![]));
    for from in 0..60 {
        assert_eq!(first_from(partition, from).await, from / 6 * 6, "from {from}");
        // The sixth and the seventh batch hold nothing, and the others two records each.
        let of = |batch: i64| [6 * batch + 1, 6 * batch + 4];
        let expected = [0, 1, 2, 3, 4, 7, 8, 9].into_iter().flat_map(of).find(|offset| *offset >= from);
        let found = partition.offset_for_timestamp(10 * from).await.unwrap();
        assert_eq!(found.map(|found| found.offset), expected.map(|offset| Offset::ZERO + offset));
    }
    // The sequences of records that are gone count.
    let next =
        |sequence| BatchBuilder::new(0).producer(9, 0, sequence).record(0, None, None).build().unwrap();
    let refusal = partition.append(&next(61), AppendOrigin::Client).unwrap_err();
    let out_of_order = ProducerError::OutOfOrderSequence { got: 61, last: 59 };
    assert_eq!(refusal, AppendError::Producer(out_of_order));
}

#[test]
fn batches_that_were_compacted_are_taken_as_they_are_and_no_others() {
    on_core(|directory| async move {
        let partition = open_with(&directory, config()).await;
        let left = |at: i64| if at == 5 || at == 6 { &[][..] } else { &[1, 4][..] };
        let sent: Vec<_> = (0..10).map(|at| compacted(6 * at, 6 * at as i32, left(at)).unwrap()).collect();
        for batch in &sent {
            partition.append_as_is(batch).unwrap().durable().await.unwrap();
            let produced = UncheckedBatch::new(batch.bytes().clone()).verify();
            assert!(matches!(produced, Err(BatchError::Invalid(_))), "no producer may send it");
        }
        check_compacted(&partition, &sent).await;
        check_compacted(&open_with(&crashed(&directory), config()).await, &sent).await;
        assert_eq!(
            partition.truncate_to(Offset::ZERO + 41, async |_| Ok(())).await.unwrap(),
            Offset::ZERO + 36
        );
        for batch in &sent[6..] {
            partition.append_as_is(batch).unwrap().durable().await.unwrap();
        }
        check_compacted(&partition, &sent).await;
        partition.close().await.unwrap();
        check_compacted(&open_clean(&directory, config()).await, &sent).await;

        let more = compacted(60, 60, &[0, 1, 2, 3, 4, 5, 5]);
        assert!(matches!(more, Err(BatchError::Invalid(_))), "more records than offsets");
        let wrapped = compacted(i64::MAX - 5, 60, &[1]);
        assert!(matches!(wrapped, Err(BatchError::Invalid(_))), "its end is no offset");
        assert!(compacted(i64::MAX - 6, 60, &[1]).is_ok());
    });
}
