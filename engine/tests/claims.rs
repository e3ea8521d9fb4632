//! Disk that is claimed for a segment before its first write (`preallocate`).

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::path::Path;

use common::*;
use creel_engine::{AppendOrigin, LogConfig, Offset, Partition};
use creel_io::fs::{self, File, OpenOptions};
use creel_io::sim::{self, Config, NodeId};

const SEGMENT_BYTES: u64 = 16 << 10;
const DATA: &str = "/data";

fn config() -> LogConfig {
    LogConfig { segment_bytes: SEGMENT_BYTES, preallocate: true, ..LogConfig::default() }
}

/// Sixteen of them are a segment.
async fn append_some(partition: &Partition, batches: i64) {
    for _ in 0..batches {
        let at = partition.next_offset();
        assert_eq!(append(partition, &batch(1, 930, at.get() as u8)).await, at);
        // Claims are made beside the appends.
        creel_io::sleep(core::time::Duration::from_millis(5)).await;
    }
}

fn length(base: i64) -> u64 {
    File::open(&log_path(Path::new(DATA), base), OpenOptions::read()).unwrap().len().unwrap()
}

fn claimed_files() -> usize {
    let names = fs::read_dir(&Path::new(DATA).join("orders-0")).unwrap();
    names.iter().filter(|name| name.to_string_lossy().ends_with(".next.deleted")).count()
}

/// Bases of the segments, from the files' names.
fn bases() -> Vec<i64> {
    let names = fs::read_dir(&Path::new(DATA).join("orders-0")).unwrap();
    let mut bases: Vec<i64> =
        names.iter().filter_map(|name| name.to_str()?.strip_suffix(".log")?.parse().ok()).collect();
    bases.sort_unstable();
    bases
}

#[test]
fn each_segment_has_its_disk_before_its_first_write_and_gives_the_rest_back_at_its_end() {
    sim::run_with(1, Config::calm(), |_| async {
        let partition = open_with(Path::new(DATA), config()).await;
        assert_eq!(length(0), SEGMENT_BYTES, "claimed before the first write");
        append_some(&partition, 7).await;
        assert_eq!(claimed_files(), 0, "not half of it is written");
        append_some(&partition, 3).await;
        assert_eq!(claimed_files(), 1);
        append_some(&partition, 40).await;
        let bases = bases();
        assert!(bases.len() > 3, "{bases:?}");
        let (active, sealed) = bases.split_last().unwrap();
        assert_eq!(length(*active), SEGMENT_BYTES);
        let sealed_bytes: u64 = sealed.iter().map(|base| length(*base)).sum();
        assert!(sealed.iter().all(|base| length(*base) < SEGMENT_BYTES), "cut to their batches");
        let written = partition.size_bytes();
        partition.close().await.unwrap();
        assert_eq!(length(*active), written - sealed_bytes, "a clean stop cuts the last one too");
        assert_eq!(claimed_files(), 0);
        assert_eq!(partition.reused_segments(), 0);

        let partition = open_clean(Path::new(DATA), config()).await;
        assert_eq!(length(*active), SEGMENT_BYTES, "a start claims what it lacks");
        assert_eq!(read_all(&partition, 0).await.len(), 50);
        append_some(&partition, 20).await;
        assert_eq!(read_all(&partition, 0).await.len(), 70);
    });
}

#[test]
fn a_stop_without_an_append_leaves_nothing_claimed() {
    sim::run_with(1, Config::calm(), |_| async {
        let partition = open_with(Path::new(DATA), config()).await;
        append_some(&partition, 2).await;
        partition.close().await.unwrap();
        let written = length(0);
        open_clean(Path::new(DATA), config()).await.close().await.unwrap();
        assert_eq!(length(0), written);
    });
}

#[test]
fn the_room_that_is_left_is_not_claimed() {
    sim::run_with(1, Config::calm(), |handle| async move {
        let disk = handle.disk(NodeId::FIRST);
        disk.set_capacity(Some(disk.used() + 3 * SEGMENT_BYTES));
        let partition = open_with(Path::new(DATA), config()).await;
        assert_eq!(length(0), 0, "a claim of a third of what is left");
        append_some(&partition, 20).await;
        assert_eq!(claimed_files(), 0);
        assert_eq!(read_all(&partition, 0).await.len(), 20);
    });
}

#[test]
fn a_full_disk_takes_the_claim_of_the_next_segment_back() {
    sim::run_with(1, Config::calm(), |handle| async move {
        let partition = open_with(Path::new(DATA), config()).await;
        append_some(&partition, 12).await;
        assert_eq!(claimed_files(), 1);
        let disk = handle.disk(NodeId::FIRST);
        disk.set_capacity(Some(disk.used()));
        // More than what is claimed for this one.
        let big = batch(1, 3000, 7);
        let mut refused = 0;
        for _ in 0..3 {
            let appended = partition.append(&big, AppendOrigin::Client);
            let durable = async { appended.map_err(|_| ())?.durable().await.map_err(|_| ()) };
            refused += usize::from(durable.await.is_err());
            creel_io::sleep(core::time::Duration::from_millis(20)).await;
            // The simulated disk frees what is removed once that is safe.
            fs::sync_dir(&Path::new(DATA).join("orders-0")).await.unwrap();
        }
        assert_eq!(claimed_files(), 0);
        assert_eq!(refused, 1, "then its room serves the appends");
        assert_eq!(read_all(&partition, 0).await.len(), 12 + 3 - refused);
    });
}

#[test]
fn idleness_gives_the_claim_of_the_next_segment_back() {
    sim::run_with(1, Config::calm(), |_| async {
        let partition = open_with(Path::new(DATA), config()).await;
        append_some(&partition, 12).await;
        assert_eq!(claimed_files(), 1);
        for _ in 0..2 {
            partition.upkeep(creel_io::wall_clock_ms()).await.unwrap();
        }
        creel_io::sleep(core::time::Duration::from_millis(20)).await;
        assert_eq!(claimed_files(), 0);
        append_some(&partition, 20).await;
        assert_eq!(read_all(&partition, 0).await.len(), 32);
    });
}

#[test]
fn after_a_crash_no_claim_is_left_and_every_record_is_there() {
    on_core(|directory| async move {
        let config = || LogConfig { segment_bytes: 1 << 20, ..config() };
        let partition = open_with(&directory, config()).await;
        for at in 0..7 {
            append(&partition, &batch(1, 100_000, at)).await;
        }
        let next = directory.join("orders-0/00000000000000000000.log.next.deleted");
        while !next.exists() {
            creel_io::sleep(core::time::Duration::from_millis(1)).await;
        }
        let copy = crashed(&directory);
        let recovered = open_with(&copy, LogConfig { preallocate: false, ..config() }).await;
        assert_eq!(recovered.log_end(), Offset::of(7));
        assert_eq!(recovered.recovery().torn_bytes, 0, "zeros that were claimed are no torn batch");
        let names = std::fs::read_dir(copy.join("orders-0")).unwrap();
        let left: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".deleted")), "{left:?}");
        let log = std::fs::metadata(log_path(&copy, 0)).unwrap();
        assert_eq!(log.len(), recovered.size_bytes());
        partition.close().await.unwrap();
    });
}
