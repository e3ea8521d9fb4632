//! A log that is thrown away and starts at another offset.
//!
//! Promised: whatever a power cut leaves is a part of the old log without a hole, or an empty log. Once it has begun
//! anew, it is empty at its new start, and nothing comes back.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::cell::RefCell;
use std::future::pending;
use std::path::Path;
use std::rc::Rc;

use creel_engine::{
    AppendError, BatchBuilder, Isolation, LastStop, LeaderEpoch, LogConfig, Offset, OpenLog, Partition,
    StampedBatch, TruncateError, TurnWriter,
};
use creel_io::sim::{self, Config};

use common::world::World;
use common::*;

const DIRECTORY: &str = "/data/log";

fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 2500, index_interval_bytes: 100, ..LogConfig::default() }
}

/// A batch of two records of one producer, as another log holds it.
fn held(base: i64, epoch: i32, fill: u8) -> StampedBatch {
    let now = creel_io::wall_clock_ms();
    let builder = BatchBuilder::new(now).producer(9, 0, base as i32);
    let value = vec![fill; 450];
    let batch = builder.record(now, None, Some(&value)).record(now, None, Some(&value)).build().unwrap();
    stamped(&batch, base, epoch)
}

fn at(offset: i64) -> Offset {
    Offset::ZERO + offset
}

/// Ten batches from offset 40 on, of which the first two are deleted.
async fn filled(directory: &Path) -> Partition {
    let opening = OpenLog { log_start: Some(at(40)), ..opening(directory, small_segments()) };
    let partition = Partition::open(&TurnWriter::new(), opening).await.unwrap();
    for batch in 0..10 {
        let batch = held(40 + 2 * batch, batch as i32 / 3, 1);
        partition.append_as_is(&batch).unwrap().durable().await.unwrap();
    }
    partition.advance_log_start(at(45)).await.unwrap();
    partition
}

/// It is empty, starts at `start`, and knows nothing of what was there.
async fn check_new(partition: &Partition, start: i64) {
    let start = at(start);
    assert_eq!((partition.log_start(), partition.log_end(), partition.next_offset()), (start, start, start));
    assert_eq!((partition.high_watermark(), partition.durable_end()), (start, start));
    assert_eq!((partition.recovery_point(), partition.start_point()), (start, start));
    assert_eq!((partition.end_of_epoch(LeaderEpoch::of(99)), partition.bad_ranges()), (None, vec![]));
    assert_eq!((partition.producer_count(), partition.size_bytes()), (0, 0));
    assert_eq!(partition.max_timestamp_offset().await.unwrap(), None);
    assert_eq!(read_all(partition, start - Offset::ZERO).await, []);
    assert!(partition.read(start + 1, Isolation::HighWatermark, 1, true).await.is_err());
}

#[test]
fn a_log_starts_anew_wherever_the_offset_lies_and_goes_on_from_there() {
    on_core(|directory| async move {
        for start in [0, 39, 40, 41, 44, 45, 48, 52, 59, 60, 61, 1 << 40] {
            let directory = directory.join(format!("start-{start}"));
            let partition = filled(&directory).await;
            let sent = read_bytes(&partition, 58, 1 << 20).await.unwrap();
            let before = partition.read(at(58), Isolation::HighWatermark, 1 << 20, true).await.unwrap();
            let (slice, lowered) = (before.slice.unwrap(), Rc::new(RefCell::new(None)));
            let (seen, note) = (partition.clone(), lowered.clone());
            let lower = async move || {
                *note.borrow_mut() = Some((seen.recovery_point(), seen.start_point(), seen.log_start()));
                Ok(())
            };
            partition.truncate_fully_and_start_at(at(start), lower).await.unwrap();
            assert_eq!(
                *lowered.borrow(),
                Some((at(0), at(start.min(45)), at(45))),
                "before anything is removed"
            );
            check_new(&partition, start).await;
            let old = slice.file.read_exact_at(slice.position, slice.length as usize).await.unwrap();
            assert_eq!(old[..], sent, "who reads goes on reading");
            assert_eq!(log_path(&directory, start).metadata().unwrap().len(), 0);
            let files = || std::fs::read_dir(directory.join("orders-0")).unwrap();
            assert_eq!(files().count(), 1, "{:?}", files().collect::<Vec<_>>());

            // The checkpoint may still say where the old log started.
            let crashed =
                OpenLog { log_start: Some(at(45)), ..opening(&crashed(&directory), small_segments()) };
            check_new(&Partition::open(&TurnWriter::new(), crashed).await.unwrap(), start).await;
            let batches: Vec<_> = (0..6).map(|batch| held(start + 2 * batch, 1, 2)).collect();
            for batch in &batches {
                partition.append_as_is(batch).unwrap().durable().await.unwrap();
            }
            partition.close().await.unwrap();
            let opening = OpenLog { last_stop: LastStop::Clean, ..opening(&directory, small_segments()) };
            let partition = Partition::open(&TurnWriter::new(), opening).await.unwrap();
            assert_eq!((partition.log_start(), partition.recovery().scanned_bytes), (at(start), 0));
            let found = read_all(&partition, start).await;
            assert!(
                found.iter().map(|(_, bytes)| &bytes[..]).eq(batches.iter().map(|sent| &sent.bytes()[21..]))
            );
            assert_eq!(partition.epoch_of(at(start)), Some(LeaderEpoch::of(1)));
        }
    });
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_log_as_it_is() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = filled(Path::new(DIRECTORY)).await;
        let before = read_all(&partition, 45).await;
        let lower = async || Err(std::io::Error::other("no room for the checkpoint"));
        let refusal = partition.truncate_fully_and_start_at(at(7), lower).await.unwrap_err();
        assert!(matches!(refusal, TruncateError::Storage(_)));
        assert_eq!((partition.recovery_point(), partition.start_point()), (at(60), at(45)));
        assert_eq!(read_all(&partition, 45).await, before);
        let starting = partition.clone();
        let waiting = creel_io::spawn(async move {
            starting.truncate_fully_and_start_at(at(7), async || pending().await).await
        });
        while partition.start_point() != at(7) {
            creel_io::sleep(core::time::Duration::from_micros(10)).await;
        }
        let refusal = partition.append_as_is(&held(60, 9, 1)).unwrap_err();
        assert_eq!(refusal, AppendError::Truncated.into());
        partition.close().await.unwrap();
        assert!(matches!(waiting.await, Err(TruncateError::Refused(AppendError::Closed))));
        let partition = open_clean(Path::new(DIRECTORY), small_segments()).await;
        assert_eq!((read_all(&partition, 45).await, partition.recovery().scanned_bytes), (before, 0));
    });
}

/// What the outside world knows of the log.
#[derive(Default)]
struct Known {
    /// Where it began. It may have moved on since.
    start: i64,
    /// All that it may hold since then.
    sent: Vec<StampedBatch>,
    /// How many of them it must hold.
    acked: usize,
    /// Where it was last told to begin anew, until it has.
    starting: Option<i64>,
    fill: u8,
    recovery_point: Option<Offset>,
    log_start: Option<Offset>,
    times: usize,
}

impl World<Known> {
    fn new(seed: u64) -> Self {
        let defaults = LogConfig { index_interval_bytes: 500, ..LogConfig::default() };
        let config = LogConfig { segment_bytes: 3000 + seed % 7 * 2000, ..defaults };
        Self::with(seed, Config::default(), config)
    }

    /// Opens, checks, lives for a while; ends with the work or with the power.
    fn live(&mut self, turns: usize) -> bool {
        self.run(|config, known| async move {
            let synced_device = sometimes_synced().await;
            let opening = {
                let Known { recovery_point, log_start, .. } = *known.borrow();
                OpenLog { recovery_point, log_start, synced_device, ..opening(Path::new(DIRECTORY), config) }
            };
            let partition = Partition::open(&TurnWriter::new(), opening).await.unwrap();
            check(&partition, &known).await;
            for _ in 0..turns {
                work(&partition, &known).await;
            }
            partition.sync().await.unwrap();
            check(&partition, &known).await;
        })
    }

    fn live_on(&mut self) -> bool {
        self.keep_power_on();
        self.live(10)
    }
}

async fn check(partition: &Partition, known: &Rc<RefCell<Known>>) {
    partition.settled().await.unwrap();
    assert_eq!(partition.bad_ranges(), [], "a power cut damages nothing");
    let (start, end) = (partition.log_start() - Offset::ZERO, partition.log_end() - Offset::ZERO);
    let found = read_all(partition, start).await;
    let starting = known.borrow().starting;
    let first = found.first().map_or(end, |(header, _)| header.base_offset - Offset::ZERO);
    {
        let mut known = known.borrow_mut();
        let skipped = known.sent.iter().take_while(|sent| sent.header().base_offset < at(first)).count();
        for ((header, bytes), sent) in found.iter().zip(&known.sent[skipped..]) {
            assert_eq!(header.base_offset, sent.header().base_offset);
            assert_eq!(bytes[..], sent.bytes()[21..], "nothing comes back");
        }
        assert!(found.len() <= known.sent.len() - skipped);
        if starting.is_none() {
            let kept = skipped + found.len();
            assert!(kept >= known.acked, "{kept} batches left of {}", known.acked);
            known.sent.truncate(kept);
            known.acked = kept;
            let last = known.sent.last().map_or(at(known.start), |last| last.header().end_offset());
            assert_eq!(at(end), last);
            assert!(start >= known.start, "it starts where it was told to, or later");
        }
    }
    // A follower would find again that it has to.
    if let Some(start) = starting {
        start_anew(partition, known, start).await;
    }
}

async fn start_anew(partition: &Partition, known: &Rc<RefCell<Known>>, start: i64) {
    known.borrow_mut().starting = Some(start);
    let (checkpoint, seen) = (known.clone(), partition.clone());
    let lower = async move || {
        let mut known = checkpoint.borrow_mut();
        assert_eq!(seen.recovery_point(), at(0));
        (known.recovery_point, known.log_start) = (Some(at(0)), Some(seen.start_point()));
        Ok(())
    };
    partition.truncate_fully_and_start_at(at(start), lower).await.unwrap();
    let mut known = known.borrow_mut();
    let Known { fill, recovery_point, log_start, times, .. } = *known;
    *known = Known { start, fill: fill + 1, recovery_point, log_start, times: times + 1, ..Known::default() };
    assert_eq!((partition.log_start(), partition.log_end()), (at(start), at(start)));
}

async fn work(partition: &Partition, known: &Rc<RefCell<Known>>) {
    let (start, end) = (partition.log_start() - Offset::ZERO, partition.next_offset() - Offset::ZERO);
    match creel_io::random_u64() % 16 {
        0 | 1 => {
            let places = [start, end, end + 50, (start - 50).max(0), i64::midpoint(start, end), 0];
            let place = places[(creel_io::random_u64() % 6) as usize];
            return start_anew(partition, known, place).await;
        }
        2 => {
            let to = start + (creel_io::random_u64() % (end - start + 1) as u64) as i64;
            partition.advance_log_start(at(to)).await.unwrap();
            return;
        }
        3 => drop(partition.roll().unwrap()),
        _ => {}
    }
    let mut tickets = Vec::new();
    for _ in 0..=creel_io::random_u64() % 4 {
        let base = partition.next_offset() - Offset::ZERO;
        let batch = held(base, i32::from(known.borrow().fill), known.borrow().fill);
        known.borrow_mut().sent.push(batch.clone());
        tickets.push(partition.append_as_is(&batch).unwrap());
    }
    if creel_io::random_u64().is_multiple_of(3) {
        return creel_io::yield_now().await;
    }
    for ticket in tickets {
        ticket.durable().await.unwrap();
    }
    let mut known = known.borrow_mut();
    known.acked = known.sent.len();
    if creel_io::random_u64().is_multiple_of(4) {
        (known.recovery_point, known.log_start) =
            (Some(partition.recovery_point()), Some(partition.start_point()));
    }
}

/// One life of many operations, cut after each of them.
#[test]
fn a_log_that_starts_anew_survives_a_power_cut_after_every_io() {
    let mut times = 0;
    for cut in 1..=400 {
        let mut world = World::new(3);
        world.cut_power_after(cut);
        assert!(!world.live(1000), "the life is long enough");
        times += world.known.borrow().times;
        assert!(world.live_on(), "cut {cut}");
    }
    assert!(times > 400, "{times} times");
}

#[test]
fn logs_of_many_histories_start_anew_and_survive_power_cuts() {
    for seed in 0..100 {
        let mut world = World::new(seed);
        for cut in [20 + seed, 7 + 2 * seed, 60 + seed] {
            world.cut_power_after(cut);
            let _ = world.live(200);
        }
        assert!(world.live_on(), "seed {seed}");
    }
}
