//! A disk that runs full: appends are refused with an error, reads go on, and appends succeed again once there is room,
//! without a restart; what was acknowledged is there.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod real;
mod support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use creel_wire::ErrorCode;
use real::{Broker, free_address, on_core};
use support::{Client, Connector, World, batch, values};

const TOPIC: &str = "orders";
/// Many of these fill the small disk.
const VALUE_BYTES: usize = 60_000;
/// More than fit.
const BATCHES_MAX: usize = 2000;

fn large(at: usize) -> creel_engine::Batch {
    let value = format!("{at:0width$}", width = VALUE_BYTES);
    batch(&[&value])
}

/// Appends until the broker refuses; the number of batches there are then.
async fn fill(client: &mut Client, mut count: usize) -> usize {
    for _ in 0..BATCHES_MAX {
        let response = client.produce(TOPIC, 0, &large(count)).await;
        if response.error_code != ErrorCode::None {
            assert_eq!(response.error_code, ErrorCode::KafkaStorageError);
            return count;
        }
        assert_eq!(response.base_offset, count as i64);
        count += 1;
    }
    panic!("the disk does not run full");
}

/// All of them can be read.
async fn read(client: &mut Client, count: usize) {
    for at in 0..count {
        let data = client.fetch(TOPIC, 0, at as i64).await;
        assert_eq!((data.error_code, data.high_watermark), (ErrorCode::None, count as i64));
        let (offset, value) = values(&data).remove(0);
        assert_eq!((offset as usize, value.parse()), (at, Ok(at)));
    }
}

#[test]
fn a_simulated_disk_runs_full_and_has_room_again() {
    for seed in support::SEEDS {
        let mut world = World::new(seed, 2, &["log.segment.bytes=300000"]);
        let (handle, broker) = (world.sim.handle(), world.broker);
        let count = world.client(move |connector| async move {
            let mut client = connector.connect().await;
            client.create_topic(TOPIC, 1).await;
            let disk = handle.disk(broker);
            disk.set_capacity(Some(disk.used() + 1_000_000));
            let count = fill(&mut client, 0).await;
            assert!(count > 0);
            read(&mut client, count).await;
            assert_eq!(fill(&mut client, count).await, count, "still full");
            disk.set_capacity(Some(disk.used() + 1_000_000));
            let more = fill(&mut client, count).await;
            assert!(more > count, "writing resumes");
            disk.set_capacity(None);
            more
        });
        world.sim.handle().crash(world.broker);
        world.start();
        world.client(move |connector| async move { read(&mut connector.connect().await, count).await });
    }
}

#[test]
fn a_broker_starts_on_a_full_disk_and_serves_what_is_there() {
    for seed in 0..6 {
        let mut world = World::new(seed, 2, &["log.segment.bytes=300000"]);
        let (handle, broker) = (world.sim.handle(), world.broker);
        let count = world.client(move |connector| async move {
            let mut client = connector.connect().await;
            client.create_topic(TOPIC, 1).await;
            let disk = handle.disk(broker);
            disk.set_capacity(Some(disk.used() + 1_000_000));
            let count = fill(&mut client, 0).await;
            disk.set_capacity(Some(0));
            count
        });
        let handle = world.sim.handle();
        for end in 0..3 {
            match (seed + end) % 3 {
                0 => handle.crash(broker),
                1 => handle.kill(broker),
                _ => {
                    handle.ask_to_stop(broker);
                    world.sim.run_until_ended(broker).unwrap();
                }
            }
            world.start();
            world.client(move |connector| async move {
                let mut client = connector.connect().await;
                read(&mut client, count).await;
                assert_eq!(fill(&mut client, count).await, count, "still full");
            });
        }
        handle.disk(broker).set_capacity(None);
        world.client(move |connector| async move {
            let mut client = connector.connect().await;
            client.create_topic("second", 1).await;
            assert!(client.produce(TOPIC, 0, &large(count)).await.error_code.is_none());
            read(&mut client, count + 1).await;
        });
    }
}

/// An ext4 of its own in a file; unmounted when dropped.
struct SmallDisk {
    root: tempfile::TempDir,
}

impl SmallDisk {
    const BYTES: u64 = 24 << 20;

    /// `None` where this is not allowed.
    fn mount() -> Option<Self> {
        let root = tempfile::tempdir().unwrap();
        let image = root.path().join("image");
        File::create(&image).unwrap().set_len(Self::BYTES).unwrap();
        fs::create_dir(root.path().join("disk")).unwrap();
        let disk = Self { root };
        let made = succeeds(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))
            && succeeds(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(disk.path()));
        made.then_some(disk)
    }

    fn path(&self) -> PathBuf {
        self.root.path().join("disk")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        succeeds(Command::new("umount").arg(self.path()));
    }
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[test]
fn a_small_file_system_runs_full_and_has_room_again() {
    let Some(disk) = SmallDisk::mount() else {
        return eprintln!("SKIP: no loop device can be mounted here; the simulated disk stands for it");
    };
    let path = disk.path();
    on_core(move || async move { run_full(&path).await });
    drop(disk);
}

async fn run_full(disk: &Path) {
    let (address, data_dir) = (free_address(), disk.join("data"));
    let settings = ["log.segment.bytes=1000000"];
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 6 << 20]).unwrap();
    let broker = Broker::start(address, &data_dir, &settings);
    let mut client = Connector::to(address).connect().await;
    client.create_topic(TOPIC, 1).await;
    let count = fill(&mut client, 0).await;
    assert!(count > 0);
    read(&mut client, count).await;
    fs::remove_file(&ballast).unwrap();
    let more = fill(&mut client, count).await;
    assert!(more > count + 20, "writing resumes: {count} batches, then {more}");
    read(&mut client, more).await;
    broker.kill();
    let mut broker = Broker::start(address, &data_dir, &settings);
    assert!(broker.comes_up());
    read(&mut Connector::to(address).connect().await, more).await;
    broker.kill();
}
