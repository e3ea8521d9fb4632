//! Stories of a log that nothing bad happens to.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use common::*;
use creel_engine::{
    AppendError, AppendOrigin, BatchBuilder, BatchHeader, Isolation, LogConfig, Offset, ReadError,
    TimestampType, UncheckedBatch, Upkeep,
};

#[test]
fn what_was_appended_is_read_back() {
    on_core(|directory| async move {
        let partition = open(&directory).await;
        let batches = [batch(3, 10, 1), batch(1, 20_000, 2), batch(2, 10, 3)];
        assert_eq!(append(&partition, &batches[0]).await, Offset::ZERO);
        assert_eq!(append(&partition, &batches[1]).await, Offset::of(3));
        assert_eq!(append(&partition, &batches[2]).await, Offset::of(4));
        assert_eq!(partition.high_watermark(), Offset::of(6));
        let found = read_all(&partition, 0).await;
        assert_eq!(found.len(), 3);
        for ((header, bytes), sent) in found.iter().zip(&batches) {
            assert_eq!(header.record_count, sent.header().record_count);
            assert_eq!(bytes[..], sent.bytes()[21..]);
        }
    });
}

#[test]
fn appends_of_one_turn_are_one_write_and_keep_their_order() {
    on_core(|directory| async move {
        let partition = open(&directory).await;
        let pending: Vec<_> = (0..2000)
            .map(|at| partition.append(&batch(1, 10 + at * 7, at as u8), AppendOrigin::Client).unwrap())
            .collect();
        for (at, pending) in pending.into_iter().enumerate() {
            assert_eq!(pending.written().await.unwrap().base_offset, Offset::of(at as i64));
        }
        partition.sync().await.unwrap();
        let found = read_all(&partition, 0).await;
        let fills: Vec<u8> = found.iter().map(|(_, bytes)| bytes[bytes.len() - 2]).collect();
        let sent: Vec<u8> = (0..2000).map(|at| at as u8).collect();
        assert_eq!(fills, sent);
    });
}

#[test]
fn an_offset_inside_a_batch_gives_the_whole_batch() {
    on_core(|directory| async move {
        let partition = open(&directory).await;
        for _ in 0..2000 {
            append_quietly(&partition).await;
        }
        // The newest come from memory, the oldest from the index and the file.
        for from in [0, 1, 4, 13, 5000, 9998, 9999] {
            let bytes = read_bytes(&partition, from, 1).await.unwrap();
            let header = BatchHeader::parse(&bytes).unwrap();
            assert_eq!(header.size_bytes, bytes.len(), "from {from}");
            assert!((header.base_offset..header.end_offset()).contains(&Offset::of(from)), "from {from}");
        }
        let outcome = partition.read(Offset::of(13), Isolation::HighWatermark, 1, false).await.unwrap();
        assert!(outcome.slice.is_none(), "no fragment of a batch");
        let outcome = partition.read(Offset::of(9999), Isolation::HighWatermark, 1, false).await.unwrap();
        assert!(outcome.slice.is_none(), "no fragment of a recent batch");
    });
}

async fn append_quietly(partition: &creel_engine::Partition) {
    partition.append(&batch(5, 20, 7), AppendOrigin::Client).unwrap().durable().await.unwrap();
}

#[test]
fn byte_limits_hold_everywhere() {
    on_core(|directory| async move {
        let config = LogConfig { segment_bytes: 20_000, ..LogConfig::default() };
        let partition = open_with(&directory, config).await;
        for _ in 0..500 {
            append_quietly(&partition).await;
        }
        for from in (0..2500).step_by(37) {
            for max_bytes in [200, 1000, 5000, 100_000] {
                let outcome = partition
                    .read(Offset::of(from), Isolation::HighWatermark, max_bytes, false)
                    .await
                    .unwrap();
                let length = outcome.size_bytes();
                assert!(length > 0 && length <= max_bytes as u64, "{from} {max_bytes} {length}");
            }
        }
    });
}

#[test]
fn reads_outside_the_log_say_so() {
    on_core(|directory| async move {
        let partition = open(&directory).await;
        append(&partition, &batch(3, 10, 1)).await;
        assert!(read_bytes(&partition, 3, 100).await.unwrap().is_empty(), "the end is empty, not an error");
        assert!(matches!(read_bytes(&partition, 4, 100).await, Err(ReadError::OutOfRange { .. })));
        partition.advance_log_start(Offset::of(2)).await.unwrap();
        assert!(matches!(read_bytes(&partition, 1, 100).await, Err(ReadError::OutOfRange { .. })));
    });
}

#[test]
fn batches_are_refused_for_size_time_and_kind() {
    on_core(|directory| async move {
        let config = LogConfig { max_message_bytes: 1000, ..LogConfig::default() };
        let partition = open_with(&directory, config).await;
        let refusal = |batch| partition.append(&batch, AppendOrigin::Client).unwrap_err();
        assert!(matches!(refusal(batch(1, 1000, 1)), AppendError::TooLarge { max_bytes: 1000, .. }));
        let later = creel_io::wall_clock_ms() + 2 * 3_600_000;
        let future = BatchBuilder::new(later).record(later, None, None).build().unwrap();
        assert!(matches!(refusal(future), AppendError::InvalidTimestamp(_)));
        let attributes = creel_engine::Attributes(1 << 5);
        let control = BatchBuilder::new(0).attributes(attributes).record(0, None, None).build().unwrap();
        assert!(matches!(refusal(control), AppendError::InvalidRecord(_)));
        assert_eq!(partition.log_end(), Offset::ZERO);
    });
}

#[test]
fn append_time_replaces_the_producers_time() {
    on_core(|directory| async move {
        let config =
            LogConfig { message_timestamp_type: TimestampType::LogAppendTime, ..LogConfig::default() };
        let partition = open_with(&directory, config).await;
        let old = BatchBuilder::new(1000).record(1000, None, Some(b"x")).build().unwrap();
        let ack = partition.append(&old, AppendOrigin::Client).unwrap().durable().await.unwrap();
        let bytes = read_bytes(&partition, 0, 1000).await.unwrap();
        let stored = UncheckedBatch::new(bytes.into()).verify().unwrap();
        assert_eq!(Some(stored.header().max_timestamp), ack.log_append_time_ms);
        assert!(stored.header().attributes.is_log_append_time());
    });
}

#[test]
fn time_finds_offsets_across_segments() {
    on_core(|directory| async move {
        let config = LogConfig { segment_bytes: 4000, index_interval_bytes: 200, ..LogConfig::default() };
        let partition = open_with(&directory, config).await;
        let start = creel_io::wall_clock_ms() - 1_000_000;
        for at in 0..300 {
            let time = start + at * 10;
            let two = BatchBuilder::new(time).record(time, None, None).record(time + 5, None, None);
            append(&partition, &two.build().unwrap()).await;
        }
        for (ms, offset) in [(-5, 0), (0, 0), (1, 1), (5, 1), (6, 2), (1234, 247), (2995, 599)] {
            let found = partition.offset_for_timestamp(start + ms).await.unwrap().unwrap();
            assert_eq!(found.offset, Offset::of(offset), "{ms} ms");
        }
        assert_eq!(partition.offset_for_timestamp(start + 2996).await.unwrap(), None);
        let newest = partition.max_timestamp_offset().await.unwrap().unwrap();
        assert_eq!((newest.offset, newest.timestamp), (Offset::of(599), start + 2995));
    });
}

#[test]
fn retention_drops_whole_old_segments() {
    on_core(|directory| async move {
        let config = LogConfig { segment_bytes: 1000, retention_bytes: Some(3000), ..LogConfig::default() };
        let partition = open_with(&directory, config.clone()).await;
        for _ in 0..100 {
            append(&partition, &batch(1, 100, 1)).await;
        }
        let now_ms = creel_io::wall_clock_ms();
        assert!(matches!(partition.upkeep(now_ms).await.unwrap(), Upkeep::DropBefore(_)));
        assert!(partition.log_start() > Offset::of(50));
        assert!((3000..4000).contains(&partition.size_bytes()), "{}", partition.size_bytes());
        assert_eq!(
            read_all(&partition, partition.log_start().get()).await.len() as i64,
            100 - partition.log_start().get()
        );

        let week_later = now_ms + 8 * 24 * 3_600_000;
        assert!(matches!(partition.upkeep(week_later).await.unwrap(), Upkeep::DropBefore(_)));
        assert_eq!(partition.upkeep(week_later).await.unwrap(), Upkeep::Roll);
        assert_eq!(partition.upkeep(week_later).await.unwrap(), Upkeep::DropBefore(Offset::of(100)));
        assert_eq!(partition.log_start(), Offset::of(100));
        assert_eq!(append(&partition, &batch(1, 100, 1)).await, Offset::of(100));
    });
}

#[test]
fn a_long_poll_wakes_when_the_high_watermark_moves() {
    on_core(|directory| async move {
        let partition = open(&directory).await;
        let waiting = creel_io::spawn({
            let partition = partition.clone();
            async move {
                partition.changed(Offset::ZERO).await;
                partition.high_watermark()
            }
        });
        append(&partition, &batch(1, 1, 1)).await;
        assert!(waiting.await >= Offset::of(1));
    });
}

#[test]
fn relaxed_durability_lets_the_high_watermark_follow_the_write() {
    on_core(|directory| async move {
        let config = LogConfig { flush_messages: Some(10), ..LogConfig::default() };
        let partition = open_with(&directory, config).await;
        append(&partition, &batch(9, 1, 1)).await;
        assert_eq!((partition.high_watermark(), partition.durable_end()), (Offset::of(9), Offset::ZERO));
        append(&partition, &batch(1, 1, 1)).await;
        partition.sync().await.unwrap();
        assert_eq!(partition.durable_end(), Offset::of(10));
    });
}

#[test]
fn a_deleted_partition_leaves_nothing_and_answers_closed() {
    on_core(|directory| async move {
        let partition = open(&directory).await;
        append(&partition, &batch(1, 1, 1)).await;
        partition.delete().await.unwrap();
        assert!(creel_io::fs::read_dir(&directory).unwrap().is_empty());
        let refusal = partition.append(&batch(1, 1, 1), AppendOrigin::Client).unwrap_err();
        assert_eq!(refusal, AppendError::Closed);
        assert!(matches!(read_bytes(&partition, 0, 1).await, Err(ReadError::Closed)));
    });
}

#[test]
fn idle_partitions_hold_no_descriptors_and_claim_no_disk() {
    on_core(|directory| async move {
        let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let turn_writer = creel_engine::TurnWriter::new();
        let before = descriptors();
        let mut partitions = Vec::new();
        for at in 0..200 {
            let opening = opening(&directory.join(at.to_string()), LogConfig::default());
            partitions.push(creel_engine::Partition::open(&turn_writer, opening).await.unwrap());
        }
        // Other tests of this process open files too, but not a hundred.
        assert!(descriptors() < before + 100);
        for at in 0..200 {
            let claimed = std::fs::metadata(log_path(&directory.join(at.to_string()), 0)).unwrap().len();
            assert_eq!(claimed, 0);
        }
    });
}
