//! Disks that fail, run full, or flip bits.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use common::*;
use creel_engine::{
    AppendError, AppendOrigin, Batch, BatchBuilder, LeaderEpoch, LogConfig, Offset, Partition, ReadError,
    TurnWriter,
};
use creel_io::fs;
use creel_io::sim::{self, Config, NodeId, Simulation, Stop};

const DIRECTORY: &str = "/data/log";

async fn three_batches() -> Partition {
    let partition = open(Path::new(DIRECTORY)).await;
    for at in 0..3 {
        append(&partition, &batch(1, 1000, at + 1)).await;
    }
    partition
}

#[test]
fn a_failed_sync_is_final() {
    for seed in 0..20 {
        sim::run(seed, |handle| async move {
            let partition = three_batches().await;
            handle.disk(NodeId::FIRST).fail_next_syncs(1);
            let doomed = partition.append(&batch(1, 10, 9), AppendOrigin::Client).unwrap();
            assert_eq!(doomed.durable().await, Err(AppendError::Storage));
            // The disk would work again; what it holds is unknown all the same.
            let refusal = partition.append(&batch(1, 10, 9), AppendOrigin::Client).unwrap_err();
            assert_eq!(refusal, AppendError::Storage);
            assert!(partition.is_poisoned());
            assert_eq!(partition.high_watermark(), Offset::of(3));
            assert_eq!(read_all(&partition, 0).await.len(), 3, "what is durable is still served");
            assert!(partition.close().await.is_err(), "no clean stop");

            let partition = open(Path::new(DIRECTORY)).await;
            assert!(partition.log_end() >= Offset::of(3));
            assert!(read_all(&partition, 0).await.len() >= 3);
            assert!(partition.append(&batch(1, 10, 9), AppendOrigin::Client).is_ok());
        });
    }
}

#[test]
fn a_failed_write_is_final_too() {
    sim::run_with(1, Config::calm(), |handle| async move {
        let partition = three_batches().await;
        handle.disk(NodeId::FIRST).fail_next_writes(4);
        let doomed = partition.append(&batch(1, 10, 9), AppendOrigin::Client).unwrap();
        assert_eq!(doomed.written().await, Err(AppendError::Storage));
        assert!(partition.is_poisoned());
        assert_eq!(read_all(&partition, 0).await.len(), 3);
    });
}

#[test]
fn a_full_disk_refuses_cleanly_and_recovers_by_itself() {
    for seed in 0..20 {
        sim::run(seed, |handle| async move {
            let partition = three_batches().await;
            let disk = handle.disk(NodeId::FIRST);
            disk.set_capacity(Some(disk.used()));
            let mut accepted = 3;
            let refusal = loop {
                let ticket = partition.append(&batch(1, 5000, 9), AppendOrigin::Client).unwrap();
                match ticket.durable().await {
                    Ok(_) => accepted += 1,
                    Err(error) => break error,
                }
            };
            assert_eq!(refusal, AppendError::DiskFull);
            assert_eq!(partition.log_end(), Offset::of(accepted));
            assert_eq!(read_all(&partition, 0).await.len() as i64, accepted, "reads go on");
            disk.set_capacity(None);
            assert_eq!(append(&partition, &batch(1, 5000, 8)).await, Offset::of(accepted));

            let partition = open(Path::new(DIRECTORY)).await;
            assert_eq!(partition.log_end(), Offset::of(accepted + 1));
            assert!(partition.bad_ranges().is_empty());
        });
    }
}

/// One record of so many bytes, from producer 4.
fn sequenced(sequence: i32, bytes: usize) -> Batch {
    let now = creel_io::wall_clock_ms();
    let builder = BatchBuilder::new(now).producer(4, 0, sequence);
    builder.record(now, None, Some(&vec![1; bytes])).build().unwrap()
}

#[test]
fn a_full_disk_takes_a_producers_sequence_back() {
    sim::run(3, |handle| async move {
        let partition = three_batches().await;
        append(&partition, &sequenced(0, 10)).await;
        let disk = handle.disk(NodeId::FIRST);
        disk.set_capacity(Some(disk.used()));
        let large = sequenced(1, 200_000);
        let refusal = partition.append(&large, AppendOrigin::Client).unwrap().written().await;
        assert_eq!(refusal, Err(AppendError::DiskFull));
        disk.set_capacity(None);
        assert_eq!(append(&partition, &large).await, Offset::of(4), "the retry is no duplicate");
    });
}

#[test]
fn what_a_new_producer_sent_behind_a_refused_batch_does_not_go_first() {
    sim::run(3, |handle| async move {
        let partition = three_batches().await;
        let disk = handle.disk(NodeId::FIRST);
        disk.set_capacity(Some(disk.used()));
        let first = sequenced(0, 200_000);
        let refusal = partition.append(&first, AppendOrigin::Client).unwrap().written().await;
        assert_eq!(refusal, Err(AppendError::DiskFull));
        disk.set_capacity(None);
        let second = partition.append(&sequenced(1, 10), AppendOrigin::Client).unwrap_err();
        assert!(matches!(second, AppendError::Producer(_)), "{second}");
        assert_eq!(append(&partition, &first).await, Offset::of(3));
        assert_eq!(append(&partition, &sequenced(1, 10)).await, Offset::of(4));
    });
}

/// What a refused write left of itself is what sectors read as that a later write loses.
#[test]
fn an_end_torn_where_a_write_was_refused_is_no_damage() {
    for seed in 0..200 {
        sim::run(seed, |handle| async move {
            let partition = three_batches().await;
            let disk = handle.disk(NodeId::FIRST);
            disk.set_capacity(Some(disk.used()));
            let refused = partition.append(&batch(1, 200_000, 8), AppendOrigin::Client).unwrap();
            assert_eq!(refused.written().await, Err(AppendError::DiskFull));
            disk.set_capacity(None);
            disk.fail_next_syncs(1);
            let mut tickets = Vec::new();
            for at in 0..6 {
                tickets.push(partition.append(&batch(1, 900, 10 + at), AppendOrigin::Client).unwrap());
                let syncing = partition.clone();
                creel_io::spawn(async move { syncing.sync().await });
                creel_io::yield_now().await;
            }
            for ticket in tickets {
                assert_eq!(ticket.durable().await, Err(AppendError::Storage));
            }
            drop(partition);
            let partition = open(Path::new(DIRECTORY)).await;
            assert_eq!(partition.bad_ranges(), []);
            assert!(read_all(&partition, 0).await.len() >= 3);
        });
    }
}

#[test]
fn nor_does_it_where_no_segment_could_begin_for_the_first() {
    sim::run_with(3, Config::calm(), |handle| async move {
        let config = LogConfig { segment_bytes: 8192, ..LogConfig::default() };
        let partition = open_with(Path::new(DIRECTORY), config).await;
        append(&partition, &batch(1, 8000, 9)).await;
        let disk = handle.disk(NodeId::FIRST);
        disk.set_capacity(Some(disk.used()));
        let first = sequenced(0, 1000);
        assert_eq!(partition.append(&first, AppendOrigin::Client).unwrap_err(), AppendError::DiskFull);
        let second = partition.append(&sequenced(1, 10), AppendOrigin::Client).unwrap_err();
        assert!(matches!(second, AppendError::Producer(_)), "{second}");
        disk.set_capacity(None);
        assert_eq!(append(&partition, &first).await, Offset::of(1));
        assert_eq!(append(&partition, &sequenced(1, 10)).await, Offset::of(2));
    });
}

/// A retry may come late: when nothing is left of its batch, the producer snapshot alone tells that it is one.
#[test]
fn retention_on_a_full_disk_forgets_no_producer() {
    for blocks in 0..12 {
        sim::run_with(blocks, Config::calm(), move |handle| async move {
            let config = LogConfig { segment_bytes: 8192, ..LogConfig::default() };
            let partition = open_with(Path::new(DIRECTORY), config.clone()).await;
            let original = append(&partition, &sequenced(0, 10)).await;
            for _ in 0..10 {
                append(&partition, &batch(1, 3000, 9)).await;
            }
            // Room for all, some, or none of the files that the next segments bring.
            let disk = handle.disk(NodeId::FIRST);
            disk.set_capacity(Some(disk.used() + blocks * 4096));
            let large = || partition.append(&batch(1, 3000, 9), AppendOrigin::Client);
            while let Ok(ticket) = large()
                && ticket.durable().await.is_ok()
            {}
            partition.advance_log_start(partition.high_watermark()).await.unwrap();
            append(&partition, &batch(1, 3000, 9)).await;
            disk.set_capacity(None);
            let partition = open_with(Path::new(DIRECTORY), config).await;
            assert!(partition.log_start() > original, "{blocks} blocks");
            let retry = partition.append(&sequenced(0, 10), AppendOrigin::Client).unwrap();
            assert_eq!(retry.base_offset(), original, "{blocks} blocks");
        });
    }
}

/// A start that finds a producer snapshot missing, and no room for it, has its segments stay until there is.
#[test]
fn retention_waits_for_the_snapshot_that_a_start_had_no_room_for() {
    let config = || LogConfig { segment_bytes: 8192, ..LogConfig::default() };
    let waited = |blocks: u64| {
        sim::run_with(blocks, Config::calm(), move |handle| async move {
            let partition = open_with(Path::new(DIRECTORY), config()).await;
            let original = append(&partition, &sequenced(0, 10)).await;
            for _ in 0..10 {
                append(&partition, &batch(1, 3000, 9)).await;
            }
            drop(partition);
            let disk = handle.disk(NodeId::FIRST);
            for path in disk.files().iter().filter(|path| path.extension().is_some_and(|e| e == "snapshot")) {
                fs::remove_file(path).unwrap();
            }
            fs::sync_dir(&Path::new(DIRECTORY).join("orders-0")).await.unwrap();
            disk.set_capacity(Some(disk.used() - blocks * 4096));
            let opened = Partition::open(&TurnWriter::new(), opening(Path::new(DIRECTORY), config())).await;
            let moved = match &opened {
                Ok(partition) => Some(partition.advance_log_start(Offset::of(9)).await),
                Err(_) => None,
            };
            drop(opened);
            disk.set_capacity(None);
            let partition = open_with(Path::new(DIRECTORY), config()).await;
            partition.advance_log_start(Offset::of(9)).await.unwrap();
            let partition = open_with(Path::new(DIRECTORY), config()).await;
            assert!(partition.log_start() > original);
            let retry = partition.append(&sequenced(0, 10), AppendOrigin::Client).unwrap();
            assert_eq!(retry.base_offset(), original, "{blocks} blocks");
            moved.is_some_and(|moved| moved.is_err())
        })
    };
    assert!((0..8).filter(|blocks| waited(*blocks)).count() > 0);
}

#[test]
fn no_flipped_bit_takes_a_good_batch_with_it_or_is_served() {
    // Every 7th bit of three synced batches: each is found by recovery, and exactly its batch is refused.
    let bytes = sim::run_with(0, Config::calm(), |_| async {
        let partition = three_batches().await;
        append(&partition, &batch(1, 10, 1)).await;
        partition.size_bytes()
    });
    for bit in (0..bytes * 8).step_by(7 * 11) {
        sim::run_with(bit, Config::calm(), |handle| async move {
            let partition = three_batches().await;
            append(&partition, &batch(1, 10, 1)).await;
            let path = log_path(Path::new(DIRECTORY), 0);
            handle.disk(NodeId::FIRST).corrupt(&path, bit / 8, (bit % 8) as u8).unwrap();
            let partition = open(Path::new(DIRECTORY)).await;
            let ranges = partition.bad_ranges();
            let stamped = matches!(bit / 8 % 1070, 12..16);
            match &ranges[..] {
                [] => assert!(stamped || partition.recovery().torn_bytes > 0, "bit {bit} unseen"),
                [bad] => {
                    let refusal = read_bytes(&partition, bad.start.get(), 100).await.unwrap_err();
                    assert!(matches!(refusal, ReadError::Corrupt { .. }));
                    assert_eq!(bad.end - bad.start, 1);
                    assert_eq!(partition.log_end(), Offset::of(4));
                }
                more => panic!("bit {bit}: {more:?}"),
            }
        });
    }
}

/// A log of several segments by one producer, closed cleanly.
async fn closed_log(config: &LogConfig) {
    let partition = open_with(Path::new(DIRECTORY), config.clone()).await;
    partition.set_leader_epoch(LeaderEpoch::of(3));
    let now = creel_io::wall_clock_ms();
    for sequence in 0..20 {
        let builder = BatchBuilder::new(now).producer(6, 0, sequence);
        append(&partition, &builder.record(now, None, Some(&[7; 400])).build().unwrap()).await;
    }
    partition.close().await.unwrap();
}

#[test]
fn a_damaged_side_file_costs_time_and_nothing_else() {
    let config = || LogConfig { segment_bytes: 2500, index_interval_bytes: 300, ..LogConfig::default() };
    let side_files = sim::run_with(0, Config::calm(), move |handle| async move {
        closed_log(&config()).await;
        handle
            .disk(NodeId::FIRST)
            .files()
            .into_iter()
            .filter(|path| path.extension().is_none_or(|e| e != "log"))
    });
    for (at, path) in side_files.enumerate() {
        for damage in 0..12_u64 {
            let path = path.clone();
            sim::run_with(at as u64, Config::calm(), move |handle| async move {
                closed_log(&config()).await;
                let disk = handle.disk(NodeId::FIRST);
                let mut bytes = disk.read(&path).unwrap();
                match damage {
                    0 => bytes.clear(),
                    1 => bytes.truncate(bytes.len() / 2),
                    2 => bytes.fill(0),
                    3 => bytes.push(b'x'),
                    _ if bytes.is_empty() => {}
                    flip => {
                        let position = flip as usize * 7 % bytes.len();
                        bytes[position] ^= 1 << (flip % 8);
                    }
                }
                disk.place(&path, &bytes).unwrap();
                let partition = open_clean(Path::new(DIRECTORY), config()).await;
                assert_eq!(partition.log_end(), Offset::of(20), "{} {damage}", path.display());
                assert_eq!(read_all(&partition, 0).await.len(), 20, "{} {damage}", path.display());
                for from in 0..20 {
                    let bytes = read_bytes(&partition, from, 1).await;
                    let bytes = bytes.unwrap_or_else(|error| panic!("{} {damage}: {error}", path.display()));
                    let found = creel_engine::BatchHeader::parse(&bytes).unwrap().base_offset;
                    assert_eq!(found, Offset::of(from), "{} {damage}", path.display());
                }
            });
        }
    }
}

/// Linux marks pages clean whose write failed: a process that starts afterwards reads batches from the page cache that
/// the medium does not hold, and a second sync finds nothing to do.
#[test]
fn a_restart_after_a_failed_sync_serves_only_what_the_medium_holds() {
    for seed in 0..40 {
        let mut simulation = Simulation::new(seed, Config::default());
        let node = simulation.add_node("broker", 1);
        let handle = simulation.handle();
        let outcome = simulation.block_on(node, async move {
            let partition = three_batches().await;
            handle.disk(NodeId::FIRST).fail_next_syncs(1);
            let doomed = partition.append(&batch(2, 3000, 9), AppendOrigin::Client).unwrap();
            assert_eq!(doomed.durable().await, Err(AppendError::Storage));
        });
        outcome.unwrap();
        let handle = simulation.handle();
        let served = Rc::new(Cell::new(0));
        let seen = served.clone();
        let outcome = simulation.block_on(node, async move {
            let partition = open(Path::new(DIRECTORY)).await;
            seen.set(read_all(&partition, 0).await.len());
            handle.crash(NodeId::FIRST);
            std::future::pending::<()>().await;
        });
        assert_eq!(outcome, Err(Stop::Crashed(node)));
        let left = simulation.block_on(node, async {
            let partition = open(Path::new(DIRECTORY)).await;
            assert_eq!(partition.bad_ranges(), []);
            read_all(&partition, 0).await.len()
        });
        assert!(
            served.get() >= 3 && left == Ok(served.get()),
            "seed {seed}: {served:?} served, {left:?} left"
        );
    }
}

/// A start that cuts the log removes the snapshots that spoke of what was cut. One that a power cut brought back, when the
/// log had grown past it again, would answer a retry with an offset that holds something else by now.
#[test]
fn a_snapshot_of_what_was_cut_does_not_come_back() {
    for seed in 0..40 {
        let mut simulation = Simulation::new(seed, Config::default());
        let node = simulation.add_node("broker", 1);
        let disk = simulation.handle().disk(node);
        let lived = simulation.block_on(node, async move {
            let partition = three_batches().await;
            append(&partition, &sequenced(0, 10)).await;
            let path = log_path(Path::new(DIRECTORY), 0);
            let kept = partition.size_bytes() as usize;
            append(&partition, &sequenced(1, 10)).await;
            partition.close().await.unwrap();
            let torn = disk.read(&path).unwrap()[..kept + 20].to_vec();
            disk.place(&path, &torn).unwrap();
        });
        lived.unwrap();
        let handle = simulation.handle();
        let outcome = simulation.block_on(node, async move {
            let partition = open(Path::new(DIRECTORY)).await;
            assert_eq!(partition.log_end(), Offset::of(4));
            append(&partition, &batch(3, 10, 9)).await;
            handle.crash(NodeId::FIRST);
            std::future::pending::<()>().await;
        });
        assert_eq!(outcome, Err(Stop::Crashed(node)));
        let again = simulation.block_on(node, async {
            let partition = open(Path::new(DIRECTORY)).await;
            append(&partition, &sequenced(1, 10)).await
        });
        assert_eq!(again, Ok(Offset::of(7)), "seed {seed}");
    }
}

#[test]
fn a_disk_too_full_for_the_epochs_takes_no_log_offline() {
    sim::run_with(3, Config::calm(), |handle| async move {
        let config = LogConfig { preallocate: true, segment_bytes: 64 << 10, ..LogConfig::default() };
        let partition = open_with(Path::new(DIRECTORY), config).await;
        for at in 0..3 {
            append(&partition, &batch(1, 1000, at + 1)).await;
        }
        // Room for a batch in what is claimed ahead, and for no new file.
        let disk = handle.disk(NodeId::FIRST);
        disk.set_capacity(Some(disk.used()));
        partition.set_leader_epoch(LeaderEpoch::of(7));
        assert_eq!(append(&partition, &batch(1, 100, 9)).await, Offset::of(3));
        assert_eq!(partition.recovery_point(), Offset::of(3), "recovery must find the epoch in the batches");
        disk.set_capacity(None);
        assert_eq!(append(&partition, &batch(1, 100, 9)).await, Offset::of(4));
        assert_eq!(partition.recovery_point(), Offset::of(5));
        drop(partition);
        let partition = open(Path::new(DIRECTORY)).await;
        assert_eq!(partition.epoch_of(Offset::of(4)), Some(LeaderEpoch::of(7)));
    });
}
