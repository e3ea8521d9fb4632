//! Durable writes on the simulated disk: what a power cut, a kill and a fault leave of them.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use creel_io::fs::{self, AlignedBuffer, BLOCK_BYTES, DurableFile, File, OpenOptions, WriteMode};
use creel_io::sim::{Config, NodeId, Simulation, Stop, run_with};
use creel_io::{JoinHandle, now, random_u64, sleep, spawn};

const PATH: &str = "/data/f";
const BLOCK: u64 = BLOCK_BYTES as u64;
const SECTOR: usize = 512;
/// The file's length in blocks.
const BLOCKS: u64 = 16;

/// A config in which every file, or none, can be written past the page cache.
fn config(mode: WriteMode) -> Config {
    let mut config = Config::default();
    config.disk.no_direct = if mode == WriteMode::Direct { 0.0 } else { 1.0 };
    config
}

async fn create() -> DurableFile {
    let file = DurableFile::create(Path::new(PATH), BLOCKS * BLOCK).await.unwrap();
    fs::sync_dir(Path::new("/data")).await.unwrap();
    file
}

/// Blocks of which each sector holds `version`, as 8 bytes again and again.
fn blocks_of(version: u64, count: usize) -> AlignedBuffer {
    let mut buffer = AlignedBuffer::with_capacity(count * BLOCK_BYTES);
    buffer.extend_from_slice(&version.to_le_bytes().repeat(count * BLOCK_BYTES / 8));
    buffer
}

/// The version that each sector holds. `None`: of more than one, or of none.
fn versions(bytes: &[u8]) -> Vec<Option<u64>> {
    let version = |sector: &[u8]| {
        let first = &sector[..8];
        sector.chunks(8).all(|word| word == first).then(|| u64::from_le_bytes(first.try_into().unwrap()))
    };
    bytes.chunks(SECTOR).map(version).collect()
}

/// What was done to the file, as the writers saw it.
#[derive(Default)]
struct Told {
    /// By sector: the version of the last write that has ended.
    durable: Vec<u64>,
    /// Writes that have begun and not ended: version and sectors.
    in_flight: Vec<(u64, std::ops::Range<usize>)>,
}

impl Told {
    fn new() -> Rc<RefCell<Told>> {
        let durable = vec![0; BLOCKS as usize * BLOCK_BYTES / SECTOR];
        Rc::new(RefCell::new(Told { durable, in_flight: Vec::new() }))
    }

    /// Each sector holds what the last write that has ended wrote there, or what one in flight writes.
    fn check(&self, found: &[Option<u64>], seed: u64) {
        assert_eq!(found.len(), self.durable.len());
        for (at, found) in found.iter().enumerate() {
            let found = found.unwrap_or_else(|| panic!("seed {seed}: sector {at} is torn within"));
            let in_flight = self.in_flight.iter().any(|(v, sectors)| *v == found && sectors.contains(&at));
            assert!(
                found == self.durable[at] || in_flight,
                "seed {seed}: sector {at} holds {found}, durable is {}",
                self.durable[at]
            );
        }
    }
}

/// Overwrites blocks of the file for ever: up to four writes are in flight, each in a quarter of its own.
async fn overwrite(file: Rc<DurableFile>, told: Rc<RefCell<Told>>) {
    let next = Rc::new(RefCell::new(1_u64));
    let writers: Vec<JoinHandle<()>> = (0..4)
        .map(|quarter| {
            let (file, told, next) = (file.clone(), told.clone(), next.clone());
            spawn(async move {
                loop {
                    let count = 1 + random_u64() % 3;
                    let position = quarter * BLOCKS / 4 + random_u64() % (BLOCKS / 4 + 1 - count);
                    let sectors = position as usize * 8..(position + count) as usize * 8;
                    let version = next.replace_with(|version| *version + 1);
                    told.borrow_mut().in_flight.push((version, sectors.clone()));
                    let buffer = blocks_of(version, count as usize);
                    file.write_durable(buffer, position * BLOCK).await.0.unwrap();
                    let mut told = told.borrow_mut();
                    told.in_flight.retain(|(other, _)| *other != version);
                    told.durable[sectors].fill(version);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await;
    }
}

async fn read_all() -> Vec<u8> {
    let file = DurableFile::open(Path::new(PATH)).await.unwrap();
    let length = file.len() as usize;
    let (outcome, buffer) = file.read(AlignedBuffer::with_capacity(length), 0, length).await;
    outcome.unwrap();
    buffer.to_vec()
}

/// What became of a write in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Lost,
    Torn,
    Kept,
}

/// How each write that was in flight ended, the earliest first.
fn fates(told: &Told, found: &[Option<u64>]) -> Vec<Fate> {
    let fate = |(version, sectors): &(u64, std::ops::Range<usize>)| {
        let there = sectors.clone().filter(|at| found[*at] == Some(*version)).count();
        match there {
            0 => Fate::Lost,
            n if n == sectors.len() => Fate::Kept,
            _ => Fate::Torn,
        }
    };
    told.in_flight.iter().map(fate).collect()
}

#[test]
fn a_power_cut_takes_or_tears_only_what_has_not_ended_in_any_order() {
    for mode in [WriteMode::Direct, WriteMode::Synced] {
        let (mut seen, mut reordered, mut ended) = (BTreeSet::new(), 0, 0);
        for seed in 0..150 {
            let mut sim = Simulation::new(seed, config(mode));
            let node = sim.add_node("node", 1);
            let told = Told::new();
            sim.block_on(node, async { drop(create().await) }).unwrap();
            sim.crash_after_io(node, 1 + sim.random_u64() % 60);
            let body = {
                let told = told.clone();
                async move {
                    let file = DurableFile::open(Path::new(PATH)).await.unwrap();
                    assert_eq!(file.mode(), mode);
                    overwrite(Rc::new(file), told).await;
                }
            };
            assert_eq!(sim.block_on(node, body), Err(Stop::Crashed(node)));
            let told = told.borrow();
            let found = versions(&sim.block_on(node, read_all()).unwrap());
            told.check(&found, seed);
            ended += told.durable.iter().filter(|version| **version > 0).count();
            let fates = fates(&told, &found);
            reordered += usize::from(fates.windows(2).any(|pair| pair[0] < pair[1]));
            seen.extend(fates);
        }
        assert!(ended > 0);
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [Fate::Lost, Fate::Torn, Fate::Kept]);
        assert!(reordered > 0, "a later write was kept and an earlier one lost");
    }
}

/// What the kernel had done when the process was killed may still be on its way to the medium.
#[test]
fn a_kill_takes_or_tears_only_what_has_not_ended_and_so_does_a_power_cut_behind_it() {
    let (mut seen, mut changed) = (BTreeSet::new(), 0);
    for seed in 0..200 {
        let mut sim = Simulation::new(seed, config(WriteMode::Direct));
        let node = sim.add_node("node", 1);
        let told = Told::new();
        sim.block_on(node, async { drop(create().await) }).unwrap();
        let body = {
            let told = told.clone();
            move |_| {
                let told = told.clone();
                async move {
                    let file = DurableFile::open(Path::new(PATH)).await.unwrap();
                    overwrite(Rc::new(file), told).await;
                }
            }
        };
        sim.start(node, body);
        sim.run_for(Duration::from_micros(2000 + sim.random_u64() % 5000)).unwrap();
        sim.kill(node);
        let told = told.borrow();
        let killed = versions(&sim.block_on(node, read_all()).unwrap());
        told.check(&killed, seed);
        seen.extend(fates(&told, &killed));
        sim.start(node, |_| std::future::pending());
        sim.crash(node);
        let cut = versions(&sim.block_on(node, read_all()).unwrap());
        told.check(&cut, seed);
        changed += usize::from(cut != killed);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [Fate::Lost, Fate::Torn, Fate::Kept]);
    assert!(changed > 0);
}

#[test]
fn a_creation_that_is_cut_anywhere_leaves_a_whole_file_or_none() {
    let mut names = BTreeSet::new();
    for seed in 0..4 {
        for operations in 1.. {
            let mut sim = Simulation::new(seed, Config::default());
            let node = sim.add_node("node", 1);
            sim.crash_after_io(node, operations);
            let length = (1 << 20) + BLOCK;
            let outcome = sim.block_on(node, async move {
                DurableFile::create(Path::new(PATH), length).await.map(|_| ()).unwrap();
                fs::sync_dir(Path::new("/data")).await.unwrap();
            });
            names.insert(sim.disk(node).files());
            let again = sim.block_on(node, async move {
                let path = Path::new(PATH);
                let file = match DurableFile::open(path).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        DurableFile::create(path, length).await
                    }
                    found => found,
                };
                assert_eq!(file.unwrap().len(), length);
            });
            again.unwrap();
            let content = sim.disk(node).read(PATH).unwrap();
            assert!(content.len() as u64 == length && content.iter().all(|byte| *byte == 0));
            if outcome.is_ok() {
                assert!(operations > 6, "{operations}");
                break;
            }
        }
    }
    assert_eq!(names.len(), 3, "nothing, the temporary name, and the name: {names:?}");
}

#[test]
fn a_creation_that_finds_no_room_leaves_nothing() {
    run_with(1, Config::calm(), |handle| async move {
        let disk = handle.disk(NodeId::FIRST);
        disk.set_capacity(Some((BLOCKS - 1) * BLOCK));
        let error = DurableFile::create(Path::new(PATH), BLOCKS * BLOCK).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(disk.files().is_empty());
        disk.set_capacity(None);
        disk.fail_next_syncs(1);
        assert!(DurableFile::create(Path::new(PATH), BLOCKS * BLOCK).await.is_err());
        assert!(disk.files().is_empty());
        create().await;
    });
}

#[test]
fn a_failed_write_leaves_anything_in_its_range_and_is_the_last_one() {
    let mut kinds = BTreeSet::new();
    for seed in 0..30 {
        for mode in [WriteMode::Direct, WriteMode::Synced] {
            let is_full = seed % 2 == 0;
            let mut sim = Simulation::new(seed, config(mode));
            let node = sim.add_node("node", 1);
            let handle = sim.handle();
            let first = async move {
                let file = create().await;
                file.write_durable(blocks_of(1, BLOCKS as usize), 0).await.0.unwrap();
                let disk = handle.disk(node);
                match (mode, is_full) {
                    (WriteMode::Synced, _) => disk.fail_next_syncs(1),
                    (_, true) => disk.fail_next_writes_for_space(1),
                    (_, false) => disk.fail_next_writes(1),
                }
                let (outcome, buffer) = file.write_durable(blocks_of(2, 4), 4 * BLOCK).await;
                let is_space = outcome.unwrap_err().kind() == ErrorKind::StorageFull;
                assert_eq!(is_space, is_full && mode == WriteMode::Direct);
                assert!(file.is_failed());
                assert!(file.write_durable(buffer, 12 * BLOCK).await.0.is_err());
            };
            sim.block_on(node, first).unwrap();
            for crashed in [false, true] {
                if crashed {
                    sim.start(node, |_| std::future::pending());
                    sim.crash(node);
                }
                let found = versions(&sim.block_on(node, read_all()).unwrap());
                for (at, version) in found.iter().enumerate() {
                    if (4 * 8..8 * 8).contains(&at) {
                        kinds.insert((mode == WriteMode::Direct, version.filter(|v| *v <= 2)));
                    } else {
                        assert_eq!(*version, Some(1), "seed {seed}: sector {at} is not the write's");
                    }
                }
            }
            let last = async move {
                let file = DurableFile::open(Path::new(PATH)).await.unwrap();
                file.write_durable(blocks_of(3, BLOCKS as usize), 0).await.0.unwrap();
            };
            sim.block_on(node, last).unwrap();
            sim.start(node, |_| std::future::pending());
            sim.crash(node);
            let found = versions(&sim.block_on(node, read_all()).unwrap());
            assert!(found.iter().all(|version| *version == Some(3)));
        }
    }
    let direct = [None, Some(1), Some(2)].map(|version| (true, version));
    let synced = [Some(1), Some(2)].map(|version| (false, version));
    assert_eq!(kinds, direct.into_iter().chain(synced).collect());
}

/// The kernel tells a failed write-back once. If the syncs of two writes ran side by side, the one that has failed
/// could end well.
#[test]
fn through_the_page_cache_no_write_ends_well_behind_one_that_failed() {
    for seed in 0..50 {
        run_with(seed, config(WriteMode::Synced), |handle| async move {
            let file = Rc::new(create().await);
            handle.disk(NodeId::FIRST).fail_next_syncs(1);
            let writes: Vec<_> = (0..4)
                .map(|at| {
                    let file = file.clone();
                    spawn(async move { file.write_durable(blocks_of(1, 1), at * BLOCK).await.0.is_ok() })
                })
                .collect();
            for write in writes {
                assert!(!write.await);
            }
        });
    }
}

#[test]
fn devices_stall_and_fail_each_on_its_own() {
    run_with(1, Config::calm(), |handle| async move {
        let disk = handle.disk(NodeId::FIRST);
        fs::create_dir_all(Path::new("/journal")).unwrap();
        let device = disk.device("/journal");
        let journal = DurableFile::create(Path::new("/journal/f"), BLOCK).await.unwrap();
        let journal = Rc::new(journal);
        let segment = File::open(Path::new("/data/segment"), OpenOptions::create()).unwrap();
        let write = || {
            let journal = journal.clone();
            spawn(async move { journal.write_durable(blocks_of(1, 1), 0).await.0 })
        };

        device.hold_syncs(true);
        let held = write();
        sleep(Duration::from_secs(1)).await;
        segment.sync_data().await.unwrap();
        assert!(!held.is_finished());
        device.hold_syncs(false);
        held.await.unwrap();

        disk.hold_syncs(true);
        let syncing = segment.clone();
        let held = spawn(async move { syncing.sync_data().await.unwrap() });
        write().await.unwrap();
        sleep(Duration::from_secs(1)).await;
        assert!(!held.is_finished());
        disk.hold_syncs(false);
        held.await;

        device.set_sync_latency(Duration::from_secs(3)..=Duration::from_secs(4));
        let before = now();
        segment.sync_data().await.unwrap();
        assert!(before.elapsed() < Duration::from_secs(1));
        write().await.unwrap();
        assert!(before.elapsed() >= Duration::from_secs(3));

        disk.fail_next_writes(1);
        write().await.unwrap();
        assert!(segment.truncate(10).is_err());
        device.fail_next_writes(1);
        segment.truncate(10).unwrap();
        assert!(write().await.is_err());
    });
}
