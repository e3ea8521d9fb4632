//! What a follower does to its log: it takes batches as they are, and cuts off what its leader does not hold.
//!
//! Promised of a cut: whatever a power cut leaves is a log without a hole that ends where it was to be cut, or behind that;
//! once it is made, what was cut off never comes back, and what is left knows its producers, epochs and offsets.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use creel_engine::{
    AppendAsIsError, AppendError, AppendOrigin, Batch, BatchBuilder, Isolation, LastStop, LeaderEpoch,
    LogConfig, Offset, OpenLog, Partition, ReadError, StampedBatch, TruncateError, TurnWriter,
    UncheckedBatch, Watcher,
};
use creel_io::sim::{self, Config, NodeId, Simulation};

use common::world::{World, without_short_writes};
use common::*;

const DIRECTORY: &str = "/data/log";

/// A batch of one producer, whose sequences are the offsets.
fn sequenced(sequence: i64, records: usize, bytes: usize, fill: u8) -> Batch {
    let now = creel_io::wall_clock_ms();
    let mut builder = BatchBuilder::new(now).producer(9, 0, sequence as i32);
    for _ in 0..records {
        builder = builder.record(now, None, Some(&vec![fill; bytes]));
    }
    builder.build().unwrap()
}

/// The same batch as its producer sends it.
fn produced(batch: &StampedBatch) -> Batch {
    UncheckedBatch::new(batch.bytes().clone()).verify().unwrap()
}

/// Two batches a segment.
fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 2500, index_interval_bytes: 100, ..LogConfig::default() }
}

/// Batches of two records each, a new leader epoch every four batches.
async fn filled(partition: &Partition, batches: i64) {
    for at in 0..batches {
        partition.set_leader_epoch(LeaderEpoch::of((at / 4) as i32));
        append(partition, &sequenced(at * 2, 2, 450, at as u8)).await;
    }
}

async fn cut(partition: &Partition, offset: i64) -> Offset {
    partition.truncate_to(Offset::of(offset), async |_| Ok(())).await.unwrap()
}

async fn reopen(directory: &Path, last_stop: LastStop, recovery_point: Option<Offset>) -> Partition {
    let opening = OpenLog { last_stop, recovery_point, ..opening(directory, small_segments()) };
    Partition::open(&TurnWriter::new(), opening).await.unwrap()
}

/// The log holds the first `batches` of [`filled`], and knows all about them.
async fn check_filled(partition: &Partition, batches: i64) {
    let end = Offset::of(batches * 2);
    assert_eq!((partition.log_end(), partition.next_offset()), (end, end));
    assert_eq!((partition.high_watermark(), partition.durable_end()), (end, end));
    // Side files of sealed segments may still be on their way.
    for _ in 0..1000 {
        if partition.recovery_point() < end {
            creel_io::sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!(partition.recovery_point(), end);
    let found = read_all(partition, 0).await;
    assert_eq!(found.len() as i64, batches);
    for (at, (header, _)) in (0..).zip(&found) {
        assert_eq!(header.base_offset, Offset::of(at * 2));
        assert_eq!(header.leader_epoch, Some(LeaderEpoch::of(at as i32 / 4)));
        assert_eq!(partition.epoch_of(header.base_offset), header.leader_epoch);
        assert!(!read_bytes(partition, at * 2 + 1, 1).await.unwrap().is_empty());
    }
    let (last_epoch, last) = ((batches - 1) / 4, batches - 1);
    assert_eq!(
        partition.end_of_epoch(LeaderEpoch::of(99)),
        Some((LeaderEpoch::of(last_epoch as i32), end)),
        "no epoch begins behind the end"
    );
    let retry = partition.append(&sequenced(last * 2, 2, 450, last as u8), AppendOrigin::Client).unwrap();
    assert!(retry.written().await.unwrap().duplicate);
    let newest = partition.max_timestamp_offset().await.unwrap().unwrap();
    assert!(newest.offset < end);
}

#[test]
fn an_end_is_cut_off_wherever_it_lies_and_the_log_goes_on() {
    on_core(|directory| async move {
        for kept in 1..12 {
            let directory = directory.join(format!("kept-{kept}"));
            let partition = reopen(&directory, LastStop::Unclean, None).await;
            filled(&partition, 12).await;
            assert_eq!(cut(&partition, kept * 2).await, Offset::of(kept * 2));
            check_filled(&partition, kept).await;

            // As a crash leaves it, with all that was known of it before.
            let copy = crashed(&directory);
            check_filled(&reopen(&copy, LastStop::Unclean, Some(Offset::of(kept * 2))).await, kept).await;
            partition.set_leader_epoch(LeaderEpoch::of(7));
            let other = sequenced(kept * 2, 1, 30, 99);
            let ack = partition.append(&other, AppendOrigin::Client).unwrap().durable().await.unwrap();
            assert_eq!((ack.base_offset, ack.duplicate), (Offset::of(kept * 2), false));
            assert_eq!(partition.epoch_of(Offset::of(kept * 2)), Some(LeaderEpoch::of(7)));
            assert_eq!(cut(&partition, kept * 2).await, Offset::of(kept * 2));
            partition.close().await.unwrap();
            let partition = reopen(&directory, LastStop::Clean, None).await;
            assert_eq!(partition.recovery().scanned_bytes, 0, "a clean stop is to be trusted");
            check_filled(&partition, kept).await;
        }
    });
}

#[test]
fn a_batch_that_the_cut_goes_through_goes_whole() {
    on_core(|directory| async move {
        let partition = reopen(&directory, LastStop::Unclean, None).await;
        filled(&partition, 7).await;
        assert_eq!(cut(&partition, 9).await, Offset::of(8));
        check_filled(&partition, 4).await;
    });
}

#[test]
fn nothing_is_cut_behind_the_end_nor_before_the_start() {
    on_core(|directory| async move {
        let partition = reopen(&directory, LastStop::Unclean, None).await;
        filled(&partition, 7).await;
        assert_eq!(cut(&partition, 14).await, Offset::of(14));
        assert_eq!(cut(&partition, 100).await, Offset::of(14));
        check_filled(&partition, 7).await;
        partition.advance_log_start(Offset::of(5)).await.unwrap();
        let refusal = partition.truncate_to(Offset::of(4), async |_| Ok(())).await.unwrap_err();
        let TruncateError::BelowLogStart { offset, log_start } = refusal else { panic!("{refusal}") };
        assert_eq!((offset, log_start), (Offset::of(4), Offset::of(5)));
        assert_eq!(
            cut(&partition, 5).await,
            Offset::of(4),
            "the start lies inside of a batch that goes whole"
        );
        assert_eq!((partition.log_start(), partition.high_watermark()), (Offset::of(4), Offset::of(4)));
        append(&partition, &sequenced(4, 2, 10, 1)).await;
        assert_eq!(read_all(&partition, 4).await.len(), 1);
    });
}

#[test]
fn a_recovery_point_is_lowered_before_anything_is_cut() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = reopen(Path::new(DIRECTORY), LastStop::Unclean, None).await;
        filled(&partition, 7).await;
        let told = Rc::new(RefCell::new(Vec::new()));
        let (note, seen) = (told.clone(), partition.clone());
        let lower = async move |point| {
            note.borrow_mut().push((point, seen.recovery_point(), seen.log_end()));
            Err(std::io::Error::other("no room for the checkpoint"))
        };
        let refusal = partition.truncate_to(Offset::of(7), lower).await.unwrap_err();
        assert!(matches!(refusal, TruncateError::Storage(_)));
        assert_eq!(*told.borrow(), [(Offset::of(6), Offset::of(6), Offset::of(14))]);
        // It is as it was.
        check_filled(&partition, 7).await;
    });
}

#[test]
fn who_waits_for_what_is_cut_off_is_told_so() {
    sim::run_with(1, Config::calm(), |handle| async move {
        let relaxed = LogConfig { flush_messages: Some(1000), ..small_segments() };
        let partition = open_with(Path::new(DIRECTORY), relaxed).await;
        filled(&partition, 3).await;
        let kept = partition.append(&sequenced(6, 2, 10, 1), AppendOrigin::Client).unwrap();
        let lost = partition.append(&sequenced(8, 2, 10, 1), AppendOrigin::Client).unwrap();
        let parked = creel_io::spawn({
            let partition = partition.clone();
            async move { partition.changed(Offset::of(1000)).await }
        });
        handle.disk(NodeId::FIRST).hold_syncs(true);
        let cutting = creel_io::spawn({
            let partition = partition.clone();
            async move { cut(&partition, 8).await }
        });
        lost.written().await.unwrap();
        handle.disk(NodeId::FIRST).hold_syncs(false);
        while partition.log_end() > Offset::of(8) {
            creel_io::sleep(Duration::from_micros(1)).await;
        }
        let meanwhile = partition.append(&sequenced(8, 1, 10, 1), AppendOrigin::Client).unwrap_err();
        assert_eq!(meanwhile, AppendError::Truncated);
        assert_eq!(cutting.await, Offset::of(8));
        parked.await;
        assert_eq!(lost.durable().await, Err(AppendError::Truncated));
        assert_eq!(kept.durable().await.unwrap().base_offset, Offset::of(6));
        // What has its offsets now is not what was waited for.
        append(&partition, &sequenced(8, 2, 10, 2)).await;
        assert_eq!(lost.durable().await, Err(AppendError::Truncated));
    });
}

#[test]
fn a_watcher_that_has_seen_more_than_is_left_is_told_so() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = reopen(Path::new(DIRECTORY), LastStop::Unclean, None).await;
        filled(&partition, 3).await;
        let (seen, watcher) = (partition.seen(), Watcher::default());
        cut(&partition, 4).await;
        let _watching = watcher.watch(&partition, seen, 7);
        assert_eq!(watcher.take_moved(), [7]);
        let _watching = watcher.watch(&partition, partition.seen(), 7);
        assert_eq!(watcher.take_moved(), [] as [u32; 0], "what it knows is no news");
    });
}

#[test]
fn a_log_that_is_appended_to_all_the_time_is_cut_all_the_same() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = reopen(Path::new(DIRECTORY), LastStop::Unclean, None).await;
        filled(&partition, 6).await;
        let (cutting, is_cut) = (partition.clone(), Rc::new(Cell::new(false)));
        let done = is_cut.clone();
        let cut = creel_io::spawn(async move {
            let end = cut(&cutting, 8).await;
            done.set(true);
            end
        });
        let (mut appended, mut refused) = (0, 0);
        while !is_cut.get() {
            match partition.append(&batch(1, 10, 1), AppendOrigin::Client) {
                Ok(_) => appended += 1,
                Err(refusal) => {
                    assert_eq!(refusal, AppendError::Truncated);
                    refused += 1;
                }
            }
            assert!(appended < 1000, "the cut comes before a thousand appends");
            creel_io::sleep(Duration::from_micros(10)).await;
        }
        assert_eq!(cut.await, Offset::of(8));
        assert!(refused > 0);
        check_filled(&partition, 4).await;
    });
}

/// A cut of the log that waits for the checkpoint to be written, until whoever closes the log has closed it.
async fn waiting_cut(partition: &Partition) -> creel_io::JoinHandle<Result<Offset, TruncateError>> {
    filled(partition, 6).await;
    let cutting = partition.clone();
    let cut =
        creel_io::spawn(async move { cutting.truncate_to(Offset::of(8), async |_| pending().await).await });
    while partition.recovery_point() != Offset::of(8) {
        creel_io::sleep(Duration::from_micros(10)).await;
    }
    cut
}

#[test]
fn a_close_does_not_wait_for_a_cut_that_waits_for_whoever_closes() {
    sim::run_with(1, Config::calm(), |_| async move {
        let partition = reopen(Path::new(DIRECTORY), LastStop::Unclean, None).await;
        let cut = waiting_cut(&partition).await;
        partition.close().await.unwrap();
        assert!(matches!(cut.await, Err(TruncateError::Refused(AppendError::Closed))));
        let partition = reopen(Path::new(DIRECTORY), LastStop::Clean, None).await;
        check_filled(&partition, 6).await;
        partition.close().await.unwrap();

        let directory = Path::new("/data/deleted");
        let partition = reopen(directory, LastStop::Unclean, None).await;
        let cut = waiting_cut(&partition).await;
        partition.delete().await.unwrap();
        assert!(matches!(cut.await, Err(TruncateError::Refused(AppendError::Closed))));
        let again = partition.truncate_to(Offset::of(8), async |_| Ok(())).await;
        assert!(matches!(again, Err(TruncateError::Refused(AppendError::Closed))));
    });
}

/// Reads from `from` while the log is cut to offset 4. The read waits until another log is synced, whose file is closed
/// to open this log's. Gives the high watermark, and whether anything was read.
fn read_while_cut(from: i64) -> Result<(Offset, bool), ReadError> {
    let found = Rc::new(RefCell::new(None));
    let result = found.clone();
    sim::run_with(1, Config::calm(), move |handle| async move {
        let turn_writer = TurnWriter::new().keeping_open(1, 1);
        let open = async |directory: &str| {
            let opening = opening(Path::new(directory), LogConfig::default());
            Partition::open(&turn_writer, opening).await.unwrap()
        };
        let (partition, other) = (open("/data/a").await, open("/data/b").await);
        filled(&partition, 6).await;
        append(&other, &sequenced(0, 1, 10, 1)).await;
        handle.disk(NodeId::FIRST).hold_syncs(true);
        let pending = other.append(&sequenced(1, 1, 10, 1), AppendOrigin::Client).unwrap();
        pending.written().await.unwrap();
        let (reader, reading) = (partition.clone(), Rc::new(Cell::new(true)));
        let is_reading = reading.clone();
        let read = creel_io::spawn(async move {
            let outcome = reader.read(Offset::of(from), Isolation::HighWatermark, 1 << 20, true).await;
            is_reading.set(false);
            outcome
        });
        creel_io::sleep(Duration::from_micros(1)).await;
        let cutting = creel_io::spawn({
            let partition = partition.clone();
            async move { cut(&partition, 4).await }
        });
        while partition.log_end() > Offset::of(4) {
            creel_io::sleep(Duration::from_micros(1)).await;
        }
        assert!(reading.get(), "it waits until the other log is synced");
        handle.disk(NodeId::FIRST).hold_syncs(false);
        assert_eq!(cutting.await, Offset::of(4));
        let outcome = read.await.map(|outcome| (outcome.high_watermark, outcome.size_bytes() > 0));
        *result.borrow_mut() = Some(outcome);
    });
    found.take().unwrap()
}

#[test]
fn a_read_that_waited_while_the_log_was_cut_sees_the_cut() {
    assert_eq!(read_while_cut(3).unwrap(), (Offset::of(4), true));
    assert_eq!(read_while_cut(4).unwrap(), (Offset::of(4), false));
    let behind = read_while_cut(9);
    assert!(
        matches!(behind, Err(ReadError::OutOfRange { log_end, .. }) if log_end == Offset::of(4)),
        "{behind:?}"
    );
}

#[test]
fn batches_are_taken_as_they_are() {
    on_core(|directory| async move {
        let leader = reopen(&directory.join("leader"), LastStop::Unclean, None).await;
        filled(&leader, 9).await;
        let directory = directory.join("follower");
        let follower = reopen(&directory, LastStop::Unclean, None).await;
        let theirs = read_bytes(&leader, 0, 1 << 20).await.unwrap();
        let mut sent = Vec::new();
        let mut from = 0;
        while from < 18 {
            let bytes = read_bytes(&leader, from, 1).await.unwrap();
            let batch = UncheckedBatch::new(bytes.into()).verify_stamped().unwrap();
            from = batch.header().end_offset().get();
            sent.push(batch);
        }
        let wrong = follower.append_as_is(&sent[1]).unwrap_err();
        assert_eq!(wrong, AppendAsIsError::OutOfOrder { base: Offset::of(2), next: Offset::ZERO });
        let mut tickets = Vec::new();
        for batch in &sent {
            let ticket = follower.append_as_is(batch).unwrap();
            assert_eq!(ticket.base_offset(), batch.header().base_offset);
            tickets.push(ticket);
        }
        for ticket in tickets {
            ticket.durable().await.unwrap();
        }
        let again = follower.append_as_is(&sent[8]).unwrap_err();
        assert_eq!(again, AppendAsIsError::OutOfOrder { base: Offset::of(16), next: Offset::of(18) });
        let older = stamped(&sequenced(18, 1, 10, 1), 18, 1);
        let older = follower.append_as_is(&older).unwrap_err();
        assert_eq!(
            older,
            AppendAsIsError::OlderEpoch { epoch: Some(LeaderEpoch::of(1)), latest: LeaderEpoch::of(2) }
        );
        assert_eq!(follower.leader_epoch(), LeaderEpoch::of(2), "what it appends itself is no older");
        check_filled(&follower, 9).await;
        assert_eq!(read_bytes(&follower, 0, 1 << 20).await.unwrap(), theirs);
        check_filled(&reopen(&crashed(&directory), LastStop::Unclean, None).await, 9).await;
        follower.close().await.unwrap();
        check_filled(&reopen(&directory, LastStop::Clean, None).await, 9).await;
        let closed = follower.append_as_is(&sent[0]).unwrap_err();
        assert_eq!(closed, AppendAsIsError::Append(AppendError::Closed));
    });
}

/// Readers look for offsets and times while the log's end is cut, again and again.
#[test]
fn who_reads_while_the_log_is_cut_meets_no_failure() {
    for seed in 0..20 {
        sim::run_with(seed, Config::default(), |_| async move {
            let config = LogConfig { segment_bytes: 2500, index_interval_bytes: 1, ..LogConfig::default() };
            let turn_writer = TurnWriter::new().keeping_open(1, 1);
            let opening = opening(Path::new(DIRECTORY), config);
            let partition = Partition::open(&turn_writer, opening).await.unwrap();
            let first = creel_io::wall_clock_ms();
            let is_over = Rc::new(Cell::new(false));
            let read = || creel_io::spawn(read_on(partition.clone(), first, is_over.clone()));
            let readers = [read(), read(), read()];
            for _ in 0..30 {
                for _ in 0..=creel_io::random_u64() % 8 {
                    append(&partition, &batch(2, 450, 1)).await;
                }
                let kept = creel_io::random_u64() % (partition.next_offset().get() as u64 + 1);
                if creel_io::random_u64().is_multiple_of(8) {
                    partition.truncate_fully_and_start_at(Offset::of(0), async || Ok(())).await.unwrap();
                } else {
                    cut(&partition, kept as i64).await;
                }
            }
            is_over.set(true);
            for reader in readers {
                reader.await;
            }
        });
    }
}

async fn read_on(partition: Partition, first_ms: i64, is_over: Rc<Cell<bool>>) {
    while !is_over.get() {
        let from = creel_io::random_u64() % (partition.next_offset().get() as u64 + 1);
        let isolation = Isolation::HighWatermark;
        match partition.read(Offset::of(from as i64), isolation, 2000, true).await {
            Ok(found) => assert!(found.high_watermark <= partition.next_offset()),
            Err(error) => assert!(matches!(error, ReadError::OutOfRange { .. }), "{error:?}"),
        }
        let since = first_ms + (creel_io::random_u64() % 100) as i64;
        partition.offset_for_timestamp(since).await.unwrap();
        partition.max_timestamp_offset().await.unwrap();
        creel_io::sleep(Duration::from_micros(creel_io::random_u64() % 300)).await;
    }
}

/// A damaged batch, all of whose log is cut off, and a power cut after each operation of that.
#[test]
fn damage_that_is_cut_off_is_gone_and_no_other_is_found() {
    let mut cut_to_the_end = 0;
    for crash_after in 1..60 {
        let mut simulation = Simulation::new(crash_after, Config::calm());
        let node = simulation.add_node("broker", 1);
        let handle = simulation.handle();
        let directory = Path::new(DIRECTORY);
        let filling = async move {
            let partition = reopen(directory, LastStop::Unclean, None).await;
            filled(&partition, 12).await;
            partition.close().await.unwrap();
        };
        simulation.block_on(node, filling).unwrap();
        // The format of the second batch in the last segment but one.
        simulation.handle().disk(node).corrupt(log_path(directory, 16), 979 + 16, 3).unwrap();
        let lowered = Rc::new(Cell::new(Offset::of(24)));
        let note = lowered.clone();
        let cutting = async move {
            let partition = reopen(directory, LastStop::Unclean, Some(Offset::of(24))).await;
            let bad_ranges = partition.bad_ranges();
            assert_eq!(
                (bad_ranges.len(), bad_ranges[0].start, bad_ranges[0].end),
                (1, Offset::of(18), Offset::of(20))
            );
            handle.crash_after_io(node, crash_after);
            let lower = async move |point| {
                note.set(point);
                Ok(())
            };
            let cut = partition.truncate_to(Offset::of(10), lower).await.unwrap();
            assert_eq!((cut, partition.bad_ranges()), (Offset::of(10), vec![]));
            pending::<()>().await;
        };
        let _ = simulation
            .block_on(node, async move { creel_io::timeout(Duration::from_secs(9), cutting).await });
        simulation.handle().cancel_crash(node);
        let recovery_point = lowered.get();
        let checking = async move {
            let partition = reopen(directory, LastStop::Unclean, Some(recovery_point)).await;
            let (end, bad_ranges) = (partition.log_end(), partition.bad_ranges());
            let is_there = end >= Offset::of(20);
            let known = bad_ranges.iter().all(|bad| (bad.start, bad.end) == (Offset::of(18), Offset::of(20)));
            assert!(known && bad_ranges.len() == usize::from(is_there), "ends at {end}: {bad_ranges:?}");
            if end == Offset::of(10) {
                check_filled(&partition, 5).await;
            }
            end
        };
        cut_to_the_end += u64::from(simulation.block_on(node, checking).unwrap() == Offset::of(10));
    }
    assert!(cut_to_the_end > 5, "{cut_to_the_end} cuts came to their end");
}

/// What the outside world knows of a follower's log.
#[derive(Default)]
struct Known {
    /// All that it may hold.
    sent: Vec<StampedBatch>,
    /// How many of them it must hold.
    acked: usize,
    start: i64,
    epoch: i32,
    recovery_point: Option<Offset>,
    /// Cuts that were made.
    cuts: usize,
}

impl Known {
    /// The log ends with its last batch, or with a gap behind which a segment begins.
    fn check_end(&self, partition: &Partition, end: Offset) {
        let last = self.sent.last().map_or(Offset::of(0), |last| last.header().end_offset());
        let may_have_gaps = partition.config().may_have_gaps;
        assert!(if may_have_gaps { last <= end } else { last == end }, "{last} and {end}");
    }
}

impl World<Known> {
    fn new(seed: u64) -> Self {
        let flush_messages = seed.is_multiple_of(5).then_some(20);
        // With gaps, nothing shows that a crash took the end of a sealed segment and left the segment behind it.
        let may_have_gaps = seed.is_multiple_of(4);
        let segment_bytes = if may_have_gaps { 1 << 20 } else { 3000 + seed % 7 * 2000 };
        let defaults = LogConfig { index_interval_bytes: 500, ..LogConfig::default() };
        let config = LogConfig { segment_bytes, may_have_gaps, flush_messages, ..defaults };
        Self::with(seed, Config::default(), config)
    }

    /// Segments are dropped as others begin, and their files used again.
    fn reusing(seed: u64) -> Self {
        let segment_bytes = 2 * 4096 + seed % 5 * 3000;
        let defaults = LogConfig { segment_reuse: true, index_interval_bytes: 500, ..LogConfig::default() };
        let config = LogConfig { segment_bytes, retention_bytes: Some(segment_bytes), ..defaults };
        let world = Self::with(seed, without_short_writes(), config);
        world.known.borrow_mut().start = i64::MAX;
        world
    }

    /// Opens, checks, follows for a while; ends with the work or with the power.
    fn live(&mut self, turns: usize) -> bool {
        self.run(|config, known| async move {
            let recovery_point = known.borrow().recovery_point;
            let synced_device = sometimes_synced().await;
            let opening = OpenLog { recovery_point, synced_device, ..opening(Path::new(DIRECTORY), config) };
            let partition = Partition::open(&TurnWriter::new(), opening).await.unwrap();
            check(&partition, &known).await;
            for _ in 0..turns {
                follow(&partition, &known).await;
            }
            check(&partition, &known).await;
        })
    }

    fn live_on(&mut self) -> bool {
        self.keep_power_on();
        self.live(10)
    }
}

/// A prefix of what was sent, with all that it must hold, that knows its epochs and its producer.
async fn check(partition: &Partition, known: &Rc<RefCell<Known>>) {
    partition.settled().await.unwrap();
    assert_eq!(partition.bad_ranges(), [], "a power cut damages nothing, and a cut neither");
    let start = partition.log_start();
    let found = read_all(partition, start.get()).await;
    let mut known = known.borrow_mut();
    assert!(start.get() <= known.start, "the log's start moves only when it is told to");
    let end = partition.log_end();
    let kept = known.sent.iter().take_while(|batch| batch.header().end_offset() <= end).count();
    assert!(kept >= known.acked, "{kept} batches left of {}", known.acked);
    known.sent.truncate(kept);
    known.check_end(partition, end);
    known.acked = kept;
    for ((header, bytes), sent) in found.iter().rev().zip(known.sent.iter().rev()) {
        assert_eq!(header.base_offset, sent.header().base_offset);
        assert_eq!(header.leader_epoch, sent.header().leader_epoch);
        assert_eq!(bytes[..], sent.bytes()[21..], "what was cut off does not come back");
        // Where the start was not written down, the epochs' file may begin behind it.
        let epoch = partition.epoch_of(header.base_offset);
        let is_known = epoch.is_some() || header.base_offset.get() >= known.start;
        assert!(!is_known || epoch == header.leader_epoch, "{epoch:?}: {header:?}");
    }
    if let Some(last) = known.sent.last() {
        let retry = partition.append(&produced(last), AppendOrigin::Client).unwrap();
        assert_eq!(retry.end_offset(), last.header().end_offset(), "a retry of the last batch is recognised");
    }
}

async fn follow(partition: &Partition, known: &Rc<RefCell<Known>>) {
    match creel_io::random_u64() % 16 {
        0 | 1 => return cut_some(partition, known).await,
        2 => return move_start(partition, known).await,
        3 if !partition.config().may_have_gaps => {
            partition.roll().unwrap();
            return;
        }
        _ => {}
    }
    let mut tickets = Vec::new();
    for _ in 0..=creel_io::random_u64() % 4 {
        let is_leader = creel_io::random_u64().is_multiple_of(4);
        let batch = next_batch(partition, known, is_leader);
        // Sent before it is acknowledged, whatever happens in between.
        known.borrow_mut().sent.push(batch.clone());
        partition.set_leader_epoch(batch.header().leader_epoch.unwrap());
        let ticket = if is_leader {
            // Its producer is checked: what was cut off must be forgotten.
            partition.append(&produced(&batch), AppendOrigin::Client).unwrap()
        } else {
            partition.append_as_is(&batch).unwrap()
        };
        assert_eq!(ticket.base_offset(), batch.header().base_offset);
        tickets.push(ticket);
    }
    if creel_io::random_u64().is_multiple_of(3) {
        return creel_io::yield_now().await;
    }
    for ticket in tickets {
        ticket.durable().await.unwrap();
    }
    let mut known = known.borrow_mut();
    if partition.config().flush_messages.is_none() {
        known.acked = known.sent.len();
    }
    if creel_io::random_u64().is_multiple_of(4) {
        known.recovery_point = Some(partition.recovery_point());
    }
}

fn next_batch(partition: &Partition, known: &Rc<RefCell<Known>>, is_leader: bool) -> StampedBatch {
    let mut known = known.borrow_mut();
    known.epoch += i32::from(creel_io::random_u64().is_multiple_of(9));
    // Only what another log held before can have gaps.
    let is_gap = partition.config().may_have_gaps && !is_leader && creel_io::random_u64().is_multiple_of(4);
    let gap = if is_gap { 1 + creel_io::random_u64() % 20 } else { 0 };
    let base = partition.next_offset().get() + gap as i64;
    let sequence = known.sent.last().map_or(0, |last| i64::from(last.header().last_sequence()) + 1);
    let records = 1 + (creel_io::random_u64() % 3) as usize;
    let bytes = (creel_io::random_u64() % 900) as usize;
    stamped(&sequenced(sequence, records, bytes, creel_io::random_u64() as u8), base, known.epoch)
}

/// Cuts at a batch, or inside of it. From then on another leader appends.
async fn cut_some(partition: &Partition, known: &Rc<RefCell<Known>>) {
    let (start, end) = (partition.log_start().get(), partition.next_offset().get());
    if start == end {
        return;
    }
    let depth = 1 + creel_io::random_u64() % (end - start).min(30) as u64;
    let to = Offset::of(end - depth as i64);
    let kept = {
        let mut known = known.borrow_mut();
        let kept = known.sent.iter().take_while(|batch| batch.header().end_offset() <= to).count();
        known.acked = known.acked.min(kept);
        kept
    };
    let checkpoint = known.clone();
    let lower = async move |point| {
        let mut known = checkpoint.borrow_mut();
        known.recovery_point = known.recovery_point.map(|before| before.min(point));
        Ok(())
    };
    // Retention may have moved the start meanwhile.
    let Ok(end) = partition.truncate_to(to, lower).await else {
        assert!(partition.log_start() > to && !partition.is_poisoned());
        return;
    };
    let mut known = known.borrow_mut();
    known.sent.truncate(kept);
    known.check_end(partition, end);
    known.acked = kept;
    known.epoch += 1;
    known.cuts += 1;
}

async fn move_start(partition: &Partition, known: &Rc<RefCell<Known>>) {
    let (start, end) = (partition.log_start().get(), partition.high_watermark().get());
    let to = start + (creel_io::random_u64() % (end - start + 1) as u64) as i64;
    let before = known.borrow().start;
    known.borrow_mut().start = before.max(to);
    partition.advance_log_start(Offset::of(to)).await.unwrap();
}

/// One life of many operations, cut after each of them.
#[test]
fn a_follower_survives_a_power_cut_after_every_io() {
    // The offsets of the second one have gaps.
    for seed in [3, 8] {
        let mut cuts = 0;
        for cut in 1..=400 {
            let mut world = World::new(seed);
            world.cut_power_after(cut);
            assert!(!world.live(1000), "the life is long enough");
            cuts += world.known.borrow().cuts;
            assert!(world.live_on(), "seed {seed}, cut {cut}");
        }
        assert!(cuts > 400, "seed {seed}: {cuts} cuts of the log");
    }
}

#[test]
fn followers_of_many_histories_survive_power_cuts() {
    for seed in 0..300 {
        let mut world = World::new(seed);
        for cut in [20 + seed, 7 + 2 * seed, 60 + seed] {
            world.cut_power_after(cut);
            let _ = world.live(400);
        }
        assert!(world.live_on(), "seed {seed}");
    }
}

#[test]
fn followers_that_reuse_segments_survive_power_cuts() {
    let mut cuts = 0;
    for seed in 0..60 {
        let mut world = World::reusing(seed);
        for cut in [150 + seed, 200 + 3 * seed, 300 + seed] {
            world.cut_power_after(cut);
            let _ = world.live(400);
        }
        assert!(world.live_on(), "seed {seed}");
        cuts += world.known.borrow().cuts;
    }
    assert!(cuts > 60, "{cuts} cuts of the log");
}
