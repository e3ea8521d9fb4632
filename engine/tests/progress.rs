//! How much a recovery will have to go through is known before, and is what it says that it has gone through.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use common::*;
use creel_engine::{AppendOrigin, LastStop, LogConfig, Offset, OpenLog, Partition, TurnWriter};
use creel_io::sim::{self, Config};

fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 3000, index_interval_bytes: 300, ..LogConfig::default() }
}

/// What was said before, and what came of it.
async fn open_and_count(open: OpenLog) -> (u64, u64) {
    let turn_writer = TurnWriter::new();
    let before = open.bytes_to_recover();
    assert_eq!(turn_writer.recovered_bytes(), 0);
    Partition::open(&turn_writer, open).await.unwrap();
    (before, turn_writer.recovered_bytes())
}

#[test]
fn all_segments_behind_the_recovery_point_are_counted_and_no_other() {
    on_core(|directory| async move {
        let partition = open_with(&directory, small_segments()).await;
        for at in 0..100 {
            append(&partition, &batch(2, 50, at)).await;
        }
        let bytes = |from: i64| {
            let names = std::fs::read_dir(directory.join("orders-0")).unwrap();
            let paths = names.map(|name| name.unwrap().path());
            let logs = paths.filter(|path| path.extension().is_some_and(|ending| ending == "log"));
            let base = |path: &Path| path.file_stem().unwrap().to_str().unwrap().parse::<i64>();
            let counted = logs.filter(|path| base(path).unwrap() >= from);
            counted.map(|path| path.metadata().unwrap().len()).sum::<u64>()
        };
        let all = opening(&crashed(&directory), small_segments());
        assert_eq!(open_and_count(all).await, (bytes(0), bytes(0)));
        // Some segment begins there, but for the first.
        let base = partition.roll().unwrap();
        append(&partition, &batch(2, 50, 0)).await;
        let safe = OpenLog { recovery_point: Some(base), ..opening(&crashed(&directory), small_segments()) };
        assert_eq!(open_and_count(safe).await, (bytes(base.get()), bytes(base.get())));
        assert!(0 < bytes(base.get()) && bytes(base.get()) < bytes(0) / 10);
    });
}

#[test]
fn a_torn_end_is_gone_through_whole_and_a_clean_log_not_at_all() {
    on_core(|directory| async move {
        let partition = open_with(&directory, small_segments()).await;
        for at in 0..10 {
            append(&partition, &batch(2, 50, at)).await;
        }
        let torn = crashed(&directory);
        let path = log_path(&torn, 0);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let (before, after) = open_and_count(opening(&torn, small_segments())).await;
        assert_eq!((before, after), (bytes.len() as u64, bytes.len() as u64));
        partition.close().await.unwrap();
        let clean = OpenLog { last_stop: LastStop::Clean, ..opening(&directory, small_segments()) };
        assert_eq!(open_and_count(clean).await, (0, 0));
        // Nothing is there, and nothing is to be done.
        let nowhere =
            OpenLog { directory: directory.join("none-0"), ..opening(&directory, small_segments()) };
        assert_eq!(open_and_count(OpenLog { recovery_point: Some(Offset::ZERO), ..nowhere }).await, (0, 0));
    });
}

#[test]
fn others_have_their_turn_also_where_the_whole_log_is_in_the_page_cache() {
    // Nothing is read from the disk, so that recovery waits for nothing until it is through.
    sim::run_with(1, Config::calm(), |_| async {
        let directory = Path::new("/data");
        let partition = open(directory).await;
        for at in 0..3000 {
            drop(partition.append(&batch(1, 100, at as u8), AppendOrigin::Client).unwrap());
        }
        append(&partition, &batch(1, 100, 0)).await;
        let turn_writer = TurnWriter::new();
        let open = opening(directory, LogConfig::default());
        let all = open.bytes_to_recover();
        let is_open = Rc::new(Cell::new(false));
        let seen = Rc::new(RefCell::new(Vec::new()));
        let onlooker = {
            let (is_open, seen, turn_writer) = (is_open.clone(), seen.clone(), turn_writer.clone());
            creel_io::spawn(async move {
                while !is_open.get() {
                    seen.borrow_mut().push(turn_writer.recovered_bytes());
                    creel_io::sleep(Duration::from_micros(1)).await;
                }
            })
        };
        Partition::open(&turn_writer, open).await.unwrap();
        is_open.set(true);
        onlooker.await;
        let between: std::collections::BTreeSet<_> =
            seen.borrow().iter().copied().filter(|bytes| (1..all).contains(bytes)).collect();
        assert!(between.len() >= 3, "{between:?} of {all}");
    });
}
