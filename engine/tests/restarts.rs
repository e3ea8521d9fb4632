//! Stories of logs that are closed, crash, or are damaged, and are opened again.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use common::*;
use creel_engine::{
    AppendError, AppendOrigin, BatchBuilder, LogConfig, Offset, OpenLog, Partition, ProducerError, ReadError,
    TurnWriter,
};
use creel_io::fs::{self, File, OpenOptions};

fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 3000, index_interval_bytes: 300, ..LogConfig::default() }
}

#[test]
fn a_roll_leaves_all_that_was_appended_in_segments_that_can_go() {
    on_core(|directory| async move {
        let partition = open(&directory).await;
        append(&partition, &batch(3, 10, 1)).await;
        let pending = partition.append(&batch(2, 10, 2), AppendOrigin::Client).unwrap();
        assert_eq!(partition.roll().unwrap(), Offset::of(5), "what is staged is in front of it, too");
        assert_eq!(partition.roll().unwrap(), Offset::of(5), "an empty segment is not closed");
        pending.durable().await.unwrap();
        append(&partition, &batch(1, 10, 3)).await;
        partition.advance_log_start(Offset::of(5)).await.unwrap();
        assert!(!log_path(&directory, 0).exists() && log_path(&directory, 5).exists());
        let left = open(&crashed(&directory)).await;
        assert_eq!(
            (left.log_start(), left.log_end()),
            (Offset::of(5), Offset::of(6)),
            "without a checkpoint"
        );
    });
}

#[test]
fn who_still_holds_a_deleted_partition_takes_nothing_of_its_successor() {
    on_core(|directory| async move {
        let first = open(&directory).await;
        append(&first, &batch(3, 10, 1)).await;
        first.roll().unwrap();
        append(&first, &batch(3, 10, 1)).await;
        first.delete().await.unwrap();
        let second = open(&directory).await;
        append(&second, &batch(1, 10, 2)).await;
        first.advance_log_start(Offset::of(3)).await.unwrap_err();
        assert!(log_path(&directory, 0).exists());
        assert!(first.roll().is_err());
    });
}

#[test]
fn a_clean_stop_leaves_exact_files_and_all_records() {
    on_core(|directory| async move {
        let partition = open_with(&directory, small_segments()).await;
        for at in 0..100 {
            append(&partition, &batch(2, 50, at)).await;
        }
        let before = read_all(&partition, 0).await;
        let bytes = partition.size_bytes();
        partition.close().await.unwrap();
        let on_disk: u64 = fs::read_dir(&directory.join("orders-0"))
            .unwrap()
            .into_iter()
            .filter(|name| name.to_string_lossy().ends_with(".log"))
            .map(|name| std::fs::metadata(directory.join("orders-0").join(name)).unwrap().len())
            .sum();
        assert_eq!(on_disk, bytes, "nothing claimed stays behind");

        let partition = open_clean(&directory, small_segments()).await;
        assert_eq!(partition.recovery().scanned_bytes, 0, "a clean stop needs no recovery");
        assert_eq!(read_all(&partition, 0).await, before);
        assert_eq!(append(&partition, &batch(1, 50, 1)).await, Offset::of(200));
        assert_eq!(read_all(&partition, 0).await.len(), 101);
    });
}

#[test]
fn a_crash_loses_nothing_that_was_written() {
    on_core(|directory| async move {
        let partition = open_with(&directory, small_segments()).await;
        for at in 0..100 {
            append(&partition, &batch(2, 50, at)).await;
        }
        let before = read_all(&partition, 0).await;
        let directory = crashed(&directory);
        let partition = open_with(&directory, small_segments()).await;
        assert_eq!(read_all(&partition, 0).await, before);
        assert_eq!(partition.recovery().torn_bytes, 0);
        assert_eq!(append(&partition, &batch(1, 50, 1)).await, Offset::of(200));
    });
}

#[test]
fn producers_are_remembered_across_stops_and_crashes() {
    on_core(|directory| async move {
        let send = |sequence| {
            BatchBuilder::new(0).producer(7, 0, sequence).record(creel_io::wall_clock_ms(), None, None)
        };
        let partition = open_with(&directory, small_segments()).await;
        for sequence in 0..60 {
            append(&partition, &send(sequence).build().unwrap()).await;
        }
        let mut directory = directory;
        for clean in [false, true, false] {
            directory = crashed(&directory);
            let partition = if clean {
                open_with(&directory, small_segments()).await.close().await.unwrap();
                open_clean(&directory, small_segments()).await
            } else {
                open_with(&directory, small_segments()).await
            };
            for sequence in 55..60 {
                let offset = append(&partition, &send(sequence).build().unwrap()).await;
                assert_eq!(offset, Offset::of(i64::from(sequence)), "clean {clean}");
            }
            let gap = partition.append(&send(61).build().unwrap(), AppendOrigin::Client).unwrap_err();
            let refusal = ProducerError::OutOfOrderSequence { got: 61, last: 59 };
            assert_eq!(gap, AppendError::Producer(refusal));
            assert_eq!(partition.log_end(), Offset::of(60));
        }
    });
}

/// What a missing snapshot said is told by batches as long as retention leaves them, so a start writes it anew.
#[test]
fn a_start_makes_producers_safe_from_retention() {
    on_core(|directory| async move {
        let send = || BatchBuilder::new(0).producer(7, 0, 0).record(creel_io::wall_clock_ms(), None, None);
        let partition = open_with(&directory, small_segments()).await;
        append(&partition, &send().build().unwrap()).await;
        for at in 0..50 {
            append(&partition, &batch(2, 100, at)).await;
        }
        let directory = crashed(&directory);
        for name in fs::read_dir(&directory.join("orders-0")).unwrap() {
            if name.to_string_lossy().ends_with(".snapshot") {
                fs::remove_file(&directory.join("orders-0").join(name)).unwrap();
            }
        }
        let partition = open_with(&directory, small_segments()).await;
        partition.advance_log_start(Offset::of(90)).await.unwrap();
        let partition = open_with(&crashed(&directory), small_segments()).await;
        assert!(partition.log_start() > Offset::ZERO);
        assert_eq!(append(&partition, &send().build().unwrap()).await, Offset::ZERO, "the retry is known");
        assert_eq!(partition.log_end(), Offset::of(101));
    });
}

#[test]
fn the_log_start_survives() {
    on_core(|directory| async move {
        let partition = open_with(&directory, small_segments()).await;
        for at in 0..100 {
            append(&partition, &batch(1, 50, at)).await;
        }
        partition.advance_log_start(Offset::of(55)).await.unwrap();
        let directory = crashed(&directory);
        let opening = OpenLog { log_start: Some(Offset::of(55)), ..opening(&directory, small_segments()) };
        let partition = Partition::open(&TurnWriter::new(), opening).await.unwrap();
        assert_eq!((partition.log_start(), partition.log_end()), (Offset::of(55), Offset::of(100)));
        assert!(matches!(read_bytes(&partition, 54, 1).await, Err(ReadError::OutOfRange { .. })));
        assert_eq!(read_all(&partition, 55).await.len(), 45);
    });
}

/// Settings under which nothing is ever synced, so that a power cut may take any of it.
fn unsynced() -> LogConfig {
    LogConfig { flush_messages: Some(1 << 40), ..LogConfig::default() }
}

/// Ten batches of one record in one segment, after a crash: the directory, and the size of a batch.
async fn ten_batches(directory: &Path, config: LogConfig) -> (PathBuf, u64) {
    let partition = open_with(directory, config).await;
    for at in 0..10 {
        append(&partition, &batch(1, 2000, at + 1)).await;
    }
    let end = partition.size_bytes();
    assert_eq!(end % 10, 0);
    (crashed(directory), end / 10)
}

fn overwrite(directory: &Path, at: u64, bytes: &[u8]) {
    let file = File::open(&log_path(directory, 0), OpenOptions::read_write()).unwrap();
    file.write_all_at(&mut [IoSlice::new(bytes)], at).unwrap();
}

#[test]
fn a_torn_end_is_cut_and_only_that() {
    on_core(|directory| async move {
        let (directory, size) = ten_batches(&directory, unsynced()).await;
        // The last batch lost its middle sectors.
        overwrite(&directory, 9 * size + 512, &[0; 1024]);
        let partition = open(&directory).await;
        assert_eq!(partition.log_end(), Offset::of(9));
        assert_eq!(partition.recovery().torn_bytes, size);
        assert!(partition.bad_ranges().is_empty());
        assert_eq!(append(&partition, &batch(1, 10, 9)).await, Offset::of(9));
        assert_eq!(read_all(&partition, 0).await.len(), 10);
    });
}

#[test]
fn sound_unsynced_batches_behind_a_lost_one_are_cut_with_it() {
    on_core(|directory| async move {
        let (directory, size) = ten_batches(&directory, unsynced()).await;
        overwrite(&directory, 7 * size, &vec![0; size as usize]);
        let partition = open(&directory).await;
        assert_eq!(partition.log_end(), Offset::of(7));
        assert_eq!(partition.recovery().torn_batches, 2);
    });
}

/// The first bytes of a batch are zeros, as lost ones are: where it begins does not tell where the loss ends.
#[test]
fn a_lost_sector_may_reach_into_the_next_batch() {
    on_core(|directory| async move {
        let torn = (1000..1600).map(|bytes| batch(1, bytes, 1)).find(|batch| batch.size_bytes() % 512 == 509);
        let torn = torn.unwrap();
        let partition = open_with(&directory, unsynced()).await;
        append(&partition, &torn).await;
        append(&partition, &batch(1, 1000, 2)).await;
        let directory = crashed(&directory);
        overwrite(&directory, torn.size_bytes() as u64 - 509, &[0; 512]);
        let partition = open(&directory).await;
        assert_eq!(partition.bad_ranges(), []);
        assert_eq!((partition.log_end(), partition.recovery().torn_batches), (Offset::ZERO, 1));
    });
}

#[test]
fn the_same_loss_of_synced_batches_is_damage_though_no_checkpoint_tells() {
    on_core(|directory| async move {
        let (directory, size) = ten_batches(&directory, LogConfig::default()).await;
        overwrite(&directory, 7 * size, &vec![0; size as usize]);
        check_damage(&open(&directory).await, 7).await;
    });
}

#[test]
fn the_same_loss_below_the_recovery_point_is_damage_and_is_kept_apart() {
    on_core(|directory| async move {
        let (directory, size) = ten_batches(&directory, unsynced()).await;
        overwrite(&directory, 7 * size, &vec![0; size as usize]);
        let opening =
            || OpenLog { recovery_point: Some(Offset::of(10)), ..opening(&directory, LogConfig::default()) };
        let partition = Partition::open(&TurnWriter::new(), opening()).await.unwrap();
        check_damage(&partition, 7).await;
        // It stays known after a clean stop, when nothing is scanned.
        partition.close().await.unwrap();
        let partition = open_clean(&directory, LogConfig::default()).await;
        check_damage(&partition, 7).await;
        assert_eq!(append(&partition, &batch(1, 10, 9)).await, Offset::of(10));
    });
}

async fn check_damage(partition: &Partition, lost: i64) {
    assert_eq!(partition.log_end(), Offset::of(10));
    let ranges: Vec<_> = partition.bad_ranges().iter().map(|bad| (bad.start, bad.end)).collect();
    assert_eq!(ranges, [(Offset::of(lost), Offset::of(lost + 1))]);
    let refusal = read_bytes(partition, lost, 1).await.unwrap_err();
    assert!(matches!(refusal, ReadError::Corrupt { resume, .. } if resume == Offset::of(lost + 1)));
    let before = read_bytes(partition, 0, 1 << 20).await.unwrap();
    assert_eq!(creel_engine::BatchHeader::parse(&before).unwrap().base_offset, Offset::ZERO);
    assert_eq!(read_all(partition, lost + 1).await.len() as i64, 9 - lost);
}

#[test]
fn a_flipped_bit_never_takes_good_batches_with_it() {
    on_core(|directory| async move {
        let (directory, size) = ten_batches(&directory, LogConfig::default()).await;
        for at in [0, 8, 11, 16, 17, 23, 57, 61, 700, size - 1] {
            let position = 4 * size + at;
            let file = File::open(&log_path(&directory, 0), OpenOptions::read_write()).unwrap();
            let byte = file.read_exact_at(position, 1).await.unwrap()[0];
            overwrite(&directory, position, &[byte ^ 0x40]);
            let partition = open(&directory).await;
            check_damage(&partition, 4).await;
            overwrite(&directory, position, &[byte]);
        }
        let partition = open(&directory).await;
        assert!(partition.bad_ranges().is_empty(), "healed bytes are served again");
        assert_eq!(read_all(&partition, 0).await.len(), 10);
    });
}

#[test]
fn every_truncation_leaves_the_batches_before_it() {
    on_core(|directory| async move {
        let (directory, size) = ten_batches(&directory, LogConfig::default()).await;
        for length in (0..10 * size).rev().step_by(331) {
            let file = File::open(&log_path(&directory, 0), OpenOptions::read_write()).unwrap();
            file.truncate(length).unwrap();
            let partition = open(&directory).await;
            assert_eq!(partition.log_end(), Offset::of((length / size) as i64), "length {length}");
            assert!(partition.bad_ranges().is_empty());
        }
    });
}

#[test]
fn stale_batches_behind_the_end_stay_dead() {
    on_core(|directory| async move {
        let (directory, size) = ten_batches(&directory, LogConfig::default()).await;
        let file = File::open(&log_path(&directory, 0), OpenOptions::read_write()).unwrap();
        let third = file.read_exact_at(2 * size, size as usize).await.unwrap();
        // An earlier life's batch, whole and sound, right behind the end; and again after zeros.
        overwrite(&directory, 10 * size, &third);
        overwrite(&directory, 14 * size, &third);
        let partition = open(&directory).await;
        assert_eq!(partition.log_end(), Offset::of(10));
        assert!(partition.bad_ranges().is_empty());
        assert_eq!(append(&partition, &batch(1, 10, 9)).await, Offset::of(10));
        let partition = open(&crashed(&directory)).await;
        assert_eq!((partition.log_end(), partition.recovery().torn_bytes), (Offset::of(11), 0));
    });
}

#[test]
fn a_lost_end_of_an_older_segment_takes_the_newer_ones_with_it() {
    on_core(|directory| async move {
        let config = || LogConfig { segment_bytes: 5000, ..unsynced() };
        let partition = open_with(&directory, config()).await;
        for at in 0..10 {
            append(&partition, &batch(1, 2000, at)).await;
        }
        let directory = crashed(&directory);
        // Two batches a segment; the second batch of the third segment never reached the disk.
        let file = File::open(&log_path(&directory, 4), OpenOptions::read_write()).unwrap();
        let length = file.len().unwrap();
        file.write_all_at(&mut [IoSlice::new(&vec![0; length as usize / 2])], length / 2).unwrap();
        let partition = open_with(&directory, config()).await;
        assert_eq!(partition.log_end(), Offset::of(5));
        assert!(!fs::exists(&log_path(&directory, 6)));
        assert_eq!(append(&partition, &batch(1, 10, 9)).await, Offset::of(5));
        assert_eq!(read_all(&partition, 0).await.len(), 6);
    });
}

#[test]
fn missing_or_damaged_indexes_are_rebuilt() {
    on_core(|directory| async move {
        let partition = open_with(&directory, small_segments()).await;
        for at in 0..100 {
            append(&partition, &batch(1, 50, at)).await;
        }
        partition.close().await.unwrap();
        for name in fs::read_dir(&directory.join("orders-0")).unwrap() {
            let path = directory.join("orders-0").join(&name);
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("index") => fs::remove_file(&path).unwrap(),
                Some("timeindex") => {
                    let file = File::open(&path, OpenOptions::read_write()).unwrap();
                    file.truncate(file.len().unwrap() - 1).unwrap();
                }
                _ => {}
            }
        }
        let partition = open_clean(&directory, small_segments()).await;
        assert_eq!(read_all(&partition, 0).await.len(), 100);
        for from in 0..100 {
            let bytes = read_bytes(&partition, from, 1).await.unwrap();
            assert_eq!(creel_engine::BatchHeader::parse(&bytes).unwrap().base_offset, Offset::of(from));
        }
    });
}

#[test]
fn gaps_that_another_brokers_compaction_left_are_no_torn_end_whatever_the_policy_is_now() {
    on_core(|directory| async move {
        let config = || LogConfig { may_have_gaps: true, ..small_segments() };
        let partition = open_with(&directory, config()).await;
        for at in 0..100 {
            append(&partition, &batch(1, 50, at)).await;
        }
        let mut kept = read_all(&partition, 0).await;
        partition.close().await.unwrap();
        let size = kept[0].0.size_bytes;
        // Of the first segment the first batch and the third are compacted away.
        let segment = std::fs::read(log_path(&directory, 0)).unwrap();
        let compacted = [&segment[size..2 * size], &segment[3 * size..]].concat();
        std::fs::write(log_path(&directory, 0), compacted).unwrap();
        std::fs::remove_file(log_path(&directory, 0).with_extension("index")).unwrap();
        std::fs::remove_file(log_path(&directory, 0).with_extension("timeindex")).unwrap();
        kept.remove(2);
        kept.remove(0);

        let directory = crashed(&directory);
        let partition = open_with(&directory, config()).await;
        assert_eq!(read_all(&partition, 0).await, kept);
        assert_eq!(partition.recovery().torn_bytes, 0);
        assert_eq!(append(&partition, &batch(1, 50, 1)).await, Offset::of(100));
    });
}
