//! When the syncs of a core begin that nobody waits for, how many there are, and whom they do not keep waiting.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use creel_engine::{
    AppendOrigin, Awaits, COMMIT_LINGER, InJournal, JOURNALED_LINGER, JournalFiles, LogConfig, OpenLog,
    Partition, TopicId, TopicPartition, TurnWriter,
};
use creel_io::sim::{self, Config, Handle, NodeId};
use creel_io::{Instant, now, sleep, wall_clock_ms};

use common::*;

const DIRECTORY: &str = "/data/log";

/// A sync takes half a millisecond on a calm disk.
const SOON: Duration = Duration::from_millis(10);

/// How many syncs that nobody waits for a core has in flight at most.
const MOST: usize = 8;

fn name_of(index: usize) -> TopicPartition {
    TopicPartition::new("orders", index as i32)
}

fn directory_of(index: usize) -> PathBuf {
    Path::new(DIRECTORY).join(name_of(index).directory_name())
}

async fn open_many(writer: &TurnWriter, count: usize) -> Vec<Partition> {
    let mut partitions = Vec::new();
    for index in 0..count {
        let in_journal = Some(InJournal { topic: TopicId([7; 16]), found: Default::default() });
        let (directory, name) = (directory_of(index), name_of(index));
        let opening =
            OpenLog { directory, name, in_journal, ..opening(Path::new(DIRECTORY), LogConfig::default()) };
        partitions.push(Partition::open(writer, opening).await.unwrap());
    }
    partitions
}

/// Partitions whose first sync is over: that one writes more than a segment.
async fn open_synced(count: usize) -> Vec<Partition> {
    let partitions = open_many(&TurnWriter::new(), count).await;
    append_durably(&partitions).await;
    partitions
}

async fn with_journal(file_bytes: u64) -> TurnWriter {
    let writer = TurnWriter::new();
    let directory = PathBuf::from(DIRECTORY);
    creel_io::fs::create_dir_all(&directory).unwrap();
    writer.begin_journal(&JournalFiles { directory, core: 0, count: 4, bytes: file_bytes }, 1).await.unwrap();
    writer
}

/// Appends a small batch to each, as acks=all does.
async fn append_durably(partitions: &[Partition]) {
    let append = |partition: &Partition| {
        let batch = batch(1, 100, 1);
        partition.append_at(&batch, AppendOrigin::Client, Awaits::Durable, wall_clock_ms()).unwrap()
    };
    let pending: Vec<_> = partitions.iter().map(append).collect();
    for pending in pending {
        pending.durable().await.unwrap();
    }
}

/// The same as acks=1 does.
async fn append(partitions: &[Partition]) {
    let append = |partition: &Partition| partition.append(&batch(1, 100, 1), AppendOrigin::Client).unwrap();
    let pending: Vec<_> = partitions.iter().map(append).collect();
    for pending in pending {
        pending.written().await.unwrap();
    }
}

fn are_synced(partitions: &[Partition]) -> bool {
    partitions.iter().all(|partition| partition.synced_end() == partition.log_end())
}

/// The syncs of segments, by the simulator's own account.
#[derive(Debug, Default)]
struct Syncs {
    begun: usize,
    in_flight: usize,
    /// Of those, how many were in flight side by side.
    most: usize,
    /// Write-backs that were asked for, as ranges.
    written_back: Vec<(u64, u64)>,
}

impl Syncs {
    /// Since then. None may have been in flight.
    fn since(handle: &Handle, began: Instant) -> Self {
        let (mut syncs, mut logs) = (Self::default(), BTreeSet::new());
        for line in handle.trace().lines() {
            let (at, what) = line.split_once(" node 1 ").unwrap();
            let (seconds, micros) = at.split_once('.').unwrap();
            let micros: u64 = seconds.parse::<u64>().unwrap() * 1_000_000 + micros.parse::<u64>().unwrap();
            let words: Vec<_> = what.split(' ').collect();
            match words[..] {
                ["open", path, ino, ..] if path.ends_with(".log") => drop(logs.insert(ino.to_owned())),
                _ if micros * 1000 < began.as_nanos() => {}
                ["sync", ino, ..] if logs.contains(ino) => {
                    syncs.begun += 1;
                    syncs.in_flight += 1;
                    syncs.most = syncs.most.max(syncs.in_flight);
                }
                ["synced", ino, ..] if logs.contains(ino) => syncs.in_flight -= 1,
                ["write", "back", _, from, to] => {
                    syncs.written_back.push((from.parse().unwrap(), to.parse().unwrap()));
                }
                _ => {}
            }
        }
        syncs
    }
}

fn on_calm_disk<F: Future<Output = ()> + 'static>(story: impl FnOnce(Handle) -> F) {
    sim::run_with(1, Config { trace_events: 1 << 22, ..Config::calm() }, story);
}

/// A hundred partitions with durable appends, a turn after the other. Returns how many syncs of segments there were, and how
/// many bytes the journal took.
async fn journaled_load(handle: &Handle, file_bytes: u64, turns: usize, pause: Duration) -> (usize, u64) {
    let writer = with_journal(file_bytes).await;
    let partitions = open_many(&writer, 100).await;
    let began = now();
    for _ in 0..turns {
        append_durably(&partitions).await;
        sleep(pause).await;
    }
    let counts = writer.journal_counts();
    assert_eq!(counts.full, 0, "the ring never fills");
    assert_eq!(counts.pieces, 100 * turns as u64, "nothing had to be synced for its ack");
    (Syncs::since(handle, began).begun, counts.bytes)
}

#[test]
fn what_the_journal_holds_is_synced_every_few_seconds_and_no_more() {
    on_calm_disk(|handle| async move {
        let began = now();
        let (syncs, _) = journaled_load(&handle, 4 << 20, 100, Duration::from_millis(200)).await;
        // Every five seconds, and the delays of partitions differ by up to a quarter.
        let rounds = began.elapsed().as_millis() / 3750 + 1;
        assert!(syncs > 100 && syncs <= 100 * rounds as usize, "{syncs} syncs in {:?}", began.elapsed());
    });
}

#[test]
fn a_fast_load_has_one_sync_of_a_partition_for_two_files_of_the_journal() {
    on_calm_disk(|handle| async move {
        let file_bytes = 2 << 20;
        let (syncs, bytes) = journaled_load(&handle, file_bytes, 900, Duration::from_millis(3)).await;
        let files = bytes.div_ceil(file_bytes);
        assert!(files > 8, "{files} files");
        assert!(syncs > 200 && syncs <= 100 * (files as usize / 2 + 1), "{syncs} syncs for {files} files");
    });
}

#[test]
fn what_the_journal_lacks_is_synced_within_a_second() {
    on_calm_disk(|_| async move {
        let writer = with_journal(1 << 20).await;
        let partitions = open_many(&writer, 2).await;
        append_durably(&partitions).await;
        append(&partitions[1..]).await;
        sleep(COMMIT_LINGER + SOON).await;
        assert!(are_synced(&partitions[1..]), "acks=1, and nobody has waited since");
        assert!(!are_synced(&partitions[..1]), "the journal has it");
        // Now and then somebody waits, and the journal has all of it then.
        for _ in 0..3 {
            sleep(COMMIT_LINGER / 2).await;
            append(&partitions[1..]).await;
            append_durably(&partitions[1..]).await;
        }
        assert!(!are_synced(&partitions[1..]));
        assert_eq!(partitions[1].durable_end(), partitions[1].log_end());
        sleep(JOURNALED_LINGER + SOON).await;
        assert!(are_synced(&partitions));
    });
}

#[test]
fn what_nobody_waits_for_is_synced_one_after_the_other() {
    on_calm_disk(|handle| async move {
        let partitions = open_synced(100).await;
        append(&partitions).await;
        let began = now();
        sleep(COMMIT_LINGER * 2).await;
        let syncs = Syncs::since(&handle, began);
        assert!(are_synced(&partitions));
        assert_eq!((syncs.begun, syncs.most, syncs.in_flight), (100, 1, 0));
    });
}

#[test]
fn a_slow_disk_gets_more_at_a_time_but_few() {
    on_calm_disk(|handle| async move {
        let partitions = open_synced(60).await;
        let slow = Duration::from_millis(400);
        handle.disk(NodeId::FIRST).set_sync_latency(slow..=slow);
        append(&partitions).await;
        let began = now();
        while !are_synced(&partitions) {
            sleep(slow).await;
        }
        let (syncs, took) = (Syncs::since(&handle, began), began.elapsed());
        assert!((2..=MOST).contains(&syncs.most), "{} at a time", syncs.most);
        assert!(took < slow * 60 / 2, "it took {took:?}");
    });
}

#[test]
fn a_disk_that_stands_still_is_given_few_syncs_and_then_gets_all() {
    on_calm_disk(|handle| async move {
        let partitions = open_synced(60).await;
        let disk = handle.disk(NodeId::FIRST);
        append(&partitions).await;
        disk.hold_syncs(true);
        let began = now();
        sleep(COMMIT_LINGER * 60).await;
        assert_eq!(Syncs::since(&handle, began).in_flight, MOST);
        disk.hold_syncs(false);
        sleep(SOON * 6).await;
        assert!(are_synced(&partitions));
        assert_eq!(Syncs::since(&handle, began).most, MOST);
    });
}

#[test]
fn who_waits_for_a_sync_does_not_wait_for_those_that_nobody_waits_for() {
    on_calm_disk(|handle| async move {
        let partitions = open_synced(30).await;
        let (slow, disk) = (COMMIT_LINGER * 10, handle.disk(NodeId::FIRST));
        for index in 1..30 {
            disk.device(directory_of(index)).set_sync_latency(slow..=slow);
        }
        append(&partitions[1..]).await;
        let began = now();
        sleep(COMMIT_LINGER * 2).await;
        assert!((1..MOST).contains(&Syncs::since(&handle, began).in_flight));
        assert!(!are_synced(&partitions[1..]));

        let began = now();
        append_durably(&partitions[..1]).await;
        assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
        // Of the others, those whose sync has not begun are in the queue. They leave it now: all at once.
        append_durably(&partitions[1..]).await;
        let took = began.elapsed();
        assert!(took < 2 * slow + SOON, "no more than the sync in flight, and their own: {took:?}");
    });
}

#[test]
fn a_closed_partition_leaves_the_others_their_turns() {
    on_calm_disk(|_| async move {
        let mut partitions = open_many(&TurnWriter::new(), 4).await;
        append(&partitions).await;
        partitions[0].close().await.unwrap();
        partitions[1].delete().await.unwrap();
        // This one is just dropped.
        drop(partitions.remove(2));
        sleep(COMMIT_LINGER * 2).await;
        assert!(are_synced(&partitions[2..]));
        assert_eq!(partitions.len(), 3);
        append(&partitions[2..]).await;
        sleep(COMMIT_LINGER * 2).await;
        assert!(are_synced(&partitions[2..]));
    });
}

#[test]
fn much_is_synced_before_its_time() {
    on_calm_disk(|_| async move {
        let partitions = open_many(&TurnWriter::new(), 1).await;
        // With its header it is a little less than a MiB.
        let large = batch(1, (1 << 20) - 100, 1);
        for _ in 0..64 {
            partitions[0].append(&large, AppendOrigin::Client).unwrap().written().await.unwrap();
        }
        sleep(SOON).await;
        assert_eq!(partitions[0].synced_end().get(), 0, "nobody waits for it");
        partitions[0].append(&large, AppendOrigin::Client).unwrap().written().await.unwrap();
        sleep(SOON).await;
        assert!(are_synced(&partitions));
    });
}

/// Appends 40 batches of about 10 KiB, and returns the ranges that were written back early.
async fn written_back(handle: &Handle, writer: &TurnWriter) -> Vec<(u64, u64)> {
    let partitions = open_many(writer, 1).await;
    let batch = batch(1, 10_000, 1);
    for _ in 0..40 {
        partitions[0].append(&batch, AppendOrigin::Client).unwrap().written().await.unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    partitions[0].close().await.unwrap();
    Syncs::since(handle, Instant::default()).written_back
}

#[test]
fn whole_pages_are_written_back_early_where_that_is_asked_for() {
    on_calm_disk(|handle| async move {
        let writer = TurnWriter::new().writing_back_early(Some(64 << 10));
        let ranges = written_back(&handle, &writer).await;
        let steps: Vec<_> = (0..6).map(|step| (step * (64 << 10), (step + 1) * (64 << 10))).collect();
        assert_eq!(ranges, steps, "400 KB are six steps, and the rest is left to the sync");
    });
    on_calm_disk(|handle| async move {
        assert_eq!(written_back(&handle, &TurnWriter::new()).await, []);
    });
}
