//! The local store over real files: what was committed is there, whatever happened to the end of the journal.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use creel_io::runtime::{RuntimeConfig, start};
use creel_io::sim;

use super::journal::Journal;
use super::record::JournalRecord;
use super::*;
use crate::metadata::{Change, Condition, KeyEvent, next_producer_ids};

/// Runs a story on a core of its own.
fn on_a_core<F: Future<Output = ()> + 'static>(story: fn(PathBuf) -> F) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    start(&RuntimeConfig::unpinned(1), move |_| story(path.clone())).unwrap().join();
}

/// Runs a story in the simulator, where time passes only while everybody waits.
fn in_virtual_time<F: Future<Output = ()> + 'static>(story: fn(PathBuf) -> F) {
    let mut sim = sim::Simulation::new(1, sim::Config::default());
    let node = sim.add_node("store", 1);
    sim.block_on(node, story("/data".into())).unwrap();
}

fn journal_of(dir: &Path) -> PathBuf {
    dir.join("creel-metadata.journal")
}

fn put(key: &str, value: &str) -> Transaction {
    Transaction { changes: vec![Change::put(key, value.to_owned())], ..Transaction::default() }
}

async fn all(store: &LocalStore) -> String {
    show(&store.range(&KeyRange::Prefix(String::new()), None).await.unwrap())
}

fn show(snapshot: &Snapshot) -> String {
    let entries = snapshot.entries.iter().map(|entry| {
        let value = String::from_utf8_lossy(&entry.value).into_owned();
        format!("{}={value}@{}", entry.key, entry.modified.0)
    });
    format!("{}: {}", snapshot.revision.0, entries.collect::<Vec<_>>().join(" "))
}

#[test]
fn transactions_compare_and_set() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        assert_eq!(store.commit(put("a", "1")).await, Ok(CommitResult::Committed(Revision(1))));
        let create = Transaction { conditions: vec![Condition::Absent("a".into())], ..put("a", "2") };
        assert_eq!(store.commit(create).await, Ok(CommitResult::Conflict(Revision(1))));
        let update = Transaction {
            conditions: vec![Condition::Unchanged("a".into(), Revision(1)), Condition::Present("a".into())],
            changes: vec![Change::put("a", "2"), Change::put("b", "x")],
        };
        assert_eq!(store.commit(update.clone()).await, Ok(CommitResult::Committed(Revision(2))));
        assert_eq!(store.commit(update).await, Ok(CommitResult::Conflict(Revision(2))));
        let twice = Transaction {
            changes: vec![Change::put("a", "3"), Change::Delete("a".into())],
            ..Transaction::default()
        };
        assert_eq!(store.commit(twice).await, Err(StoreError::ChangedTwice("a".into())));
        assert_eq!(all(&store).await, "2: a=2@2 b=x@2");
    });
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        for number in 0..20 {
            store.commit(put(&format!("k{}", number % 3), &number.to_string())).await.unwrap();
        }
        let delete = Transaction { changes: vec![Change::Delete("k1".into())], ..Transaction::default() };
        store.commit(delete).await.unwrap();
        let before = all(&store).await;
        drop(store);
        let store = LocalStore::open(&dir).await.unwrap();
        assert_eq!(all(&store).await, before);
        assert_eq!(before, "21: k0=18@19 k2=17@18");
        assert_eq!(store.commit(put("k1", "new")).await, Ok(CommitResult::Committed(Revision(22))));
    });
}

#[test]
fn a_range_can_be_read_as_of_the_past() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        for (key, value) in [("a", "1"), ("b", "2"), ("a", "3"), ("other", "4")] {
            store.commit(put(key, value)).await.unwrap();
        }
        let delete = Transaction { changes: vec![Change::Delete("b".into())], ..Transaction::default() };
        store.commit(delete).await.unwrap();
        let mut texts = Vec::new();
        for revision in 0..=5 {
            let range = KeyRange::Prefix(String::new());
            texts.push(show(&store.range(&range, Some(Revision(revision))).await.unwrap()));
        }
        assert_eq!(
            texts,
            [
                "0: ",
                "1: a=1@1",
                "2: a=1@1 b=2@2",
                "3: a=3@3 b=2@2",
                "4: a=3@3 b=2@2 other=4@4",
                "5: a=3@3 other=4@4",
            ]
        );
        let key = KeyRange::Key("a".into());
        assert_eq!(show(&store.range(&key, None).await.unwrap()), "5: a=3@3");
        let future = store.range(&key, Some(Revision(6))).await;
        assert_eq!(future, Err(StoreError::Future(Revision(6))));
    });
}

#[test]
fn a_watch_sees_every_change_once_and_in_order() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        store.commit(put("t/a", "0")).await.unwrap();
        let mut watch = store.watch(KeyRange::Prefix("t/".into()), Revision(1)).await.unwrap();
        let seen = creel_io::spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < 3 {
                let update = watch.next().await.unwrap();
                for event in update.events {
                    seen.push(match event {
                        KeyEvent::Put(entry) => format!("{} put {}", update.revision.0, entry.key),
                        KeyEvent::Deleted(key) => format!("{} deleted {key}", update.revision.0),
                    });
                }
            }
            seen
        });
        store.commit(put("other", "1")).await.unwrap();
        store.commit(put("t/b", "1")).await.unwrap();
        let changes = vec![Change::Delete("t/a".into()), Change::Delete("t/none".into())];
        store.commit(Transaction { changes, ..Transaction::default() }).await.unwrap();
        store.commit(put("t/c", "1")).await.unwrap();
        assert_eq!(seen.await, ["3 put t/b", "4 deleted t/a", "5 put t/c"]);
    });
}

#[test]
fn keys_of_a_session_go_with_it() {
    in_virtual_time(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        let short = store.open_session(Duration::from_secs(1)).await.unwrap();
        let long = store.open_session(Duration::from_secs(100)).await.unwrap();
        for (key, session) in [("short", Some(short)), ("long", Some(long)), ("plain", None)] {
            let change = Change::Put { key: key.into(), value: Bytes::new(), session };
            store.commit(Transaction { changes: vec![change], ..Transaction::default() }).await.unwrap();
        }
        let mut watch = store.watch(KeyRange::Key("short".into()), Revision(3)).await.unwrap();
        assert_eq!(watch.next().await.unwrap().events, [KeyEvent::Deleted("short".into())]);
        assert_eq!(store.keep_alive(short).await, Err(StoreError::NoSession(short)));
        assert_eq!(store.keep_alive(long).await, Ok(()));
        assert_eq!(all(&store).await, "4: long=@2 plain=@3");
        drop(store);
        // A restart ends every session.
        let store = LocalStore::open(&dir).await.unwrap();
        assert_eq!(all(&store).await, "5: plain=@3");
    });
}

#[test]
fn a_journal_cut_anywhere_opens_with_the_whole_records_before_the_cut() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        let mut ends = Vec::new();
        for number in 0..4 {
            ends.push(std::fs::metadata(journal_of(&dir)).unwrap().len());
            store.commit(put(&format!("k{number}"), "v")).await.unwrap();
        }
        drop(store);
        // Each length was that of the records and the mark behind them, which the next record is written over.
        ends.iter_mut().for_each(|end| *end -= MARK as u64);
        let whole = std::fs::read(journal_of(&dir)).unwrap();
        let whole = &whole[..whole.len() - MARK];
        for cut in ends[0] as usize..=whole.len() {
            std::fs::write(journal_of(&dir), &whole[..cut]).unwrap();
            let (_, state) = Journal::open(&dir).await.unwrap();
            let expected = ends.iter().filter(|end| **end <= cut as u64).count() - 1;
            let expected = if cut == whole.len() { 4 } else { expected };
            assert_eq!(state.revision(), Revision(expected as u64), "cut at {cut}");
            let store = LocalStore::open(&dir).await.unwrap();
            let next = store.commit(put("more", "v")).await;
            assert_eq!(next, Ok(CommitResult::Committed(Revision(expected as u64 + 1))));
        }
    });
}

#[test]
fn a_damaged_record_before_others_is_an_error_and_nothing_is_cut() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        let begin = std::fs::metadata(journal_of(&dir)).unwrap().len() as usize;
        store.commit(put("a", "1")).await.unwrap();
        let end = std::fs::metadata(journal_of(&dir)).unwrap().len() as usize;
        store.commit(put("b", "2")).await.unwrap();
        drop(store);
        every_bit_is_missed(&dir, begin - MARK..end - MARK).await;
    });
}

/// What the mark at the end takes.
const MARK: usize = 21;

/// Flips each bit of these bytes of the journal, one by one.
async fn every_bit_is_missed(dir: &Path, bytes: std::ops::Range<usize>) {
    let whole = std::fs::read(journal_of(dir)).unwrap();
    for position in bytes {
        for bit in 0..8 {
            let mut broken = whole.clone();
            broken[position] ^= 1 << bit;
            std::fs::write(journal_of(dir), &broken).unwrap();
            let opened = Journal::open(dir).await.map(|_| ());
            let Err(StoreError::Damaged(why)) = opened else {
                panic!("byte {position} bit {bit}: {opened:?}");
            };
            assert!(why.contains("creel-metadata.journal"), "{why}");
            assert_eq!(std::fs::read(journal_of(dir)).unwrap(), broken);
        }
    }
    std::fs::write(journal_of(dir), &whole).unwrap();
}

#[test]
fn a_damaged_last_record_is_an_error_too() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        store.commit(put("topic", "1")).await.unwrap();
        let begin = std::fs::metadata(journal_of(&dir)).unwrap().len() as usize - MARK;
        let delete = Transaction { changes: vec![Change::Delete("topic".into())], ..Transaction::default() };
        store.commit(delete).await.unwrap();
        store.seal().await.unwrap();
        drop(store);
        let end = std::fs::metadata(journal_of(&dir)).unwrap().len() as usize - MARK;
        every_bit_is_missed(&dir, begin..end).await;

        // The only record there is.
        drop(LocalStore::open(&dir).await.unwrap());
        let end = std::fs::metadata(journal_of(&dir)).unwrap().len() as usize - MARK;
        every_bit_is_missed(&dir, 0..end).await;
    });
}

#[test]
fn a_damaged_mark_says_nothing_and_costs_nothing() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        store.commit(put("a", "1")).await.unwrap();
        drop(store);
        let whole = std::fs::read(journal_of(&dir)).unwrap();
        for position in whole.len() - MARK..whole.len() {
            for bit in 0..8 {
                let mut broken = whole.clone();
                broken[position] ^= 1 << bit;
                std::fs::write(journal_of(&dir), &broken).unwrap();
                let (_, state) = Journal::open(&dir).await.unwrap();
                assert_eq!(state.revision(), Revision(1), "byte {position} bit {bit}");
            }
        }
    });
}

#[test]
fn nothing_comes_after_the_last_revision_there_is() {
    let snapshot = JournalRecord::Snapshot(Revision(u64::MAX), Vec::new()).frame();
    let after = JournalRecord::Commit(Revision(0), Vec::new()).frame();
    let journal = |frames: &[&[u8]]| rewritten(&[&MAGIC[..], &frames.concat()].concat().into());
    assert!(journal(&[&snapshot]).is_some());
    assert_eq!(journal(&[&snapshot, &after]), None);
}

#[test]
fn a_journal_is_compacted_and_says_the_same() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        let value = "x".repeat(1000);
        for number in 0..300 {
            store.commit(put(&format!("k{}", number % 5), &value)).await.unwrap();
        }
        assert!(std::fs::metadata(journal_of(&dir)).unwrap().len() < 100_000);
        let before = all(&store).await;
        drop(store);
        let store = LocalStore::open(&dir).await.unwrap();
        assert_eq!(all(&store).await, before);
        let old = store.range(&KeyRange::Key("k0".into()), Some(Revision(1))).await;
        assert_eq!(old, Err(StoreError::Compacted(Revision(1))));
        let watch = store.watch(KeyRange::Key("k0".into()), Revision(1)).await.map(|_| ());
        assert_eq!(watch, Err(StoreError::Compacted(Revision(1))));
    });
}

#[test]
fn producer_ids_are_never_given_twice() {
    on_a_core(|dir| async move {
        let store = LocalStore::open(&dir).await.unwrap();
        let both = (next_producer_ids(&store).await.unwrap(), next_producer_ids(&store).await.unwrap());
        assert_eq!(both, (0..1000, 1000..2000));
        drop(store);
        let store = LocalStore::open(&dir).await.unwrap();
        assert_eq!(next_producer_ids(&store).await.unwrap(), 2000..3000);
    });
}

#[test]
fn records_come_back() {
    let entry = crate::metadata::Entry {
        key: "k".into(),
        value: Bytes::from_static(b"v"),
        created: Revision(1),
        modified: Revision(2),
        session: Some(SessionId(3)),
    };
    let records = [
        JournalRecord::Snapshot(Revision(7), vec![entry]),
        JournalRecord::Commit(Revision(8), vec![Change::put("a", "b"), Change::Delete("c".into())]),
        JournalRecord::End(Revision(8)),
    ];
    assert_eq!(records[2].frame().len(), MARK);
    for record in records {
        let frame = record.frame();
        assert_eq!(record::take_frame(&frame), Some((record, frame.len())));
    }
}
