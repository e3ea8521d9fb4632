//! A core to run a story on, and the few verbs the stories use.

#![allow(dead_code, reason = "each story uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

pub(crate) mod world;

use std::future::Future;
use std::path::{Path, PathBuf};

use creel_engine::{
    AppendOrigin, Batch, BatchBuilder, BatchHeader, Isolation, LastStop, LeaderEpoch, LogConfig, Offset,
    OpenLog, Partition, ReadError, StampedBatch, TopicPartition, TurnWriter, UncheckedBatch,
};
use creel_io::fs;

/// A number that the story knows to be an offset, or an epoch.
pub(crate) trait Of<N> {
    fn of(number: N) -> Self;
}

impl Of<i64> for Offset {
    fn of(number: i64) -> Self {
        Self::new(number).unwrap()
    }
}

impl Of<i32> for LeaderEpoch {
    fn of(number: i32) -> Self {
        Self::new(number).unwrap()
    }
}

/// How much disk the stories over the real kernel need.
const ROOM: u64 = 64 << 20;

/// Runs `story` on one core over the real kernel, in a fresh directory.
pub(crate) fn on_core<S, F>(story: S)
where
    S: Fn(PathBuf) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + 'static,
{
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_path_buf();
    let left = fs::space(&path).unwrap().usable;
    assert!(left >= ROOM, "{left} bytes of disk left for {}: make room, or set TMPDIR", path.display());
    let config = creel_io::runtime::RuntimeConfig::unpinned(1);
    creel_io::runtime::start(&config, move |_| story(path.clone())).unwrap().join();
}

pub(crate) fn name() -> TopicPartition {
    TopicPartition::new("orders", 0)
}

pub(crate) fn log_path(directory: &Path, base: i64) -> PathBuf {
    directory.join("orders-0").join(format!("{base:020}.log"))
}

/// How to open: as after a crash with nothing known, unless said otherwise.
pub(crate) fn opening(directory: &Path, config: LogConfig) -> OpenLog {
    OpenLog {
        directory: directory.join("orders-0"),
        name: name(),
        config,
        leader_epoch: LeaderEpoch::ZERO,
        last_stop: LastStop::Unclean,
        recovery_point: None,
        log_start: None,
        in_journal: None,
        synced_device: None,
    }
}

/// The device of the logs, if everything on it was synced before they are opened, as a start of the broker does it. Here
/// that is done sometimes.
pub(crate) async fn sometimes_synced() -> Option<u64> {
    if creel_io::random_u64().is_multiple_of(2) {
        return None;
    }
    let data = Path::new("/data");
    fs::sync_file_system(data).await.ok()?;
    Some(fs::facts(data).unwrap().device)
}

pub(crate) async fn open(directory: &Path) -> Partition {
    open_with(directory, LogConfig::default()).await
}

pub(crate) async fn open_with(directory: &Path, config: LogConfig) -> Partition {
    Partition::open(&TurnWriter::new(), opening(directory, config)).await.unwrap()
}

pub(crate) async fn open_clean(directory: &Path, config: LogConfig) -> Partition {
    let opening = OpenLog { last_stop: LastStop::Clean, ..opening(directory, config) };
    Partition::open(&TurnWriter::new(), opening).await.unwrap()
}

/// The files as a kill -9 would leave them now: a copy, out of reach of the log that is still open.
pub(crate) fn crashed(directory: &Path) -> PathBuf {
    let copy = directory.join(format!("crashed-{}", creel_io::random_u64()));
    std::fs::create_dir_all(copy.join("orders-0")).unwrap();
    for entry in std::fs::read_dir(directory.join("orders-0")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.join("orders-0").join(path.file_name().unwrap())).unwrap();
    }
    copy
}

/// A batch of `records` values of `bytes` bytes each.
pub(crate) fn batch(records: usize, bytes: usize, fill: u8) -> Batch {
    let now = creel_io::wall_clock_ms();
    let mut builder = BatchBuilder::new(now);
    for at in 0..records {
        builder = builder.record(now + at as i64, None, Some(&vec![fill; bytes]));
    }
    builder.build().unwrap()
}

/// The same batch, as a log holds it that gave it these offsets and this leader epoch.
pub(crate) fn stamped(batch: &Batch, base: i64, epoch: i32) -> StampedBatch {
    let mut bytes = batch.bytes().to_vec();
    bytes[..8].copy_from_slice(&base.to_be_bytes());
    bytes[12..16].copy_from_slice(&epoch.to_be_bytes());
    UncheckedBatch::new(bytes.into()).verify_stamped().unwrap()
}

pub(crate) async fn append(partition: &Partition, batch: &Batch) -> Offset {
    partition.append(batch, AppendOrigin::Client).unwrap().durable().await.unwrap().base_offset
}

/// The bytes of a slice, or nothing.
pub(crate) async fn read_bytes(
    partition: &Partition,
    from: i64,
    max_bytes: usize,
) -> Result<Vec<u8>, ReadError> {
    let outcome = partition.read(Offset::of(from), Isolation::HighWatermark, max_bytes, true).await?;
    let Some(slice) = outcome.slice else {
        return Ok(Vec::new());
    };
    Ok(slice.file.read_exact_at(slice.position, slice.length as usize).await.unwrap().to_vec())
}

/// All batches from `from` to the high watermark, headers and bytes behind the 21 that the broker may stamp.
pub(crate) async fn read_all(partition: &Partition, from: i64) -> Vec<(BatchHeader, Vec<u8>)> {
    let mut found = Vec::new();
    let mut from = from;
    loop {
        let bytes = read_bytes(partition, from, 1 << 20).await.unwrap();
        if bytes.is_empty() {
            return found;
        }
        let mut rest = &bytes[..];
        while let Ok(header) = BatchHeader::parse(rest) {
            if header.size_bytes > rest.len() {
                break;
            }
            found.push((header, rest[21..header.size_bytes].to_vec()));
            from = header.end_offset().get();
            rest = &rest[header.size_bytes..];
        }
        assert!(rest.is_empty() || bytes.len() == 1 << 20, "nothing but batches is served");
    }
}
