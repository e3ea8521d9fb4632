//! Folds of more than one step, and logs that are not folded.

use bytes::{BufMut, Bytes, BytesMut};
use creel_io::Instant;

use super::story::{LIMITS, WALL_MS};
use crate::groups::*;
use crate::offsets::{BatchContent, LoggedRecord, OffsetCommit, OffsetsRecord, RecordKey};

const NOW: Now = Now { monotonic: Instant::from_nanos(0), wall_ms: WALL_MS };

fn commit(group: &str, topic: &str, partition: i32, offset: i64) -> OffsetsRecord {
    let (group, topic) = (group.to_owned(), topic.to_owned());
    let metadata = "note".to_owned();
    let commit =
        OffsetCommit { offset, leader_epoch: -1, metadata, commit_time_ms: WALL_MS, expire_time_ms: None };
    OffsetsRecord::offset(&RecordKey::Offset { group, topic, partition }, &commit)
}

fn load(log: impl IntoIterator<Item = OffsetsRecord>) -> Coordinator {
    let mut coordinator = Coordinator::new(LIMITS);
    let logged = (0..).zip(log).map(|(offset, record)| LoggedRecord { offset, record });
    logged.for_each(|record| coordinator.replay(BatchContent::Records(vec![record])).unwrap());
    coordinator.loaded(NOW);
    coordinator
}

/// Folds to the end; the batches that were written.
fn fold(coordinator: &mut Coordinator, from: i64) -> (Vec<Vec<OffsetsRecord>>, u64) {
    let mut batches: Vec<Vec<OffsetsRecord>> = Vec::new();
    coordinator.begin_fold(from);
    loop {
        let (outputs, step) = coordinator.fold(NOW);
        for write in outputs.writes {
            let offset = from + batches.iter().map(|batch| batch.len() as i64).sum::<i64>();
            batches.push(write.records);
            assert_eq!(coordinator.fold(NOW).1, FoldStep::Waits, "one step at a time");
            coordinator.handle(NOW, Event::Persisted(write.id, offset));
        }
        match step {
            FoldStep::More { .. } => {}
            FoldStep::Done(bytes) => return (batches, bytes),
            FoldStep::Waits | FoldStep::Failed(_) => panic!("{step:?}"),
        }
    }
}

fn offsets(coordinator: &Coordinator, group: &str) -> FetchReply {
    coordinator.fetch(&FetchRequest { group: group.to_owned(), topics: None, require_stable: false })
}

#[test]
fn whatever_is_live_is_written_once_in_small_steps() {
    let mut log = Vec::new();
    for offset in 0..3 {
        for partition in 0..2500 {
            log.push(commit("large", if partition % 2 == 0 { "even" } else { "odd" }, partition, offset));
        }
        log.extend((0..1500).map(|group| commit(&format!("small {group}"), "t", 0, offset)));
    }
    let from = log.len() as i64;
    let mut coordinator = load(log);
    let before = coordinator.live_bytes();
    let (batches, bytes) = fold(&mut coordinator, from);
    assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 4000);
    assert!(batches.len() > 4 && batches.iter().all(|batch| batch.len() <= 1000));
    assert!(bytes / 2 < before && before < bytes * 2, "{before} {bytes}");
    let restarted = load(batches.into_iter().flatten());
    assert_eq!(restarted.list(), coordinator.list());
    for group in coordinator.list() {
        assert_eq!(offsets(&restarted, &group.group), offsets(&coordinator, &group.group));
    }
    let (batches, _) = fold(&mut coordinator, from);
    assert_eq!(batches.len(), 0, "it lies behind the place already");
}

#[test]
fn a_step_that_fails_ends_the_fold_and_another_can_begin() {
    let mut coordinator = load([commit("g", "t", 0, 5)]);
    coordinator.begin_fold(1);
    let (outputs, _) = coordinator.fold(NOW);
    coordinator.handle(NOW, Event::WriteFailed(outputs.writes[0].id, GroupError::CoordinatorNotAvailable));
    assert_eq!(coordinator.fold(NOW).1, FoldStep::Failed(GroupError::CoordinatorNotAvailable));
    assert_eq!(fold(&mut coordinator, 1).0, [[commit("g", "t", 0, 5)]]);
}

/// A record of Kafka's newer groups.
fn foreign(value: Option<&'static [u8]>) -> OffsetsRecord {
    let mut key = BytesMut::new();
    key.put_slice(b"\x00\x03\x00\x01g");
    OffsetsRecord { key: key.freeze(), value: value.map(Bytes::from_static) }
}

#[test]
fn what_is_not_understood_is_not_folded_away() {
    assert!(load([commit("g", "t", 0, 5)]).can_fold());
    assert!(!load([foreign(Some(b"x")), commit("g", "t", 0, 5)]).can_fold());
    assert!(load([foreign(Some(b"x")), foreign(None)]).can_fold(), "it was taken back");
    let mut coordinator = load([]);
    coordinator.replay_failed();
    assert!(!coordinator.can_fold(), "who knows what it said");
}

#[test]
fn a_log_with_an_open_transaction_is_not_folded() {
    let mut coordinator = load([]);
    let records = vec![LoggedRecord { offset: 0, record: commit("g", "t", 0, 5) }];
    coordinator.replay(BatchContent::Transactional { producer_id: 7, records }).unwrap();
    assert!(!coordinator.can_fold());
    coordinator.replay(BatchContent::Marker { producer_id: 7, committed: true }).unwrap();
    assert!(coordinator.can_fold());
    assert_eq!(fold(&mut coordinator, 2).0, [[commit("g", "t", 0, 5)]]);
}
