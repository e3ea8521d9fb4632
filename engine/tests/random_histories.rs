//! Random histories against a model: whatever is appended, rolled, dropped, closed, crashed and opened again, the log
//! holds exactly the acknowledged batches, in order, and finds each by any of its offsets.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::path::PathBuf;

use common::*;
use creel_engine::{
    AppendOrigin, Batch, BatchBuilder, BatchHeader, LastStop, LogConfig, Offset, OpenLog, Partition,
};

const SEEDS: u64 = 20;
const STEPS: usize = 40;

/// A small generator of repeatable numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// What the log should hold.
#[derive(Default)]
struct Model {
    batches: Vec<(Offset, Batch)>,
    end: i64,
    sequence: i32,
}

impl Model {
    fn next_batch(&mut self, random: &mut Random) -> Batch {
        let now = creel_io::wall_clock_ms();
        let records = 1 + random.below(4) as i32;
        let mut builder = BatchBuilder::new(now).producer(5, 0, self.sequence);
        let large = if random.below(10) == 0 { 9000 } else { 300 };
        for _ in 0..records {
            let value = vec![random.next() as u8; random.below(large) as usize];
            builder = builder.record(now, None, Some(&value));
        }
        self.sequence += records;
        builder.build().unwrap()
    }

    fn note(&mut self, batch: Batch) {
        let base = Offset::of(self.end);
        self.end += i64::from(batch.header().record_count);
        self.batches.push((base, batch));
    }

    fn batch_at(&self, offset: i64) -> &(Offset, Batch) {
        let after = self.batches.partition_point(|(base, _)| base.get() <= offset);
        &self.batches[after - 1]
    }
}

struct History {
    random: Random,
    model: Model,
    directory: PathBuf,
    config: LogConfig,
    partition: Partition,
}

impl History {
    async fn begin(seed: u64, directory: PathBuf) -> Self {
        let mut random = Random(seed);
        let config = LogConfig {
            segment_bytes: 2000 + random.below(60_000),
            index_interval_bytes: random.below(3000),
            flush_messages: (random.below(3) == 0).then_some(50),
            ..LogConfig::default()
        };
        let partition = open_with(&directory, config.clone()).await;
        Self { random, model: Model::default(), directory, config, partition }
    }

    async fn step(&mut self) {
        match self.random.below(12) {
            0 => self.close_and_open().await,
            1 => self.crash_and_open().await,
            2 => self.drop_some().await,
            3 => self.retry_last().await,
            _ => self.append_some().await,
        }
        self.check_some().await;
    }

    async fn append_some(&mut self) {
        let count = 1 + self.random.below(20);
        let mut pending = Vec::new();
        for _ in 0..count {
            let batch = self.model.next_batch(&mut self.random);
            let ticket = self.partition.append(&batch, AppendOrigin::Client).unwrap();
            assert_eq!(ticket.base_offset(), Offset::of(self.model.end));
            self.model.note(batch);
            pending.push(ticket);
        }
        for ticket in pending {
            ticket.durable().await.unwrap();
        }
    }

    async fn retry_last(&mut self) {
        let Some((base, batch)) = self.model.batches.last() else { return };
        let ack = self.partition.append(batch, AppendOrigin::Client).unwrap().durable().await.unwrap();
        assert_eq!((ack.base_offset, ack.duplicate), (*base, true));
    }

    async fn drop_some(&mut self) {
        let start = self.partition.log_start().get();
        let to = start + self.random.below((self.model.end - start) as u64 / 3 + 1) as i64;
        assert_eq!(self.partition.advance_log_start(Offset::of(to)).await.unwrap(), Offset::of(to));
    }

    async fn close_and_open(&mut self) {
        self.partition.close().await.unwrap();
        self.open(LastStop::Clean).await;
        assert_eq!(self.partition.recovery().scanned_bytes, 0);
    }

    async fn crash_and_open(&mut self) {
        self.directory = crashed(&self.directory);
        self.open(LastStop::Unclean).await;
    }

    async fn open(&mut self, last_stop: LastStop) {
        let recovery_point = (self.random.below(2) == 0).then(|| self.partition.recovery_point());
        let log_start = Some(self.partition.log_start());
        let opening = opening(&self.directory, self.config.clone());
        let opening = OpenLog { last_stop, recovery_point, log_start, ..opening };
        self.partition = Partition::open(&creel_engine::TurnWriter::new(), opening).await.unwrap();
        assert_eq!(self.partition.log_end(), Offset::of(self.model.end));
        assert!(self.partition.bad_ranges().is_empty());
        assert_eq!(self.partition.recovery().torn_bytes, 0);
    }

    async fn check_some(&mut self) {
        let (start, end) = (self.partition.log_start().get(), self.partition.high_watermark().get());
        assert_eq!(end, self.model.end);
        for _ in 0..5 {
            if start == end {
                return;
            }
            let from = start + self.random.below((end - start) as u64) as i64;
            let bytes = read_bytes(&self.partition, from, self.random.below(5000) as usize).await.unwrap();
            self.check_slice(from, &bytes);
        }
    }

    fn check_slice(&self, from: i64, mut bytes: &[u8]) {
        let mut from = from;
        let mut whole = 0;
        while let Ok(header) = BatchHeader::parse(bytes) {
            if header.size_bytes > bytes.len() {
                break;
            }
            let (base, batch) = self.model.batch_at(from);
            assert_eq!(header.base_offset, *base);
            assert_eq!(bytes[21..header.size_bytes], batch.bytes()[21..]);
            bytes = &bytes[header.size_bytes..];
            from = header.end_offset().get();
            whole += 1;
        }
        assert!(whole > 0, "at least one whole batch");
    }

    async fn check_all(&self) {
        let start = self.partition.log_start();
        let found = read_all(&self.partition, start.get()).await;
        assert!(found.len() <= self.model.batches.len());
        for ((header, bytes), (base, batch)) in found.iter().rev().zip(self.model.batches.iter().rev()) {
            assert_eq!(header.base_offset, *base);
            assert_eq!(bytes[..], batch.bytes()[21..]);
        }
        let first = found.first().map_or(start, |(header, _)| header.base_offset);
        assert!(first <= start, "nothing at or behind the log's start is missing");
    }
}

#[test]
fn the_log_is_what_was_acknowledged() {
    on_core(|directory| async move {
        for seed in 0..SEEDS {
            eprintln!("seed {seed}");
            let mut history = History::begin(seed, directory.join(format!("seed-{seed}"))).await;
            for _ in 0..STEPS {
                history.step().await;
            }
            history.check_all().await;
        }
    });
}
