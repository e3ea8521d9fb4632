//! Writes over stale batches that are torn at each sector boundary. Recovery must find a prefix of what was written.

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use creel_io::fs::{self, File, OpenOptions};
use creel_io::sim::{Config, Simulation};

use crate::format::batch::stamp;
use crate::format::durability_mark::{self, Secret};
use crate::format::reuse_checkpoint::ReuseCheckpoint;
use crate::limits::{PAGE_BYTES, SECTOR_BYTES};
use crate::segment::checkpoints::write_reuse;
use crate::segment::wipe::wipe;
use crate::{
    BatchBuilder, FilePosition, LastStop, LeaderEpoch, LogConfig, Offset, OpenLog, Partition, TopicPartition,
    TurnWriter,
};

/// One byte less than a page. So the n-th batch has a page boundary, which is also a sector boundary, behind its n-th
/// byte.
const BATCH_BYTES: usize = 4095;
const BATCHES: usize = 24;
/// Where the new segment begins.
const BASE: Offset = Offset::of(1000);

/// What the medium says about the segment.
fn reuse() -> ReuseCheckpoint {
    ReuseCheckpoint { from: BASE, secret: Secret::new(77).unwrap() }
}

/// Batches of one record and one size, as a log holds them.
fn batches(base: Offset, fill: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    for at in 0..BATCHES {
        let build = |value_bytes| {
            let value = vec![fill ^ at as u8; value_bytes];
            BatchBuilder::new(1_767_225_600_000)
                .record(1_767_225_600_000, None, Some(&value))
                .build()
                .unwrap()
        };
        let missing = BATCH_BYTES - build(4000).size_bytes();
        let mut batch = build(4000 + missing).bytes().to_vec();
        assert_eq!(batch.len(), BATCH_BYTES);
        stamp(&mut batch, base + at as i64, Some(LeaderEpoch::ZERO));
        bytes.extend_from_slice(&batch);
    }
    bytes
}

/// What the medium holds: the new bytes of some sectors, and the stale bytes of the others.
fn torn(new: &[u8], stale: &[u8], sector: usize, is_new: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut medium = stale.to_vec();
    for (at, piece) in new.chunks(sector).enumerate().filter(|(at, _)| is_new(*at)) {
        medium[at * sector..][..piece.len()].copy_from_slice(piece);
    }
    medium
}

struct Story {
    directory: PathBuf,
    stale: Vec<u8>,
    batches: Vec<u8>,
}

impl Story {
    async fn begin(wiped: bool) -> Self {
        let directory = PathBuf::from("/data/orders-0");
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("stale");
        write(&path, &batches(Offset::of(100), 0x55));
        if wiped {
            let file = File::open(&path, OpenOptions::read_write()).unwrap();
            let length = file.len().unwrap();
            assert!(wipe(&file, Offset::of(100), length, || true).await.unwrap());
        }
        let mut stale = fs::read(&path).unwrap().to_vec();
        stale.resize(stale.len() + 2 * PAGE_BYTES as usize, 0xee);
        fs::remove_file(&path).unwrap();
        Self { directory, stale, batches: batches(BASE, 0xaa) }
    }

    /// The batches, with the mark of the last write, at a time when the first `durable` of them were durable.
    fn written(&self, durable: usize) -> Vec<u8> {
        let end = FilePosition::new(self.batches.len() as u64);
        let mark =
            durability_mark::encode(BASE + durable as i64, ReuseCheckpoint::signer(Some(reuse()), BASE), end);
        let mut written = [&self.batches[..], &mark].concat();
        written.resize(written.len().next_multiple_of(PAGE_BYTES as usize), 0);
        written
    }

    /// Whether recovery finds a prefix of what was written, and all of it that was durable. Everything before the first
    /// lost sector may have been.
    async fn survives(&self, sector: usize, is_new: impl Fn(usize) -> bool) -> bool {
        let sectors = self.written(0).len() / sector;
        let first_lost = (0..sectors).find(|at| !is_new(*at)).unwrap_or(sectors);
        let durable = (first_lost * sector / BATCH_BYTES).min(BATCHES);
        let medium = torn(&self.written(durable), &self.stale, sector, is_new);
        let log = self.directory.join(format!("{:020}.log", BASE.get()));
        write(&log, &medium);
        write_reuse(&self.directory, reuse()).await.unwrap();
        let partition = open(&self.directory).await;
        let found = (partition.log_end() - BASE) as usize;
        let left = fs::read(&log).unwrap();
        let is_prefix = left[..] == self.batches[..found * BATCH_BYTES];
        is_prefix && found >= durable && partition.bad_ranges().is_empty()
    }

    /// Tries every way to tear. Returns how many of them recovery survives, and how many there are.
    async fn tear(&self) -> (usize, usize) {
        let (mut survived, mut tried) = (0, 0);
        for sector in [SECTOR_BYTES, PAGE_BYTES as usize] {
            for cut in 0..=self.written(0).len() / sector {
                let behind_is_lost = self.survives(sector, |at| at < cut).await;
                let one_is_lost = self.survives(sector, |at| at != cut).await;
                survived += usize::from(behind_is_lost) + usize::from(one_is_lost);
                tried += 2;
            }
            for seed in 0..30_u64 {
                let is_new = |at: usize| !(at as u64 * 0x9e37_79b9 + seed * 77).is_multiple_of(2 + seed % 9);
                survived += usize::from(self.survives(sector, is_new).await);
                tried += 1;
            }
        }
        (survived, tried)
    }
}

fn write(path: &Path, bytes: &[u8]) {
    let file = File::open(path, OpenOptions { truncate: true, ..OpenOptions::create() }).unwrap();
    file.write_all_at(&mut [IoSlice::new(bytes)], 0).unwrap();
}

async fn open(directory: &Path) -> Partition {
    let opening = OpenLog {
        directory: directory.to_path_buf(),
        name: TopicPartition::new("orders", 0),
        config: LogConfig::default(),
        leader_epoch: LeaderEpoch::ZERO,
        last_stop: LastStop::Unclean,
        recovery_point: None,
        log_start: None,
        in_journal: None,
        synced_device: None,
    };
    Partition::open(&TurnWriter::new(), opening).await.unwrap()
}

fn tear(wiped: bool) -> (usize, usize) {
    let mut simulation = Simulation::new(1, Config::calm());
    let node = simulation.add_node("broker", 1);
    simulation.block_on(node, async move { Story::begin(wiped).await.tear().await }).unwrap()
}

#[test]
fn no_torn_write_brings_a_stale_batch_back() {
    let (survived, tried) = tear(true);
    assert_eq!(survived, tried);
    assert!(tried > 400, "{tried} tries");
}

/// In ten batches a sector boundary lies behind the offset and before the checksum. Each of them comes back when
/// everything behind the boundary is lost, by sectors or by pages, or when only that page is lost.
#[test]
fn without_the_wipe_torn_writes_do_bring_stale_batches_back() {
    let (survived, tried) = tear(false);
    assert!(tried - survived >= 30, "only {} of {tried} times", tried - survived);
}
