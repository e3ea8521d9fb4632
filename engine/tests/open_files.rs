//! Segments that were read a moment ago stay open, a few of them, and are let go of when they are removed.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::path::Path;

use common::*;
use creel_engine::{
    AppendError, AppendOrigin, Isolation, LastStop, LogConfig, Offset, OpenLog, Partition, PendingAck,
    TopicPartition, TurnWriter,
};
use creel_io::sim::{self, NodeId};

const KEPT: usize = 3;
const BATCHES: i64 = 12;

/// Files of a log that this process holds open, removed ones too.
fn open_logs(directory: &Path) -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let targets = open.filter_map(|one| std::fs::read_link(one.unwrap().path()).ok());
    let is_log = |path: &Path| path.starts_with(directory) && path.to_string_lossy().contains(".log");
    targets.filter(|path| is_log(path)).count()
}

/// A log of as many segments as batches, none of them open.
async fn many_segments(directory: &Path) -> Partition {
    let config = || LogConfig { segment_bytes: 1000, ..LogConfig::default() };
    let partition = open_with(directory, config()).await;
    for at in 0..BATCHES {
        append(&partition, &batch(1, 900, at as u8)).await;
    }
    partition.close().await.unwrap();
    drop(partition);
    let opening = OpenLog { last_stop: LastStop::Clean, ..opening(directory, config()) };
    let partition = Partition::open(&TurnWriter::new().keeping_open(KEPT, KEPT), opening).await.unwrap();
    assert_eq!(open_logs(directory), 0);
    partition
}

#[test]
fn as_many_segments_stay_open_as_may() {
    on_core(|directory| async move {
        let partition = many_segments(&directory).await;
        for offset in 0..BATCHES - 1 {
            for _ in 0..2 {
                assert!(!read_bytes(&partition, offset, 1).await.unwrap().is_empty());
            }
            let read = offset as usize + 1;
            assert_eq!(open_logs(&directory), read.min(KEPT), "after {read} segments");
        }
        assert_eq!(open_logs(&directory), KEPT);
    });
}

#[test]
fn a_removed_segment_is_closed_once_its_last_reader_is_done() {
    on_core(|directory| async move {
        let partition = many_segments(&directory).await;
        let read = partition.read(Offset::ZERO, Isolation::HighWatermark, 1, true).await.unwrap();
        read_bytes(&partition, 1, 1).await.unwrap();
        assert_eq!(open_logs(&directory), 2);
        partition.advance_log_start(Offset::of(BATCHES - 1)).await.unwrap();
        assert_eq!(open_logs(&directory), 1, "the one that is being read");
        let slice = read.slice.unwrap();
        let bytes = slice.file.read_exact_at(slice.position, slice.length as usize).await.unwrap();
        assert_eq!(bytes.len() as u64, slice.length);
        drop(slice);
        assert_eq!(open_logs(&directory), 0);
    });
}

/// What the simulated process may hold open, and the logs that it has.
const DESCRIPTORS: usize = 12;
const PARTITIONS: i32 = 40;

fn numbered(index: i32, last_stop: LastStop) -> OpenLog {
    let name = TopicPartition::new("orders", index);
    let directory = Path::new("/data").join(name.to_string());
    OpenLog { directory, name, last_stop, ..opening(Path::new("/data"), LogConfig::default()) }
}

async fn open_all(turn_writer: &TurnWriter, last_stop: LastStop) -> Vec<Partition> {
    let mut partitions = Vec::new();
    for index in 0..PARTITIONS {
        partitions.push(Partition::open(turn_writer, numbered(index, last_stop)).await.unwrap());
    }
    partitions
}

/// Appends to all of them in one turn.
fn append_to_all(partitions: &[Partition]) -> Vec<PendingAck> {
    partitions.iter().map(|one| one.append(&batch(1, 100, 1), AppendOrigin::Client).unwrap()).collect()
}

#[test]
fn more_partitions_than_descriptors_are_written_read_and_closed() {
    for seed in 0..10 {
        sim::run(seed, |handle| async move {
            let disk = handle.disk(NodeId::FIRST);
            disk.set_descriptors(DESCRIPTORS);
            let turn_writer = TurnWriter::new().keeping_open(4, 2);
            let partitions = open_all(&turn_writer, LastStop::Unclean).await;
            for ack in append_to_all(&partitions) {
                ack.durable().await.unwrap();
            }
            // Appends that nobody waits for with a sync, to logs that are closed by now.
            for ack in append_to_all(&partitions) {
                ack.written().await.unwrap();
            }
            for partition in &partitions {
                partition.sync().await.unwrap();
                assert_eq!(read_all(partition, 0).await.len(), 2);
                assert_eq!(partition.offset_for_timestamp(0).await.unwrap().unwrap().offset, Offset::ZERO);
            }
            for partition in &partitions {
                partition.close().await.unwrap();
            }
            let partitions = open_all(&turn_writer, LastStop::Clean).await;
            assert!(partitions.iter().all(|partition| partition.log_end() == Offset::of(2)));
            assert!(disk.most_open() < DESCRIPTORS, "{} were open", disk.most_open());
        });
    }
}

#[test]
fn relaxed_logs_are_synced_before_they_are_closed() {
    sim::run(1, |handle| async move {
        let turn_writer = TurnWriter::new().keeping_open(4, 2);
        let partitions = open_all(&turn_writer, LastStop::Unclean).await;
        for partition in &partitions {
            let relaxed = LogConfig { flush_messages: Some(1000), ..LogConfig::default() };
            partition.set_config(relaxed);
        }
        for ack in append_to_all(&partitions) {
            ack.durable().await.unwrap();
        }
        let unsynced = partitions.iter().filter(|one| one.durable_end() == Offset::ZERO).count();
        assert!(unsynced <= 5, "{unsynced} logs that were written to are still open");
        assert!(handle.disk(NodeId::FIRST).most_open() <= 8);
    });
}

#[test]
fn a_process_without_descriptors_closes_what_is_not_in_use() {
    sim::run(1, |handle| async move {
        let disk = handle.disk(NodeId::FIRST);
        let partitions = open_all(&TurnWriter::new(), LastStop::Unclean).await;
        // Something else has taken the others.
        disk.set_descriptors(DESCRIPTORS);
        for partition in &partitions {
            append(partition, &batch(1, 100, 1)).await;
        }
        disk.set_descriptors(0);
        let pending = partitions[0].append(&batch(1, 100, 1), AppendOrigin::Client).unwrap();
        assert_eq!(pending.written().await, Err(AppendError::NoDescriptor));
        disk.set_descriptors(DESCRIPTORS);
        assert_eq!(append(&partitions[0], &batch(1, 100, 1)).await, Offset::of(1));
    });
}

#[test]
fn a_search_by_time_leaves_few_segments_open() {
    on_core(|directory| async move {
        let partition = many_segments(&directory).await;
        partition.offset_for_timestamp(i64::MAX).await.unwrap();
        assert!(open_logs(&directory) <= KEPT + 1, "{} are open", open_logs(&directory));
    });
}
