//! Segments that are gone: retention takes them, and whatever else takes them is told.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::path::Path;

use common::*;
use creel_engine::OpenError;
use creel_engine::{LastStop, LogConfig, Offset, OpenLog, Partition, ReadError, TurnWriter};
use creel_io::sim::{self, Config, NodeId};

const DIRECTORY: &str = "/data/log";

fn config() -> LogConfig {
    LogConfig { segment_bytes: 3000, ..LogConfig::default() }
}

/// A log of several segments; where its second one begins.
async fn fill(directory: &Path) -> (Partition, Offset) {
    let partition = open_with(directory, config()).await;
    for at in 0..8 {
        append(&partition, &batch(1, 1000, at)).await;
    }
    (partition, Offset::of(2))
}

/// Takes a segment away, all files of it.
fn lose(directory: &Path, base: i64) {
    for kind in ["log", "index", "timeindex", "snapshot"] {
        let _ = std::fs::remove_file(log_path(directory, base).with_extension(kind));
    }
}

async fn reopen(directory: &Path, last_stop: LastStop) -> Result<Partition, OpenError> {
    let opening = OpenLog { last_stop, ..opening(directory, config()) };
    Partition::open(&TurnWriter::new(), opening).await
}

#[test]
fn a_first_segment_that_is_gone_is_missed() {
    on_core(|directory| async move {
        let (partition, second) = fill(&directory).await;
        assert!(log_path(&directory, second.get()).exists());
        let crashed = crashed(&directory);
        partition.close().await.unwrap();
        for (directory, last_stop) in [(&directory, LastStop::Clean), (&crashed, LastStop::Unclean)] {
            lose(directory, 0);
            // The next start has no clean stop behind it, and misses it no less.
            for last_stop in [last_stop, LastStop::Unclean] {
                let error = reopen(directory, last_stop).await.unwrap_err();
                assert!(
                    matches!(error, OpenError::FirstMissing { start, first } if start == Offset::ZERO && first == second),
                    "{error}"
                );
            }
            // Whoever can't bring it back may say so.
            std::fs::remove_file(directory.join("orders-0/leader-epoch-checkpoint")).unwrap();
            let partition = reopen(directory, LastStop::Unclean).await.unwrap();
            assert_eq!((partition.log_start(), partition.log_end()), (second, Offset::of(8)));
            append(&partition, &batch(1, 10, 1)).await;
            partition.close().await.unwrap();
            assert_eq!(reopen(directory, LastStop::Clean).await.unwrap().log_start(), second);
        }
    });
}

#[test]
fn one_in_the_middle_is_missed_too() {
    on_core(|directory| async move {
        let (partition, _) = fill(&directory).await;
        let crashed = crashed(&directory);
        partition.close().await.unwrap();
        for (directory, last_stop) in [(&directory, LastStop::Clean), (&crashed, LastStop::Unclean)] {
            lose(directory, 4);
            for last_stop in [last_stop, LastStop::Unclean, LastStop::Clean] {
                let partition = reopen(directory, last_stop).await.unwrap();
                let ranges: Vec<_> =
                    partition.bad_ranges().iter().map(|bad| (bad.start.get(), bad.end.get())).collect();
                assert_eq!(ranges, [(4, 6)], "last stop: {last_stop:?}");
                let refused = read_bytes(&partition, 4, 1000).await;
                assert!(matches!(refused, Err(ReadError::Corrupt { resume, .. }) if resume == Offset::of(6)));
                assert!(!read_bytes(&partition, 3, 1000).await.unwrap().is_empty());
                assert!(!read_bytes(&partition, 6, 1000).await.unwrap().is_empty());
                assert_eq!((partition.log_start(), partition.log_end()), (Offset::ZERO, Offset::of(8)));
                partition.close().await.unwrap();
            }
        }
    });
}

#[test]
fn segments_that_retention_took_are_not_missed() {
    on_core(|directory| async move {
        let (partition, _) = fill(&directory).await;
        for start in [2, 3, 6, 8] {
            partition.advance_log_start(Offset::of(start)).await.unwrap();
            let partition = reopen(&crashed(&directory), LastStop::Unclean).await.unwrap();
            assert!(partition.log_start() <= Offset::of(start));
            assert_eq!(partition.log_end(), Offset::of(8));
        }
        partition.close().await.unwrap();
        // Also where the start of the log is not written down anywhere else.
        let partition = reopen(&directory, LastStop::Clean).await.unwrap();
        assert_eq!(partition.log_end(), Offset::of(8));
    });
}

#[test]
fn nor_are_they_where_there_was_no_room_to_write_down_that_they_went() {
    for blocks in 0..4 {
        sim::run_with(blocks, Config::calm(), move |handle| async move {
            let (partition, _) = fill(Path::new(DIRECTORY)).await;
            let disk = handle.disk(NodeId::FIRST);
            disk.set_capacity(Some(disk.used() + blocks * 4096));
            partition.advance_log_start(Offset::of(5)).await.unwrap();
            assert!(disk.read(log_path(Path::new(DIRECTORY), 0)).is_err(), "it went");
            drop(partition);
            let partition = reopen(Path::new(DIRECTORY), LastStop::Unclean).await.unwrap();
            assert_eq!(partition.log_end(), Offset::of(8));
            disk.set_capacity(None);
            append(&partition, &batch(1, 10, 1)).await;
            partition.close().await.unwrap();
            assert_eq!(reopen(Path::new(DIRECTORY), LastStop::Clean).await.unwrap().log_end(), Offset::of(9));
        });
    }
}

#[test]
fn a_log_that_begins_anew_where_all_was_deleted_misses_nothing() {
    on_core(|directory| async move {
        let (partition, _) = fill(&directory).await;
        partition.close().await.unwrap();
        for base in [0, 2, 4, 6] {
            lose(&directory, base);
        }
        let begin = || OpenLog {
            recovery_point: Some(Offset::of(8)),
            log_start: Some(Offset::of(8)),
            ..opening(&directory, config())
        };
        for _ in 0..2 {
            let partition = Partition::open(&TurnWriter::new(), begin()).await.unwrap();
            assert_eq!((partition.log_start(), partition.log_end()), (Offset::of(8), Offset::of(8)));
        }
    });
}

#[test]
fn one_in_the_middle_is_missed_below_the_recovery_point_too() {
    on_core(|directory| async move {
        let (partition, _) = fill(&directory).await;
        let crashed = crashed(&directory);
        partition.close().await.unwrap();
        for (directory, last_stop) in [(&directory, LastStop::Clean), (&crashed, LastStop::Unclean)] {
            lose(directory, 2);
            for last_stop in [last_stop, LastStop::Unclean] {
                let checkpoint = Some(Offset::of(8));
                let opening =
                    OpenLog { last_stop, recovery_point: checkpoint, ..opening(directory, config()) };
                let partition = Partition::open(&TurnWriter::new(), opening).await.unwrap();
                assert_eq!((partition.log_start(), partition.log_end()), (Offset::ZERO, Offset::of(8)));
                let ranges: Vec<_> =
                    partition.bad_ranges().iter().map(|bad| (bad.start.get(), bad.end.get())).collect();
                assert_eq!(ranges, [(2, 4)], "last stop: {last_stop:?}");
                let refused = read_bytes(&partition, 2, 1000).await;
                assert!(matches!(refused, Err(ReadError::Corrupt { resume, .. }) if resume == Offset::of(4)));
                for there in [0, 1, 4, 7] {
                    assert!(!read_bytes(&partition, there, 1000).await.unwrap().is_empty());
                }
                partition.close().await.unwrap();
            }
        }
    });
}
