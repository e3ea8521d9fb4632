//! The simulated disk: what a crash takes, what faults do, and that a seed decides it all.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{ErrorKind, IoSlice};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use creel_io::fs::{self, File, OpenOptions};
use creel_io::sim::{Config, ErrorRates, NodeId, Simulation, Stop, run, run_with};
use creel_io::{now, sleep, spawn};

fn write(file: &File, bytes: &[u8], position: u64) {
    file.write_all_at(&mut [IoSlice::new(bytes)], position).unwrap();
}

fn create(path: &str) -> File {
    File::open(Path::new(path), OpenOptions::create()).unwrap()
}

fn one_node(seed: u64) -> (Simulation, NodeId) {
    let mut sim = Simulation::new(seed, Config::default());
    let node = sim.add_node("node", 1);
    (sim, node)
}

#[test]
fn what_was_synced_with_its_directory_survives_every_crash() {
    for seed in 0..50 {
        let (mut sim, node) = one_node(seed);
        sim.block_on(node, async {
            let file = create("/data/f");
            write(&file, b"kept", 0);
            file.sync_data().await.unwrap();
            fs::sync_dir(Path::new("/data")).await.unwrap();
            write(&file, b"lost?", 4);
            std::mem::forget(file);
        })
        .unwrap();
        sim.start(node, |_| std::future::pending());
        sim.crash(node);
        let left = sim.disk(node).read("/data/f").unwrap();
        assert_eq!(&left[..4], b"kept");
    }
}

#[test]
fn unsynced_bytes_and_names_may_be_lost_and_may_be_there() {
    let mut lengths = BTreeSet::new();
    let mut names = BTreeSet::new();
    for seed in 0..200 {
        let (mut sim, node) = one_node(seed);
        sim.start(node, |_| async {
            let file = create("/data/f");
            fs::sync_dir(Path::new("/data")).await.unwrap();
            write(&file, &[7; 3000], 0);
            let renamed = create("/data/new");
            write(&renamed, b"x", 0);
            renamed.sync_all().await.unwrap();
            fs::rename(Path::new("/data/new"), Path::new("/data/newer")).unwrap();
            std::future::pending::<()>().await;
        });
        sim.run_for(Duration::from_secs(1)).unwrap();
        sim.crash(node);
        lengths.insert(sim.disk(node).read("/data/f").unwrap().len());
        let present = ["/data/new", "/data/newer"].map(|name| sim.disk(node).read(name).is_ok());
        assert_ne!(present, [true, true], "a rename is one step");
        names.insert(present);
    }
    assert!(lengths.contains(&0) && lengths.contains(&3000), "{lengths:?}");
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn a_sync_covers_only_what_was_written_before_it() {
    let (mut sim, node) = one_node(3);
    let handle = sim.handle();
    let left = sim
        .block_on(node, async move {
            let file = create("/data/f");
            fs::sync_dir(Path::new("/data")).await.unwrap();
            write(&file, b"before", 0);
            let syncing = file.clone();
            let sync = spawn(async move { syncing.sync_data().await.unwrap() });
            creel_io::yield_now().await;
            creel_io::yield_now().await;
            write(&file, b"after", 6);
            sync.await;
            handle.disk(node).read_durable("/data/f").unwrap()
        })
        .unwrap();
    assert_eq!(left, b"before");
}

/// A file that was there and one that has come, in a directory that has come.
async fn leave_unsynced() {
    let file = create("/data/f");
    fs::create_dir_all(Path::new("/data/d/e")).unwrap();
    let other = create("/data/d/e/g");
    write(&file, b"left", 0);
    write(&other, b"in memory", 0);
}

#[test]
fn a_sync_of_the_file_system_covers_all_files_and_all_names() {
    for seed in 0..50 {
        let (mut sim, node) = one_node(seed);
        sim.start(node, |_| async {
            leave_unsynced().await;
            std::future::pending::<()>().await;
        });
        sim.run_for(Duration::from_secs(1)).unwrap();
        sim.kill(node);
        sim.start(node, |_| async {
            fs::sync_file_system(Path::new("/data")).await.unwrap();
            write(&create("/data/f"), b"later", 4);
            std::future::pending::<()>().await;
        });
        sim.run_for(Duration::from_secs(1)).unwrap();
        sim.crash(node);
        assert_eq!(&sim.disk(node).read("/data/f").unwrap()[..4], b"left");
        assert_eq!(sim.disk(node).read("/data/d/e/g").unwrap(), b"in memory");
    }
}

#[test]
fn a_failed_sync_of_the_file_system_loses_what_it_should_have_kept() {
    let mut lost = 0;
    for seed in 0..20 {
        let (mut sim, node) = one_node(seed);
        let handle = sim.handle();
        sim.start(node, move |_| {
            let handle = handle.clone();
            async move {
                leave_unsynced().await;
                handle.disk(node).fail_next_syncs(1);
                let error = fs::sync_file_system(Path::new("/data")).await.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(5));
                fs::sync_file_system(Path::new("/data")).await.unwrap();
                std::future::pending::<()>().await;
            }
        });
        sim.run_for(Duration::from_secs(1)).unwrap();
        sim.crash(node);
        lost += u32::from(sim.disk(node).read("/data/f").unwrap() != b"left");
        assert!(sim.disk(node).read("/data/d/e/g").is_ok(), "names are journalled");
    }
    assert!(lost > 0);
}

#[test]
fn a_killed_process_leaves_the_page_cache() {
    let (mut sim, node) = one_node(1);
    sim.start(node, |_| async {
        write(&create("/data/f"), b"written", 0);
        std::future::pending::<()>().await;
    });
    sim.run_for(Duration::from_secs(1)).unwrap();
    sim.kill(node);
    assert_eq!(sim.disk(node).read("/data/f").unwrap(), b"written");
    assert!(!sim.is_up(node));
    let read = sim.block_on(node, async { fs::read(Path::new("/data/f")).unwrap() }).unwrap();
    assert_eq!(&read[..], b"written");
}

#[test]
fn a_failed_sync_loses_what_it_should_have_kept() {
    let mut lost = 0;
    for seed in 0..20 {
        let (mut sim, node) = one_node(seed);
        let handle = sim.handle();
        sim.start(node, move |_| {
            let handle = handle.clone();
            async move {
                let file = create("/data/f");
                fs::sync_dir(Path::new("/data")).await.unwrap();
                write(&file, b"gone?", 0);
                handle.disk(node).fail_next_syncs(1);
                let error = file.sync_data().await.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(5));
                // The second one succeeds and says nothing about the first one's bytes.
                file.sync_data().await.unwrap();
                std::future::pending::<()>().await;
            }
        });
        sim.run_for(Duration::from_secs(1)).unwrap();
        sim.crash(node);
        lost += u32::from(sim.disk(node).read("/data/f").unwrap() != b"gone?");
    }
    assert!(lost > 0);
}

#[test]
fn a_full_disk_takes_what_fits_and_then_refuses() {
    run_with(1, Config::calm(), |handle| async move {
        let node = NodeId::FIRST;
        handle.disk(node).set_capacity(Some(8192));
        let file = create("/data/f");
        assert_eq!(file.write_at(&[IoSlice::new(&[1; 10_000])], 0).unwrap(), 8192);
        let error = file.write_at(&[IoSlice::new(&[1])], 8192).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert_eq!(file.allocate(8192, 1).unwrap_err().kind(), ErrorKind::StorageFull);
        write(&file, &[2; 100], 0);
        fs::remove_file(Path::new("/data/f")).unwrap();
        fs::sync_dir(Path::new("/data")).await.unwrap();
        let other = create("/data/g");
        assert!(other.write_at(&[IoSlice::new(b"x")], 0).is_err(), "the open file still takes its room");
        assert_eq!(file.len().unwrap(), 8192);
        drop(file);
        write(&other, b"x", 0);
    });
}

#[test]
fn reads_and_writes_fail_on_demand_and_by_chance() {
    run_with(1, Config::calm(), |handle| async move {
        let disk = handle.disk(NodeId::FIRST);
        let file = create("/data/f");
        write(&file, b"abc", 0);
        disk.fail_next_writes(1);
        assert!(file.write_at(&[IoSlice::new(b"xyz")], 0).is_err());
        assert_eq!(disk.read("/data/f").unwrap(), b"abc");
        disk.fail_next_reads(1);
        assert!(file.read_at(BytesMut::new(), 0, 3).await.0.is_err());
        assert_eq!(file.read_at(BytesMut::new(), 0, 3).await.0.unwrap(), 3);
        disk.set_error_rates(ErrorRates { write: 0.5, ..ErrorRates::default() });
        let failed = (0..100).filter(|_| file.write_at(&[IoSlice::new(b"x")], 0).is_err()).count();
        assert!((20..80).contains(&failed), "{failed}");
    });
}

#[test]
fn cold_bytes_and_short_writes_happen() {
    run(5, |_| async {
        let file = create("/data/f");
        let write = |_| file.write_at(&[IoSlice::new(&[1; 10_000])], 0).unwrap();
        let short = (0..200).map(write).filter(|count| [4096, 8192].contains(count)).count();
        let cold = (0..200).filter(|_| file.try_read_at(&mut [0; 1], 0).unwrap().is_none()).count();
        assert!(short > 0 && cold > 0);
    });
}

#[test]
fn a_flipped_bit_is_read() {
    run_with(1, Config::calm(), |handle| async move {
        let disk = handle.disk(NodeId::FIRST);
        disk.place("/data/dir/f", &[0; 10]).unwrap();
        disk.corrupt("/data/dir/f", 3, 4).unwrap();
        assert_eq!(fs::read(Path::new("/data/dir/f")).unwrap()[3], 16);
        assert_eq!(disk.read_durable("/data/dir/f").unwrap()[3], 16);
        assert_eq!(disk.files(), [Path::new("/data/dir/f")]);
    });
}

#[test]
fn the_power_goes_right_after_the_chosen_operation() {
    let body = |reached: Rc<Cell<u32>>| async move {
        let file = create("/data/f");
        for i in 0..10 {
            write(&file, &[i], u64::from(i));
            file.sync_data().await.unwrap();
            reached.set(reached.get() + 1);
        }
    };
    for operations in 1..=20 {
        let (mut sim, node) = one_node(operations);
        let reached = Rc::new(Cell::new(0));
        sim.crash_after_io(node, operations);
        let outcome = sim.block_on(node, body(reached.clone()));
        assert_eq!(outcome, Err(Stop::Crashed(node)));
        assert_eq!(sim.io_count(node), operations);
        // Operation 1 creates, then each round is a write and a sync; the round's end is seen with its sync.
        assert_eq!(u64::from(reached.get()), (operations - 1) / 2);
    }
}

#[test]
fn held_syncs_wait_until_they_are_let_go() {
    run(9, |handle| async move {
        let disk = handle.disk(NodeId::FIRST);
        disk.hold_syncs(true);
        let file = create("/data/f");
        let sync = spawn(async move { file.sync_data().await.unwrap() });
        sleep(Duration::from_secs(5)).await;
        assert!(!sync.is_finished());
        disk.hold_syncs(false);
        sync.await;
    });
}

#[test]
fn a_lock_ends_with_its_process() {
    let (mut sim, node) = one_node(1);
    sim.start(node, |_| async {
        let first = fs::lock_exclusive(Path::new("/data")).unwrap();
        let second = fs::lock_exclusive(Path::new("/data")).unwrap_err();
        assert_eq!(second.kind(), ErrorKind::WouldBlock);
        drop(first);
        std::mem::forget(fs::lock_exclusive(Path::new("/data")).unwrap());
        std::future::pending::<()>().await;
    });
    sim.run_for(Duration::from_secs(1)).unwrap();
    sim.kill(node);
    sim.block_on(node, async { fs::lock_exclusive(Path::new("/data")).map(|_| ()).unwrap() }).unwrap();
}

#[test]
fn virtual_hours_pass_at_once_and_a_deadlock_is_said() {
    let waited = run(1, |_| async {
        let before = now();
        sleep(Duration::from_secs(36_000)).await;
        before.elapsed()
    });
    assert!(waited >= Duration::from_secs(36_000));
    let (mut sim, node) = one_node(1);
    assert_eq!(sim.block_on(node, std::future::pending::<()>()), Err(Stop::Stalled));
}
