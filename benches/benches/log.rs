//! The log's own steps: verify a batch, look an offset up, append.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use creel_benches::frames;
use creel_benches::shape::SHAPES;
use creel_engine::OffsetIndex;
use creel_engine::{
    AppendOrigin, Batch, FilePosition, LastStop, LeaderEpoch, LogConfig, Offset, OpenLog, Partition,
    TopicPartition, TurnWriter, UncheckedBatch,
};
use creel_io::Instant;
use creel_io::runtime::{RuntimeConfig, start};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn verify(c: &mut Criterion) {
    let mut group = c.benchmark_group("verify");
    for shape in &SHAPES[..4] {
        let batch = frames::batch(shape);
        group.throughput(Throughput::Bytes(batch.len() as u64));
        group.bench_function(shape.name, |b| b.iter(|| UncheckedBatch::new(batch.clone()).verify()));
    }
    group.finish();
}

fn index(c: &mut Criterion) {
    let mut index = OffsetIndex::new(Offset::ZERO);
    // A full segment of 1 GiB with an entry every 4 KiB.
    for entry in 0..262_144 {
        index.push(Offset::ZERO + entry * 40, FilePosition::new(entry as u64 * 4096));
    }
    let mut offset = 0;
    c.bench_function("index lookup, 262,144 entries", |b| {
        b.iter(|| {
            offset = (offset + 7_919_003) % (262_144 * 40);
            index.position_before(Offset::ZERO + offset)
        });
    });
}

/// Appends that wait for their write, one a turn (nothing to coalesce) and sixteen a turn.
fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("append until written");
    for shape in &SHAPES[..4] {
        let batch = UncheckedBatch::new(frames::batch(shape)).verify().expect("a batch made here is valid");
        group.throughput(Throughput::Bytes(batch.size_bytes() as u64));
        for in_turn in [1, 16] {
            let id = BenchmarkId::new(shape.name, format!("{in_turn} a turn"));
            group.bench_with_input(id, &batch, |b, batch| {
                b.iter_custom(|iterations| on_core(batch.clone(), iterations, in_turn));
            });
        }
    }
    group.finish();
}

fn on_core(batch: Batch, iterations: u64, in_turn: u64) -> Duration {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let taken = Arc::new(Mutex::new(Duration::ZERO));
    let (place, path) = (taken.clone(), directory.path().to_path_buf());
    let cores = start(&RuntimeConfig::unpinned(1), move |_| {
        let (place, path, batch) = (place.clone(), path.clone(), batch.clone());
        async move {
            let partition = open(path).await;
            let begin = Instant::now();
            for _ in 0..iterations.div_ceil(in_turn) {
                let acks: Vec<_> =
                    (0..in_turn).map(|_| partition.append(&batch, AppendOrigin::Client)).collect();
                for ack in acks {
                    ack.expect("the log takes it").written().await.expect("the disk too");
                }
            }
            *place.lock().expect("nobody panicked") = begin.elapsed();
        }
    });
    cores.expect("a ring can be had").join();
    *taken.lock().expect("nobody panicked")
}

async fn open(directory: std::path::PathBuf) -> Partition {
    let open = OpenLog {
        directory: directory.join("bench-0"),
        name: TopicPartition::new("bench", 0),
        // Old segments go, and the sync is out of the picture: this measures the write.
        config: LogConfig {
            segment_bytes: 256 << 20,
            retention_bytes: Some(256 << 20),
            flush_messages: Some(u64::MAX),
            ..LogConfig::default()
        },
        leader_epoch: LeaderEpoch::ZERO,
        last_stop: LastStop::Clean,
        recovery_point: None,
        log_start: None,
        in_journal: None,
        synced_device: None,
    };
    Partition::open(&TurnWriter::new(), open).await.expect("a fresh directory opens")
}

criterion_group!(benches, verify, index, append);
criterion_main!(benches);
