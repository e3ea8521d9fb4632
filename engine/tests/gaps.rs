//! Logs whose offsets have gaps: another log's compaction removed batches, or records inside of batches.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::path::Path;

use common::*;
use creel_engine::{Batch, LogConfig, Offset, Partition, UncheckedBatch};

fn config() -> LogConfig {
    LogConfig { may_have_gaps: true, segment_bytes: 3000, index_interval_bytes: 100, ..LogConfig::default() }
}

/// A batch of `records` records as another log holds it.
fn held(base: i64, records: usize) -> Batch {
    let mut bytes = batch(records, 200, base as u8).bytes().to_vec();
    bytes[..8].copy_from_slice(&base.to_be_bytes());
    bytes[12..16].copy_from_slice(&0_i32.to_be_bytes());
    UncheckedBatch::new(bytes.into()).verify().unwrap()
}

/// Two records each, and a gap before every third batch.
const BASES: [i64; 12] = [0, 2, 14, 16, 18, 30, 32, 34, 46, 48, 50, 62];

async fn filled(directory: &Path) -> Partition {
    let partition = open_with(directory, config()).await;
    for base in BASES {
        partition.append_as_is(&held(base, 2)).unwrap().durable().await.unwrap();
    }
    partition
}

/// The first batch that a read from `from` gives.
async fn first_from(partition: &Partition, from: i64) -> i64 {
    let bytes = read_bytes(partition, from, 1).await.unwrap();
    creel_engine::BatchHeader::parse(&bytes).unwrap().base_offset - Offset::ZERO
}

#[test]
fn a_read_from_inside_a_gap_gives_the_batch_behind_it() {
    on_core(|directory| async move {
        let partition = filled(&directory).await;
        // From memory, near the end, and from the index, further back.
        for from in 0..64 {
            let expected = BASES.into_iter().find(|base| base + 2 > from).unwrap();
            assert_eq!(first_from(&partition, from).await, expected, "from {from}");
        }
        partition.close().await.unwrap();
        let partition = open_clean(&directory, config()).await;
        for from in 0..64 {
            let expected = BASES.into_iter().find(|base| base + 2 > from).unwrap();
            assert_eq!(first_from(&partition, from).await, expected, "from {from} after a start");
        }
    });
}
