//! Batches whose header does not tell their largest timestamp, and records without one: how old they are, and what is
//! known of their producers. In the simulator, whose clock passes by itself.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use common::{Of, append, opening, read_all};
use creel_engine::crc32c;
use creel_engine::{
    Batch, BatchBuilder, LastStop, LogConfig, Offset, OpenLog, Partition, TurnWriter, UncheckedBatch, Upkeep,
};
use creel_io::sim::{Config, NodeId, Simulation};
use creel_io::wall_clock_ms;

const DIRECTORY: &str = "/data/log";
const RETENTION_MS: i64 = 8000;

/// How clients leave timestamps out.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Records have theirs, the header has no maximum.
    OnlyInRecords,
    /// There are none at all.
    Nowhere,
    /// Records before 1970, which count as none.
    BeforeTheirTime,
}

const KINDS: [Kind; 3] = [Kind::OnlyInRecords, Kind::Nowhere, Kind::BeforeTheirTime];

impl Kind {
    fn time(self) -> i64 {
        match self {
            Self::OnlyInRecords => wall_clock_ms(),
            Self::Nowhere => -1,
            Self::BeforeTheirTime => -7_240_509_273_709,
        }
    }

    fn batch(self) -> Batch {
        self.send(BatchBuilder::new)
    }

    fn by_producer(self, sequence: i32) -> Batch {
        self.send(|time| BatchBuilder::new(time).producer(7, 0, sequence))
    }

    fn send(self, builder: impl FnOnce(i64) -> BatchBuilder) -> Batch {
        let time = self.time();
        without_maximum(&builder(time).record(time, None, Some(&[b'x'; 100])).build().unwrap())
    }
}

/// The same batch with -1 for its largest timestamp.
fn without_maximum(batch: &Batch) -> Batch {
    with_maximum(batch, -1)
}

/// The same batch with another largest timestamp.
fn with_maximum(batch: &Batch, maximum: i64) -> Batch {
    let mut bytes = BytesMut::from(&batch.bytes()[..]);
    bytes[35..43].copy_from_slice(&maximum.to_be_bytes());
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    UncheckedBatch::new(bytes.freeze()).verify().unwrap()
}

/// A log on a disk, and its clock.
struct World {
    simulation: Simulation,
    node: NodeId,
    config: LogConfig,
}

impl World {
    fn new(config: LogConfig) -> Self {
        let mut simulation = Simulation::new(1, Config::default());
        let node = simulation.add_node("broker", 1);
        Self { simulation, node, config }
    }

    /// A life of the log, behind a clean stop or not.
    fn live<T: 'static>(
        &mut self,
        last_stop: LastStop,
        life: impl AsyncFnOnce(Partition) -> T + 'static,
    ) -> T {
        let config = self.config.clone();
        let story = async move {
            let opening = OpenLog { last_stop, ..opening(Path::new(DIRECTORY), config) };
            life(Partition::open(&TurnWriter::new(), opening).await.unwrap()).await
        };
        self.simulation.block_on(self.node, story).unwrap()
    }
}

async fn pass(ms: i64) {
    creel_io::sleep(Duration::from_millis(ms as u64)).await;
}

/// All that is due now.
async fn upkeep(partition: &Partition) {
    while partition.upkeep(wall_clock_ms()).await.unwrap() != Upkeep::Nothing {}
}

fn keeping() -> LogConfig {
    LogConfig { retention_ms: Some(RETENTION_MS as u64), ..LogConfig::default() }
}

fn after(is_stopped: bool) -> LastStop {
    if is_stopped { LastStop::Clean } else { LastStop::Unclean }
}

#[test]
fn no_record_goes_before_its_time_and_all_go_after_it() {
    for kind in KINDS {
        World::new(keeping()).live(LastStop::Unclean, async move |partition| {
            let mut young: VecDeque<(Offset, i64)> = VecDeque::new();
            for _ in 0..80 {
                young.push_back((append(&partition, &kind.batch()).await, wall_clock_ms()));
                pass(500).await;
                upkeep(&partition).await;
                young.retain(|(_, at)| wall_clock_ms() - at <= RETENTION_MS);
                assert!(partition.log_start() <= young[0].0, "{kind:?}: a young record is gone");
            }
            pass(RETENTION_MS + 1).await;
            upkeep(&partition).await;
            assert_eq!(partition.log_start(), partition.log_end(), "{kind:?}");
        });
    }
}

#[test]
fn their_age_outlives_stops_and_power_cuts() {
    for kind in KINDS {
        for is_stopped in [true, false] {
            let mut world = World::new(keeping());
            world.live(LastStop::Unclean, async move |partition| {
                pass(10 * RETENTION_MS).await;
                append(&partition, &kind.batch()).await;
                pass(RETENTION_MS / 4).await;
                if is_stopped {
                    partition.close().await.unwrap();
                }
            });
            if !is_stopped {
                world.simulation.handle().crash(world.node);
            }
            world.live(after(is_stopped), async move |partition| {
                pass(RETENTION_MS / 4).await;
                upkeep(&partition).await;
                assert_eq!(partition.log_start(), Offset::ZERO, "{kind:?}, stopped {is_stopped}");
                assert_eq!(read_all(&partition, 0).await.len(), 1);
                // Stops do not make it younger.
                if is_stopped {
                    partition.close().await.unwrap();
                }
            });
            if !is_stopped {
                continue;
            }
            world.live(LastStop::Clean, async move |partition| {
                pass(RETENTION_MS / 2 + 100).await;
                upkeep(&partition).await;
                assert_eq!(partition.log_start(), Offset::of(1), "{kind:?}");
            });
        }
    }
}

#[test]
fn a_stop_of_an_unstamped_log_is_clean() {
    let small = LogConfig { segment_bytes: 3000, index_interval_bytes: 300, ..LogConfig::default() };
    for kind in KINDS {
        let mut world = World::new(small.clone());
        world.live(LastStop::Unclean, async move |partition| {
            for _ in 0..50 {
                append(&partition, &kind.batch()).await;
            }
            partition.close().await.unwrap();
        });
        let files = |world: &World, extension: &str| {
            let disk = world.simulation.handle().disk(world.node);
            let path = format!("{DIRECTORY}/orders-0/{:020}.{extension}", 0);
            disk.read(Path::new(&path)).unwrap()
        };
        let index = files(&world, "index");
        assert!(!index.is_empty());
        let is_stamped = matches!(kind, Kind::OnlyInRecords);
        assert_eq!(!files(&world, "timeindex").is_empty(), is_stamped, "{kind:?}: as Kafka has it");
        world.live(LastStop::Clean, async move |partition| {
            assert_eq!(partition.recovery().scanned_bytes, 0, "{kind:?}: nothing to recover");
            assert_eq!(read_all(&partition, 0).await.len(), 50);
            let found = partition.max_timestamp_offset().await.unwrap();
            assert_eq!(found.is_some_and(|found| found.timestamp >= 0), is_stamped, "{kind:?}");
        });
        assert_eq!(files(&world, "index"), index, "{kind:?}: it was right");
    }
}

/// What was lost of a time index is noticed, although a segment may well have none.
#[test]
fn a_lost_time_index_is_not_taken_for_none() {
    let small = LogConfig { segment_bytes: 3000, index_interval_bytes: 300, ..LogConfig::default() };
    let mut world = World::new(small);
    let time = world.live(LastStop::Unclean, async move |partition| {
        let time = wall_clock_ms();
        for _ in 0..50 {
            append(&partition, &Kind::OnlyInRecords.batch()).await;
        }
        partition.close().await.unwrap();
        time
    });
    let disk = world.simulation.handle().disk(world.node);
    for path in disk.files().into_iter().filter(|path| path.extension().is_some_and(|it| it == "timeindex")) {
        disk.place(path, &[]).unwrap();
    }
    world.live(LastStop::Clean, async move |partition| {
        let found = partition.offset_for_timestamp(time).await.unwrap();
        assert_eq!(found.unwrap().offset, Offset::ZERO);
    });
}

#[test]
fn the_header_on_the_disk_says_what_the_records_say() {
    World::new(LogConfig::default()).live(LastStop::Unclean, async |partition| {
        let start = wall_clock_ms() - 1000;
        for at in 0..20 {
            let builder = BatchBuilder::new(start + at * 10);
            let two = builder.record(start + at * 10, None, None).record(start + at * 10 + 5, None, None);
            append(&partition, &without_maximum(&two.build().unwrap())).await;
        }
        for (at, (header, _)) in read_all(&partition, 0).await.into_iter().enumerate() {
            assert_eq!(header.max_timestamp, start + at as i64 * 10 + 5);
        }
        for (ms, offset) in [(0, 0), (1, 1), (6, 2), (195, 39)] {
            let found = partition.offset_for_timestamp(start + ms).await.unwrap().unwrap();
            assert_eq!(found.offset, Offset::of(offset), "{ms} ms");
        }
        assert_eq!(partition.offset_for_timestamp(start + 196).await.unwrap(), None);
        let newest = partition.max_timestamp_offset().await.unwrap().unwrap();
        assert_eq!((newest.offset, newest.timestamp), (Offset::of(39), start + 195));
    });
}

#[test]
fn a_producer_without_timestamps_is_remembered_for_its_time() {
    const EXPIRY_MS: i64 = 10_000;
    let config = || LogConfig { producer_id_expiration_ms: EXPIRY_MS as u64, ..LogConfig::default() };
    for kind in KINDS {
        for ends in ["by a stop", "by a power cut", "by kill -9"] {
            let is_stopped = ends == "by a stop";
            let mut world = World::new(config());
            world.live(LastStop::Unclean, async move |partition| {
                for sequence in 0..3 {
                    append(&partition, &kind.by_producer(sequence)).await;
                }
                upkeep(&partition).await;
                pass(EXPIRY_MS - 1000).await;
                upkeep(&partition).await;
                for sequence in 0..3 {
                    let again = append(&partition, &kind.by_producer(sequence)).await;
                    assert_eq!(again, Offset::of(i64::from(sequence)), "{kind:?}");
                }
                if is_stopped {
                    partition.close().await.unwrap();
                }
            });
            match ends {
                "by a power cut" => world.simulation.handle().crash(world.node),
                "by kill -9" => world.simulation.handle().kill(world.node),
                _ => {}
            }
            world.live(after(is_stopped), async move |partition| {
                upkeep(&partition).await;
                for sequence in 0..3 {
                    let again = append(&partition, &kind.by_producer(sequence)).await;
                    assert_eq!(again, Offset::of(i64::from(sequence)), "{kind:?}, ended {ends}");
                }
                assert_eq!(partition.log_end(), Offset::of(3));
                pass(EXPIRY_MS + 1).await;
                upkeep(&partition).await;
                assert_eq!(partition.producer_count(), 0, "{kind:?}: nothing was heard of it for long");
            });
        }
    }
}

/// A header that says more than its records is believed, and a deleted record's segment remembers it, as Kafka's does.
#[test]
fn the_largest_timestamp_is_told_although_no_record_has_it() {
    World::new(LogConfig::default()).live(LastStop::Unclean, async |partition| {
        let now = wall_clock_ms();
        let largest =
            async || partition.max_timestamp_offset().await.unwrap().map(|it| (it.offset, it.timestamp));
        let honest = BatchBuilder::new(now).record(now, None, None).record(now, None, None).build().unwrap();
        append(&partition, &with_maximum(&honest, now + 60_000)).await;
        append(&partition, &honest).await;
        assert_eq!(largest().await, Some((Offset::of(1), now + 60_000)));
        partition.advance_log_start(Offset::of(2)).await.unwrap();
        assert_eq!(largest().await, Some((Offset::of(1), now + 60_000)));
    });
}
