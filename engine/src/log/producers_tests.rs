//! Retries, gaps, epochs and wraps of one or two producers.

use super::*;
use crate::format::batch::{Attributes, Batch};
use crate::format::records::BatchBuilder;

struct TestLog {
    producers: Producers,
    end: Offset,
}

impl TestLog {
    fn new() -> Self {
        Self { producers: Producers::default(), end: Offset::ZERO }
    }

    /// Appends as a partition does and answers with the base offset.
    fn append(&mut self, batch: &Batch) -> Result<Offset, ProducerError> {
        match self.producers.check(batch.header(), AppendOrigin::Client)? {
            ProducerCheck::Duplicate(original) => Ok(original.base_offset()),
            ProducerCheck::Append => {
                let base = self.end;
                self.producers.record(batch.header(), base);
                self.end = base + i64::from(batch.header().record_count);
                Ok(base)
            }
        }
    }
}

fn batch(id: i64, epoch: i16, sequence: i32, records: i32) -> Batch {
    let mut builder = BatchBuilder::new(0).producer(id, epoch, sequence);
    for _ in 0..records {
        builder = builder.record(0, None, Some(b"x"));
    }
    builder.build().unwrap()
}

fn out_of_order(got: i32, last: i32) -> Result<Offset, ProducerError> {
    Err(ProducerError::OutOfOrderSequence { got, last })
}

#[test]
fn a_retry_gets_the_original_offset() {
    let mut log = TestLog::new();
    for at in 0..7 {
        assert_eq!(log.append(&batch(1, 0, at * 3, 3)), Ok(Offset::of(i64::from(at) * 3)));
    }
    // Five are remembered: the third to the seventh.
    assert_eq!(log.append(&batch(1, 0, 6, 3)), Ok(Offset::of(6)));
    assert_eq!(log.append(&batch(1, 0, 18, 3)), Ok(Offset::of(18)));
    assert_eq!(log.append(&batch(1, 0, 3, 3)), out_of_order(3, 20));
    assert_eq!(log.append(&batch(1, 0, 6, 2)), out_of_order(6, 20), "same start, other length");
}

#[test]
fn a_gap_is_refused_and_changes_nothing() {
    let mut log = TestLog::new();
    log.append(&batch(1, 0, 0, 1)).unwrap();
    assert_eq!(log.append(&batch(1, 0, 2, 1)), out_of_order(2, 0));
    assert_eq!(log.append(&batch(1, 0, 1, 1)), Ok(Offset::of(1)));
}

#[test]
fn an_unknown_producer_may_start_anywhere() {
    let mut log = TestLog::new();
    assert_eq!(log.append(&batch(1, 3, 500, 1)), Ok(Offset::ZERO));
}

#[test]
fn an_older_epoch_is_refused_and_a_newer_one_starts_at_zero() {
    let mut log = TestLog::new();
    log.append(&batch(1, 5, 0, 1)).unwrap();
    let stale = ProducerError::InvalidEpoch { got: 4, current: 5 };
    assert_eq!(log.append(&batch(1, 4, 1, 1)), Err(stale));
    assert_eq!(log.append(&batch(1, 6, 1, 1)), out_of_order(1, 0));
    assert_eq!(log.append(&batch(1, 6, 0, 1)), Ok(Offset::of(1)));
    assert_eq!(log.append(&batch(1, 6, 1, 1)), Ok(Offset::of(2)));
}

#[test]
fn sequences_wrap_to_zero() {
    let mut log = TestLog::new();
    log.append(&batch(1, 0, i32::MAX - 1, 2)).unwrap();
    assert_eq!(log.append(&batch(1, 0, 0, 1)), Ok(Offset::of(2)));

    let mut log = TestLog::new();
    log.append(&batch(1, 0, i32::MAX, 3)).unwrap();
    assert_eq!(log.append(&batch(1, 0, 2, 1)), Ok(Offset::of(3)));
    assert_eq!(log.append(&batch(1, 0, i32::MAX, 3)), Ok(Offset::ZERO), "a retry across the wrap");
}

#[test]
fn undo_restores_what_was() {
    let mut log = TestLog::new();
    log.append(&batch(1, 0, 0, 1)).unwrap();
    let before = log.producers.clone();
    let again = log.producers.record(batch(1, 1, 0, 1).header(), Offset::of(1)).unwrap();
    log.producers.undo(again);
    assert_eq!(log.producers, before);
}

#[test]
fn a_producer_whose_first_batch_was_taken_back_begins_with_it() {
    let mut log = TestLog::new();
    let first = log.producers.record(batch(2, 0, 7, 1).header(), Offset::ZERO).unwrap();
    log.producers.undo(first);
    assert_eq!(log.producers.iter().count(), 0, "a snapshot does not speak of it");
    assert!(log.append(&batch(2, 0, 8, 1)).is_err());
    assert!(log.append(&batch(2, 0, 7, 1)).is_ok());
    assert!(log.append(&batch(2, 0, 8, 1)).is_ok());
}

#[test]
fn a_transaction_is_open_until_its_marker() {
    let mut producers = Producers::default();
    let transactional = BatchBuilder::new(0)
        .producer(1, 0, 0)
        .attributes(Attributes(1 << 4))
        .record(0, None, None)
        .build()
        .unwrap();
    producers.record(transactional.header(), Offset::of(10));
    assert_eq!(producers.first_open_transaction(), Some(Offset::of(10)));
    let plain = producers.check(batch(1, 0, 1, 1).header(), AppendOrigin::Client);
    assert_eq!(plain, Err(ProducerError::InvalidTransactionState));

    let marker =
        BatchBuilder::new(0).producer(1, 0, -1).attributes(Attributes(0b11_0000)).record(0, None, None);
    producers.record(marker.build().unwrap().header(), Offset::of(11));
    assert_eq!(producers.first_open_transaction(), None);
}

#[test]
fn idle_producers_are_forgotten() {
    let mut log = TestLog::new();
    log.append(&batch(1, 0, 0, 1)).unwrap();
    log.producers.expire(-1);
    assert_eq!(log.producers.len(), 1);
    log.producers.expire(0);
    assert_eq!(log.producers.len(), 0);
}

#[test]
fn a_snapshot_brings_every_batch_back() {
    let mut producers = Producers::default();
    for (at, (id, sequence)) in [(7, 0), (7, 1), (9, 40)].into_iter().enumerate() {
        let batch = BatchBuilder::new(5).producer(id, 2, sequence).record(5, None, None).build().unwrap();
        producers.record(batch.header(), Offset::of(at as i64));
    }
    let without_batch =
        Producer { transaction_start: Some(Offset::of(3)), last_timestamp: 8, ..Producer::new(4) };
    producers.replace(11, Some(without_batch));
    let entries = snapshot::decode(&producers.to_snapshot()).unwrap();
    assert_eq!(entries.len(), 4);
    assert_eq!(Producers::from_snapshot(entries), producers);
}
