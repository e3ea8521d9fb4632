//! Segments whose files serve the segments after them, and who must not notice.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use creel_engine::{AppendOrigin, Isolation, LogConfig, Offset, Partition, Upkeep};
use creel_io::fs::{self, File, FileSlice, OpenOptions};
use creel_io::net::{More, TcpStream};
use creel_io::sim::{Config, Simulation};

use common::*;

use std::io::{IoSlice, Read as _};

/// Sixteen batches a segment, three sealed segments kept.
fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 16 << 10,
        retention_bytes: Some(48 << 10),
        segment_reuse: true,
        index_interval_bytes: 2000,
        ..LogConfig::default()
    }
}

/// Runs `story` in the simulator, where everything else is calm.
fn simulated<F>(story: impl FnOnce() -> F + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let mut simulation = Simulation::new(1, Config::calm());
    let node = simulation.add_node("broker", 1);
    simulation.block_on(node, async move { story().await }).unwrap();
}

/// Appends one batch after another, each as large as the others and unlike them, and gives retired files time.
async fn append_some(partition: &Partition, batches: i64) {
    for _ in 0..batches {
        let at = partition.next_offset().get();
        assert_eq!(append(partition, &batch(1, 930, at as u8)).await, Offset::of(at));
        creel_io::sleep(core::time::Duration::from_millis(5)).await;
    }
}

/// Every record is there, and is the one that was appended under its offset.
async fn check_records(partition: &Partition) {
    let found = read_all(partition, partition.log_start().get()).await;
    let offsets: Vec<_> = found.iter().map(|(header, _)| header.base_offset.get()).collect();
    assert_eq!(offsets, (partition.log_start().get()..partition.log_end().get()).collect::<Vec<_>>());
    for (header, bytes) in found {
        check_record(header.base_offset, &bytes);
    }
}

fn check_record(offset: Offset, bytes: &[u8]) {
    let value = &bytes[bytes.len() - 900..bytes.len() - 1];
    assert!(value.iter().all(|byte| *byte == offset.get() as u8), "offset {offset}");
}

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory).unwrap().into_iter().map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn in_the_long_run_every_segment_begins_in_the_file_of_an_old_one() {
    simulated(|| async {
        let partition = open_with(Path::new("/data"), config()).await;
        let mut last = 0;
        for round in 0..20 {
            append_some(&partition, 48).await;
            check_records(&partition).await;
            assert!(partition.size_bytes() <= 80 << 10, "retention keeps up");
            let recycled = partition.reused_segments();
            assert!(round < 3 || recycled >= last + 2, "{recycled} recycled in round {round}");
            last = recycled;
        }
        let files = names(Path::new("/data/orders-0"));
        let logs = files.iter().filter(|name| name.ends_with(".log")).count();
        let spares = files.iter().filter(|name| name.ends_with(".deleted")).count();
        assert!(logs <= 5 && spares <= 1, "{files:?}");
    });
}

/// Whoever drops a segment decides to keep its file, and awaits its new name. Meanwhile the other source of spare files
/// is switched on, and finds the slot taken.
#[test]
fn a_change_of_settings_while_a_segment_is_dropped_leaves_one_spare_at_most() {
    let mut simulation = Simulation::new(1, Config::calm());
    let node = simulation.add_node("broker", 1);
    let handle = simulation.handle();
    let story = async move {
        let partition = open_with(Path::new("/data"), config()).await;
        append_some(&partition, 16).await;
        let start = partition.roll().unwrap();
        append_some(&partition, 12).await;
        let retired = "00000000000000000000.log.deleted";
        let dropping = creel_io::spawn({
            let partition = partition.clone();
            async move { partition.advance_log_start(start).await }
        });
        while !names(Path::new("/data/orders-0")).contains(retired) {
            creel_io::sleep(core::time::Duration::from_micros(50)).await;
        }
        handle.disk(node).hold_syncs(true);
        partition.set_config(LogConfig { segment_reuse: false, preallocate: true, ..config() });
        let pending =
            partition.append(&batch(1, 930, partition.next_offset().get() as u8), AppendOrigin::Client);
        pending.unwrap().written().await.unwrap();
        creel_io::sleep(core::time::Duration::from_millis(50)).await;
        handle.disk(node).hold_syncs(false);
        assert_eq!(dropping.await.unwrap(), start);
        append_some(&partition, 60).await;
        check_records(&partition).await;
        let spares =
            || names(Path::new("/data/orders-0")).into_iter().filter(|name| name.ends_with(".deleted"));
        assert!(spares().count() <= 1, "{:?}", spares().collect::<Vec<_>>());
        partition.close().await.unwrap();
        assert_eq!(spares().count(), 0, "a spare that nobody knows of");
    };
    simulation.block_on(node, story).unwrap();
}

#[test]
fn after_a_clean_stop_the_files_are_like_any_others() {
    simulated(|| async {
        let partition = open_with(Path::new("/data"), config()).await;
        append_some(&partition, 300).await;
        assert!(partition.reused_segments() > 3);
        let (directory, bytes) = (Path::new("/data/orders-0"), partition.size_bytes());
        assert!(fs::exists(&directory.join("recycled-segments-checkpoint")));
        partition.close().await.unwrap();
        let files = names(directory);
        let known = ["log", "index", "timeindex", "snapshot"];
        let others: Vec<_> = files
            .iter()
            .filter(|name| !known.iter().any(|kind| name.ends_with(&format!(".{kind}"))))
            .collect();
        assert_eq!(others, ["leader-epoch-checkpoint"]);
        let logs = files.iter().filter(|name| name.ends_with(".log"));
        let on_disk: u64 = logs.map(|name| fs::read(&directory.join(name)).unwrap().len() as u64).sum();
        assert_eq!(on_disk, bytes, "nothing stale stays behind");

        let partition = open_clean(Path::new("/data"), config()).await;
        assert_eq!(partition.recovery().scanned_bytes, 0);
        check_records(&partition).await;
    });
}

#[test]
fn a_start_after_a_crash_leaves_neither_spare_nor_stale_bytes() {
    simulated(|| async {
        let partition = open_with(Path::new("/data"), config()).await;
        append_some(&partition, 305).await;
        assert!(partition.reused_segments() > 3);
        let end = partition.log_end();
        // What a kill leaves: the log that is still open does not touch its files any more.
        let partition = open_with(Path::new("/data"), config()).await;
        assert_eq!(partition.log_end(), end);
        assert_eq!((partition.recovery().torn_bytes, partition.bad_ranges().len()), (0, 0));
        check_records(&partition).await;
        let files = names(Path::new("/data/orders-0"));
        assert!(
            !files.iter().any(|name| name.ends_with("deleted") || name.starts_with("recycled")),
            "{files:?}"
        );
        append_some(&partition, 300).await;
        check_records(&partition).await;
    });
}

/// Stale bytes hide what a lost sector would show. So the mark is brought up to date when the log comes to rest, and all
/// that was acknowledged is known to have been there.
#[test]
fn damage_to_the_last_batch_of_a_recycled_segment_is_not_taken_for_a_torn_end() {
    simulated(|| async {
        let partition = open_with(Path::new("/data"), config()).await;
        append_some(&partition, 300).await;
        assert!(partition.reused_segments() > 3);
        creel_io::sleep(core::time::Duration::from_millis(50)).await;
        let end = partition.log_end();
        let slice = partition.read(end + -1, Isolation::HighWatermark, 1, true).await.unwrap().slice.unwrap();
        let at = slice.position + 500;
        let byte = slice.file.read_exact_at(at, 1).await.unwrap()[0];
        let base =
            names(Path::new("/data/orders-0")).into_iter().rfind(|name| name.ends_with(".log")).unwrap();
        let file = File::open(&Path::new("/data/orders-0").join(base), OpenOptions::read_write()).unwrap();
        file.write_all_at(&mut [IoSlice::new(&[!byte])], at).unwrap();

        let partition = open_with(Path::new("/data"), config()).await;
        let damage: Vec<_> = partition.bad_ranges().iter().map(|bad| (bad.start, bad.end)).collect();
        assert_eq!((partition.log_end(), damage), (end, vec![(end + -1, end)]));
        assert_eq!(append(&partition, &batch(1, 930, 1)).await, end);
    });
}

#[test]
fn an_idle_log_gives_its_spare_back() {
    simulated(|| async {
        let partition = open_with(Path::new("/data"), config()).await;
        append_some(&partition, 200).await;
        let spares =
            || names(Path::new("/data/orders-0")).iter().filter(|name| name.ends_with("deleted")).count();
        assert_eq!(spares(), 1);
        while partition.upkeep(creel_io::wall_clock_ms()).await.unwrap() != Upkeep::Nothing {}
        partition.upkeep(creel_io::wall_clock_ms()).await.unwrap();
        creel_io::sleep(core::time::Duration::from_millis(50)).await;
        assert_eq!(spares(), 0);
        append_some(&partition, 100).await;
        check_records(&partition).await;
    });
}

#[test]
fn a_full_disk_gets_the_spare_back() {
    let mut simulation = Simulation::new(1, Config::calm());
    let node = simulation.add_node("broker", 1);
    let disk = simulation.handle().disk(node);
    let story = async move {
        let (segment_bytes, retention_bytes) = (256 << 10, Some(256 << 10));
        let partition =
            open_with(Path::new("/data"), LogConfig { segment_bytes, retention_bytes, ..config() }).await;
        let has_spare = || names(Path::new("/data/orders-0")).iter().any(|name| name.ends_with("deleted"));
        let big = batch(1, 14 << 10, 0);
        // The segment that is written to when the first spare appears has a file of its own, which must grow.
        while !has_spare() {
            append(&partition, &big).await;
            creel_io::sleep(core::time::Duration::from_millis(5)).await;
        }
        disk.set_capacity(Some(disk.used()));
        while partition.append(&big, AppendOrigin::Client).unwrap().written().await.is_ok() {}
        creel_io::sleep(core::time::Duration::from_millis(50)).await;
        assert!(!has_spare());
        disk.set_capacity(None);
        append(&partition, &big).await;
    };
    simulation.block_on(node, story).unwrap();
}

#[test]
fn nothing_is_recycled_where_it_is_switched_off() {
    simulated(|| async {
        let off = LogConfig { segment_reuse: false, ..config() };
        let partition = open_with(Path::new("/data"), off).await;
        append_some(&partition, 300).await;
        partition.upkeep(creel_io::wall_clock_ms()).await.unwrap();
        append_some(&partition, 100).await;
        assert_eq!(partition.reused_segments(), 0);
        assert!(!names(Path::new("/data/orders-0")).iter().any(|name| name.starts_with("recycled")));
    });
}

/// The slice of the first batches.
async fn old_slice(partition: &Partition) -> FileSlice {
    partition.read(Offset::ZERO, Isolation::HighWatermark, 4000, true).await.unwrap().slice.unwrap()
}

#[test]
fn a_file_that_a_reader_still_holds_is_not_written_over() {
    simulated(|| async {
        let partition = open_with(Path::new("/data"), config()).await;
        append_some(&partition, 20).await;
        let slice = old_slice(&partition).await;
        let before = slice.file.read_exact_at(slice.position, slice.length as usize).await.unwrap();
        append_some(&partition, 300).await;
        assert!(partition.log_start() > Offset::of(100));
        assert!(partition.reused_segments() > 3, "others are");
        let after = slice.file.read_exact_at(slice.position, slice.length as usize).await.unwrap();
        assert_eq!(before, after);
    });
}

#[test]
fn a_file_with_a_second_name_is_not_written_over() {
    on_core(|directory| async move {
        let partition = open_with(&directory, config()).await;
        append_some(&partition, 20).await;
        let (log, backup) = (log_path(&directory, 0), directory.join("backup"));
        std::fs::hard_link(&log, &backup).unwrap();
        let before = std::fs::read(&backup).unwrap();
        append_some(&partition, 300).await;
        assert!(!log.exists());
        assert!(std::fs::read(&backup).unwrap() == before, "the backup was written over");
    });
}

/// What sendfile has sent lies in the file's pages until the consumer reads it, with the file handle long closed.
#[test]
fn a_consumer_that_reads_late_gets_what_was_sent() {
    on_core(|directory| async move {
        let partition = open_with(&directory, config()).await;
        append_some(&partition, 20).await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut consumer, _) = listener.accept().unwrap();
        let slice = old_slice(&partition).await;
        let length = slice.length as usize;
        let expected = slice.file.read_exact_at(slice.position, length).await.unwrap();
        stream.send_slice(&slice, More::No).await.unwrap();
        drop((slice, stream));
        append_some(&partition, 300).await;
        assert!(partition.log_start() > Offset::of(100));
        check_records(&partition).await;
        let mut received = vec![0; length];
        consumer.read_exact(&mut received).unwrap();
        assert!(received == expected, "the consumer got other bytes than were sent");
    });
}
