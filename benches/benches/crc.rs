//! CRC-32C: the crate the engine uses beside the other candidate, on the sizes of the goals.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn crc(c: &mut Criterion) {
    let mut group = c.benchmark_group("crc32c");
    for size in [1 << 10, 16 << 10, 64 << 10, 1 << 20] {
        let data: Vec<u8> = (0..size).map(|i: usize| (i * 31) as u8).collect();
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::new("crc-fast", size), &data, |b, data| {
            b.iter(|| creel_benches::frames::crc32c(data));
        });
        group.bench_with_input(BenchmarkId::new("crc32c", size), &data, |b, data| {
            b.iter(|| crc32c::crc32c(data));
        });
    }
    group.finish();
}

criterion_group!(benches, crc);
criterion_main!(benches);
