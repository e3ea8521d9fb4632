//! The local store on a disk that forgets, tears, fails and runs full.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use creel_io::sim::{Config, NodeId, Simulation, Stop};

use super::*;
use crate::metadata::{Change, Condition, Entry};

const DIR: &str = "/data";
/// Enough of these overgrow the journal, so that compactions are crashed into, too.
const VALUE_BYTES: usize = 6_000;

fn value(number: u64) -> Vec<u8> {
    vec![number as u8; VALUE_BYTES]
}

fn commit_of(number: u64) -> Transaction {
    let changes =
        vec![Change::put(format!("k{}", number % 4), value(number)), Change::put("last", number.to_string())];
    Transaction { changes, ..Transaction::default() }
}

/// Commits numbers from the store's revision on, and says which was acknowledged last.
async fn commit_until(end: u64, acked: Rc<Cell<u64>>) -> Result<(), StoreError> {
    let store = LocalStore::open(Path::new(DIR)).await?;
    let range = KeyRange::Prefix(String::new());
    let found = store.range(&range, None).await?;
    check(&found, acked.get());
    // What has been read once must not go again.
    acked.set(found.revision.0);
    for number in found.revision.0 + 1..=end {
        assert_eq!(store.commit(commit_of(number)).await?, CommitResult::Committed(Revision(number)));
        acked.set(number);
    }
    Ok(())
}

/// All that was acknowledged is there, whole, with at most one transaction more.
fn check(found: &Snapshot, acked: u64) {
    let revision = found.revision.0;
    assert!((acked..=acked + 1).contains(&revision), "{acked} acknowledged, {revision} found");
    let last = found.entries.iter().find(|entry| entry.key == "last");
    assert_eq!(last.map_or(0, |entry| entry.modified.0), revision);
    let values = found.entries.iter().filter(|entry| entry.key != "last");
    assert!(values.clone().all(|entry: &Entry| entry.value == value(entry.modified.0)));
    let newest = values.map(|entry| entry.modified.0).max();
    assert_eq!(newest.unwrap_or(0), revision);
}

/// Runs until the store stands at `end`, with a crash after every so many operations of each run.
fn with_crashes(seed: u64, first_crash: u64, later_crashes: u64, end: u64) -> u32 {
    let mut sim = Simulation::new(seed, Config::default());
    let node: NodeId = sim.add_node("store", 1);
    let acked = Rc::new(Cell::new(0));
    let mut crashes = 0;
    let mut crash_after = first_crash;
    loop {
        sim.handle().crash_after_io(node, crash_after);
        let outcome = sim.block_on(node, commit_until(end, acked.clone()));
        match outcome {
            Ok(done) => {
                assert_eq!(done, Ok(()), "seed {seed}, crash after {first_crash}");
                assert_eq!(acked.get(), end);
                return crashes;
            }
            Err(stop) => assert!(matches!(stop, Stop::Crashed(_)), "seed {seed}: {stop:?}"),
        }
        crashes += 1;
        // Later runs live longer, or nothing would ever be done.
        crash_after = later_crashes + u64::from(crashes);
    }
}

#[test]
fn a_crash_after_any_operation_loses_nothing_acknowledged() {
    let crashes: u32 = (0..120).map(|crash_after| with_crashes(crash_after, crash_after, 10_000, 40)).sum();
    assert!(crashes > 80, "{crashes} crashes");
}

#[test]
fn crashes_during_recovery_lose_nothing_either() {
    let crashes: u32 = (0..60).map(|seed| with_crashes(1000 + seed, 20 + seed, 0, 30)).sum();
    assert!(crashes > 200, "{crashes} crashes");
}

#[test]
fn a_failed_sync_is_final_until_a_restart() {
    creel_io::sim::run(7, |handle| async move {
        let store = LocalStore::open(Path::new(DIR)).await.unwrap();
        store.commit(commit_of(1)).await.unwrap();
        handle.disk(NodeId::FIRST).fail_next_syncs(1);
        assert!(matches!(store.commit(commit_of(2)).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.commit(commit_of(2)).await, Err(StoreError::Unavailable(_))));
        let conditions = vec![Condition::Absent("last".to_owned())];
        let refused = store.commit(Transaction { conditions, ..commit_of(2) }).await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable(_))),
            "not a conflict: a restart may find otherwise"
        );
        let found = store.range(&KeyRange::Prefix(String::new()), None).await.unwrap();
        assert_eq!(found.revision, Revision(1), "reads go on, of what is durable");
        drop(store);
        let store = LocalStore::open(Path::new(DIR)).await.unwrap();
        let found = store.range(&KeyRange::Prefix(String::new()), None).await.unwrap();
        check(&found, 1);
        let next = found.revision.0 + 1;
        assert_eq!(store.commit(commit_of(next)).await, Ok(CommitResult::Committed(Revision(next))));
    });
}

#[test]
fn a_full_disk_refuses_commits_until_there_is_room() {
    creel_io::sim::run(7, |handle| async move {
        let store = LocalStore::open(Path::new(DIR)).await.unwrap();
        let disk = handle.disk(NodeId::FIRST);
        store.commit(commit_of(1)).await.unwrap();
        disk.set_capacity(Some(disk.used() + 100));
        assert!(matches!(store.commit(commit_of(2)).await, Err(StoreError::Unavailable(_))));
        disk.set_capacity(None);
        assert_eq!(store.commit(commit_of(2)).await, Ok(CommitResult::Committed(Revision(2))));
        drop(store);
        let store = LocalStore::open(Path::new(DIR)).await.unwrap();
        check(&store.range(&KeyRange::Prefix(String::new()), None).await.unwrap(), 2);
    });
}

#[test]
fn a_disk_full_at_a_compaction_costs_nothing() {
    creel_io::sim::run(7, |handle| async move {
        let store = LocalStore::open(Path::new(DIR)).await.unwrap();
        let disk = handle.disk(NodeId::FIRST);
        for number in 1..=30 {
            // Room for the next record, and for no snapshot beside it.
            disk.set_capacity(Some(disk.used() + 2 * 4096));
            assert_eq!(store.commit(commit_of(number)).await, Ok(CommitResult::Committed(Revision(number))));
        }
        drop(store);
        disk.set_capacity(None);
        let store = LocalStore::open(Path::new(DIR)).await.unwrap();
        check(&store.range(&KeyRange::Prefix(String::new()), None).await.unwrap(), 30);
    });
}

/// A failed sync leaves a record in the page cache that the medium lacks. Where there is no room to write the journal anew,
/// what a start reads must be what the medium holds all the same.
#[test]
fn what_a_start_without_room_has_read_does_not_go_again() {
    for seed in 0..40 {
        let mut sim = Simulation::new(seed, Config::default());
        let node: NodeId = sim.add_node("store", 1);
        let failing = sim.handle().disk(node);
        let lived = sim.block_on(node, async move {
            let acked = Rc::new(Cell::new(0));
            commit_until(3, acked).await.unwrap();
            let store = LocalStore::open(Path::new(DIR)).await.unwrap();
            failing.fail_next_syncs(1);
            store.commit(commit_of(4)).await.unwrap_err();
            failing.set_capacity(Some(0));
        });
        lived.unwrap();
        let look = || async {
            let store = LocalStore::open(Path::new(DIR)).await.unwrap();
            store.range(&KeyRange::Prefix(String::new()), None).await.unwrap()
        };
        let (handle, seen) = (sim.handle(), Rc::new(Cell::new(None)));
        let of_node = seen.clone();
        let outcome = sim.block_on(node, async move {
            of_node.set(Some(look().await));
            handle.crash(node);
            std::future::pending::<()>().await;
        });
        assert_eq!(outcome, Err(Stop::Crashed(node)));
        let found = seen.take().unwrap();
        check(&found, 3);
        assert_eq!(sim.block_on(node, look()).unwrap(), found, "seed {seed}");
        sim.handle().disk(node).set_capacity(None);
        let next = found.revision.0 + 1;
        let goes_on = sim.block_on(node, commit_until(next, Rc::new(Cell::new(next - 1))));
        assert_eq!(goes_on.unwrap(), Ok(()), "seed {seed}");
    }
}
