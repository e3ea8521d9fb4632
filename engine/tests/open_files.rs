//! Segments that were read a moment ago stay open, a few of them, and are let go of when they are removed.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::path::Path;

use common::*;
use creel_engine::{Flusher, Isolation, LogConfig, Offset, OpenLog, Partition};

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
    let opening = OpenLog { was_clean: true, ..opening(directory, config()) };
    let partition = Partition::open(&Flusher::new().keeping_open(KEPT), opening).await.unwrap();
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
        let read = partition.read(Offset(0), Isolation::HighWatermark, 1, true).await.unwrap();
        read_bytes(&partition, 1, 1).await.unwrap();
        assert_eq!(open_logs(&directory), 2);
        partition.advance_log_start(Offset(BATCHES - 1)).await.unwrap();
        assert_eq!(open_logs(&directory), 1, "the one that is being read");
        let slice = read.slice.unwrap();
        let bytes = slice.file.read_exact_at(slice.position, slice.length as usize).await.unwrap();
        assert_eq!(bytes.len() as u64, slice.length);
        drop(slice);
        assert_eq!(open_logs(&directory), 0);
    });
}
