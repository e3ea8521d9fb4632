//! Questions about the end of the log: what was written when they came counts, and only what is durable is told.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::path::Path;
use std::time::Duration;

use creel_engine::{
    AppendError, AppendOrigin, Awaits, Isolation, LogConfig, Offset, OpenLog, Partition, ReadError,
    TurnWriter,
};
use creel_io::sim::{self, Config, NodeId};
use creel_io::{now, sleep, wall_clock_ms};

use common::*;

const DIRECTORY: &str = "/data/log";

/// A sync takes half a millisecond on a calm disk. One that nobody waits for begins much later than this.
const SOON: Duration = Duration::from_millis(10);
const _: () = assert!(SOON.as_nanos() < creel_engine::COMMIT_LINGER.as_nanos());

/// Appends a batch of two records as acks=1 does.
async fn write(partition: &Partition) -> Offset {
    let ticket = partition.append(&batch(2, 10, 1), AppendOrigin::Client).unwrap();
    let end = ticket.end_offset();
    ticket.written().await.unwrap();
    end
}

#[test]
fn what_was_written_is_waited_for_and_its_sync_begins_at_once() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        for _ in 0..20 {
            let end = write(&partition).await;
            assert!(partition.high_watermark() < end, "the sync lingers");
            let began = now();
            partition.settled().await.unwrap();
            assert_eq!((partition.high_watermark(), partition.durable_end()), (end, end));
            assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
        }
    });
}

#[test]
fn what_was_staged_is_waited_for_too() {
    for seed in 0..20 {
        sim::run(seed, |_| async move {
            let partition = open(Path::new(DIRECTORY)).await;
            write(&partition).await;
            let staged = partition.append(&batch(2, 10, 1), AppendOrigin::Client).unwrap();
            partition.settled().await.unwrap();
            assert_eq!(partition.high_watermark(), Offset::of(4));
            assert_eq!(staged.written().await.unwrap().base_offset, Offset::of(2));
        });
    }
}

#[test]
fn nothing_is_waited_for_where_all_is_durable() {
    sim::run(1, |_| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        append(&partition, &batch(2, 10, 1)).await;
        assert!(partition.settle().is_none());
        partition.close().await.unwrap();
        assert!(partition.settle().is_none());
    });
}

#[test]
fn what_comes_later_is_not_waited_for() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        let busy = partition.clone();
        let load = creel_io::spawn(async move {
            loop {
                write(&busy).await;
                sleep(Duration::from_micros(20)).await;
            }
        });
        sleep(SOON).await;
        for _ in 0..20 {
            let (end, began) = (partition.log_end(), now());
            partition.settled().await.unwrap();
            assert!(partition.high_watermark() >= end);
            assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
        }
        load.abort();
    });
}

#[test]
fn partitions_settle_side_by_side() {
    sim::run_with(1, Config::calm(), |_| async move {
        let mut partitions = Vec::new();
        for at in 0..30 {
            let directory = Path::new(DIRECTORY).join(at.to_string());
            let opening = OpenLog { directory, ..opening(Path::new(DIRECTORY), LogConfig::default()) };
            partitions.push(Partition::open(&TurnWriter::new(), opening).await.unwrap());
        }
        for partition in &partitions {
            write(partition).await;
        }
        let began = now();
        let settling: Vec<_> = partitions.iter().filter_map(Partition::settle).collect();
        assert_eq!(settling.len(), 30);
        for settling in settling {
            settling.done().await.unwrap();
        }
        assert!(partitions.iter().all(|partition| partition.high_watermark() == Offset::of(2)));
        assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    });
}

#[test]
fn who_reads_at_the_end_without_waiting_finds_the_record_soon() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        let end = write(&partition).await;
        sleep(SOON).await;
        assert_eq!(partition.high_watermark(), Offset::ZERO, "nobody has asked");
        for _ in 0..2 {
            partition.read(Offset::ZERO, Isolation::HighWatermark, 1000, true).await.unwrap();
            sleep(SOON).await;
        }
        assert_eq!((partition.high_watermark(), partition.durable_end()), (end, end));
    });
}

#[test]
fn a_log_that_fails_meanwhile_says_so() {
    for seed in 0..20 {
        sim::run(seed, |handle| async move {
            let partition = open(Path::new(DIRECTORY)).await;
            write(&partition).await;
            handle.disk(NodeId::FIRST).fail_next_syncs(1);
            assert!(matches!(partition.settled().await, Err(ReadError::Storage(_))));
            assert!(matches!(partition.settled().await, Err(ReadError::Storage(_))), "and again");
            assert_eq!(partition.high_watermark(), Offset::ZERO);
        });
    }
}

#[test]
fn a_log_that_is_closed_meanwhile_says_so() {
    sim::run(1, |_| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        write(&partition).await;
        let settling = partition.settle().unwrap();
        let deleting = creel_io::spawn(async move { partition.delete().await });
        creel_io::yield_now().await;
        assert!(matches!(settling.done().await, Err(ReadError::Closed)));
        deleting.await.unwrap();
    });
}

#[test]
fn what_found_no_room_was_never_there() {
    sim::run(1, |handle| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        let end = write(&partition).await;
        let disk = handle.disk(NodeId::FIRST);
        disk.set_capacity(Some(disk.used()));
        let refused = partition.append(&batch(1, 200_000, 1), AppendOrigin::Client).unwrap();
        partition.settled().await.unwrap();
        assert_eq!(partition.high_watermark(), end);
        assert_eq!(refused.written().await, Err(AppendError::DiskFull));
    });
}

#[test]
fn where_durability_is_relaxed_nothing_is_waited_for() {
    sim::run_with(1, Config::calm(), |_| async move {
        let config = LogConfig { flush_messages: Some(1000), ..LogConfig::default() };
        let partition = open_with(Path::new(DIRECTORY), config).await;
        let end = write(&partition).await;
        assert!(partition.settle().is_none());
        assert_eq!((partition.high_watermark(), partition.durable_end()), (end, Offset::ZERO));
    });
}

#[test]
fn a_read_from_an_end_that_is_not_durable_yet_is_not_out_of_range() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        let end = write(&partition).await;
        assert!(partition.high_watermark() < end);
        let outcome = partition.read(end, Isolation::HighWatermark, 1000, true).await.unwrap();
        assert!(outcome.slice.is_none());
        // Appended by those who wait for no answer (acks=0), in this very turn.
        let staged = partition.append(&batch(2, 10, 1), AppendOrigin::Client).unwrap();
        let end = staged.end_offset();
        assert!(partition.read(end, Isolation::HighWatermark, 1000, true).await.is_ok());
        let beyond = partition.read(end + 1, Isolation::HighWatermark, 1000, true).await;
        assert!(matches!(beyond, Err(ReadError::OutOfRange { .. })));
        staged.written().await.unwrap();
    });
}

#[test]
fn the_largest_timestamp_of_a_busy_log_is_found() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        append(&partition, &batch(2, 10, 1)).await;
        let busy = partition.clone();
        let load = creel_io::spawn(async move {
            loop {
                write(&busy).await;
                sleep(Duration::from_millis(1)).await;
            }
        });
        for _ in 0..20 {
            sleep(Duration::from_micros(700)).await;
            let written = partition.log_end();
            let found = partition.max_timestamp_offset().await.unwrap().unwrap();
            assert!(found.offset >= written + -2, "{} of {written}", found.offset);
            assert!(partition.high_watermark() > found.offset);
        }
        load.abort();
    });
}

#[test]
fn another_flush_ms_holds_at_once() {
    sim::run_with(1, Config::calm(), |_| async move {
        let hour = LogConfig { flush_ms: Some(3_600_000), ..LogConfig::default() };
        let soon = LogConfig { flush_ms: Some(100), ..LogConfig::default() };
        let partition = open_with(Path::new(DIRECTORY), hour.clone()).await;
        let end = write(&partition).await;
        sleep(Duration::from_secs(60)).await;
        assert!(partition.durable_end() < end);
        partition.set_config(soon.clone());
        sleep(Duration::from_millis(120)).await;
        assert_eq!(partition.durable_end(), end);
        let end = write(&partition).await;
        sleep(Duration::from_millis(120)).await;
        assert_eq!(partition.durable_end(), end);

        // Back to the default, of what was written before.
        partition.set_config(hour);
        let end = write(&partition).await;
        partition.set_config(LogConfig::default());
        sleep(Duration::from_millis(20)).await;
        assert_eq!(partition.durable_end(), end);
    });
}

#[test]
fn the_high_watermark_follows_the_write_as_soon_as_it_may() {
    sim::run_with(1, Config::calm(), |handle| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        let end = write(&partition).await;
        handle.disk(NodeId::FIRST).hold_syncs(true);
        partition.set_config(LogConfig { flush_messages: Some(1000), ..LogConfig::default() });
        assert_eq!(partition.high_watermark(), end);
        assert!(!read_bytes(&partition, 0, 1000).await.unwrap().is_empty());
        handle.disk(NodeId::FIRST).hold_syncs(false);
        partition.close().await.unwrap();
    });
}

#[test]
fn who_waits_for_several_partitions_waits_for_their_syncs_side_by_side() {
    sim::run_with(1, Config::calm(), |_| async move {
        let mut partitions = Vec::new();
        for at in 0..30 {
            let directory = Path::new(DIRECTORY).join(at.to_string());
            let opening = OpenLog { directory, ..opening(Path::new(DIRECTORY), LogConfig::default()) };
            partitions.push(Partition::open(&TurnWriter::new(), opening).await.unwrap());
        }
        let began = now();
        let append = |partition: &Partition| {
            partition
                .append_at(&batch(2, 10, 1), AppendOrigin::Client, Awaits::Durable, wall_clock_ms())
                .unwrap()
        };
        let pending: Vec<_> = partitions.iter().map(append).collect();
        for pending in &pending {
            pending.durable().await.unwrap();
        }
        assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    });
}

#[test]
fn what_comes_behind_an_awaited_batch_is_not_synced_for_it() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = open(Path::new(DIRECTORY)).await;
        let (batch, now_ms) = (batch(2, 10, 1), wall_clock_ms());
        let awaited = partition.append_at(&batch, AppendOrigin::Client, Awaits::Durable, now_ms).unwrap();
        awaited.written().await.unwrap();
        // The sync of the first is in flight.
        let end = write(&partition).await;
        awaited.durable().await.unwrap();
        sleep(SOON).await;
        assert_eq!((partition.durable_end(), end), (awaited.end_offset(), Offset::of(4)));
    });
}
