//! `__consumer_offsets` is folded as it grows: it stays small, and nothing that was committed is lost or goes back, however
//! often the power goes.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use creel_io::sim::{Handle, NodeId};
use creel_io::{random_u64, sleep, spawn};
use creel_wire::api::delete_groups::DeleteGroupsRequest;
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::heartbeat::HeartbeatRequest;
use creel_wire::api::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestGroup};
use creel_wire::api::sync_group::SyncGroupRequest;
use creel_wire::{ErrorCode, Str};
use support::{Client, Connector, World};

const PARTITIONS: i32 = 4;
/// The smallest there is; a partition is not folded before it is as large.
const SEGMENT_BYTES: u64 = 16_384;
const SETTINGS: [&str; 2] = ["offsets.topic.num.partitions=1", "offsets.topic.segment.bytes=16384"];

/// Makes the topics.
async fn prepare(client: &mut Client) {
    let request = FindCoordinatorRequest { coordinator_keys: vec!["g".into()], ..Default::default() };
    client.call(4, &request).await;
    client.create_topic("orders", PARTITIONS).await;
}

fn commit_request(group: &str, partition: i32, offset: i64, note: usize) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition {
        partition_index: partition,
        committed_offset: offset,
        committed_metadata: Some("n".repeat(note).into()),
        ..Default::default()
    };
    let topic =
        OffsetCommitRequestTopic { name: "orders".into(), partitions: vec![partition], ..Default::default() };
    OffsetCommitRequest { group_id: Str::from(group.to_owned()), topics: vec![topic], ..Default::default() }
}

async fn try_commit(client: &mut Client, group: &str, partition: i32, offset: i64) -> Option<ErrorCode> {
    let response = client.try_call(8, &commit_request(group, partition, offset, 300)).await?;
    Some(response.topics[0].partitions[0].error_code)
}

async fn commit(client: &mut Client, group: &str, partition: i32, offset: i64) {
    assert_eq!(try_commit(client, group, partition, offset).await, Some(ErrorCode::None));
}

/// What a group has committed, by partition.
async fn committed(client: &mut Client, group: &str) -> BTreeMap<i32, i64> {
    let group =
        OffsetFetchRequestGroup { group_id: Str::from(group.to_owned()), topics: None, ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
    let group = client.call(9, &request).await.groups.remove(0);
    assert_eq!(group.error_code, ErrorCode::None);
    let partitions = group.topics.into_iter().flat_map(|topic| topic.partitions);
    partitions.map(|one| (one.partition_index, one.committed_offset)).collect()
}

/// The base offset of each segment, and the bytes of all: what the disk holds and a start reads.
fn segments(handle: &Handle, broker: NodeId) -> (Vec<i64>, u64) {
    let disk = handle.disk(broker);
    let is_log = |path: &&std::path::PathBuf| {
        path.starts_with("/data/__consumer_offsets-0") && path.extension().is_some_and(|end| end == "log")
    };
    let files: Vec<_> = disk.files().iter().filter(is_log).cloned().collect();
    let base = |path: &Path| path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let bytes = files.iter().map(|path| disk.read(path).unwrap().len() as u64).sum();
    (files.iter().map(|path| base(path)).collect(), bytes)
}

#[test]
fn the_log_of_offsets_stays_small_whatever_is_committed() {
    for (seed, cores) in [(0, 1), (1, 2)] {
        let mut world = World::new(seed, cores, &SETTINGS);
        let (handle, broker) = (world.sim.handle(), world.broker);
        let inside = handle.clone();
        world.client(move |connector| async move {
            let mut client = connector.connect().await;
            prepare(&mut client).await;
            let mut largest = 0;
            for offset in 0..3000 {
                commit(&mut client, "busy", (offset % i64::from(PARTITIONS)) as i32, offset).await;
                if offset % 100 == 0 {
                    commit(&mut client, "rare", 0, offset).await;
                    largest = largest.max(segments(&inside, broker).1);
                }
            }
            // All that was written is sixty times as much.
            assert!(largest < 2 * SEGMENT_BYTES, "{largest}");
        });
        for is_crash in [false, true] {
            match is_crash {
                true => handle.crash(broker),
                false => {
                    handle.ask_to_stop(broker);
                    world.sim.run_until_ended(broker).unwrap();
                }
            }
            let (bases, bytes) = segments(&handle, broker);
            assert!(bases[0] > 2000 && bytes < 2 * SEGMENT_BYTES, "{bases:?} {bytes}");
            world.start();
            world.client(|connector| async move {
                let mut client = connector.connect().await;
                let busy = [(0, 2996), (1, 2997), (2, 2998), (3, 2999)];
                assert_eq!(committed(&mut client, "busy").await, BTreeMap::from(busy));
                assert_eq!(committed(&mut client, "rare").await, BTreeMap::from([(0, 2900)]));
            });
        }
    }
}

/// A log that has grown before: its start folds it.
#[test]
fn a_log_that_is_large_already_is_folded_by_the_start() {
    let settings = ["offsets.topic.num.partitions=1", "offsets.topic.segment.bytes=1000000"];
    let mut world = World::new(3, 2, &settings);
    let (handle, broker) = (world.sim.handle(), world.broker);
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        prepare(&mut client).await;
        for offset in 0..600 {
            commit(&mut client, "g", 0, offset).await;
        }
    });
    assert!(segments(&handle, broker).1 > 200_000);
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        set_segment_bytes(&mut client).await;
    });
    world.restart();
    let inside = handle.clone();
    world.client(move |connector| async move {
        let mut client = connector.connect().await;
        while segments(&inside, broker).1 > SEGMENT_BYTES {
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(committed(&mut client, "g").await, BTreeMap::from([(0, 599)]));
    });
    handle.crash(broker);
    world.start();
    world.client(|connector| async move {
        assert_eq!(committed(&mut connector.connect().await, "g").await, BTreeMap::from([(0, 599)]));
    });
}

async fn set_segment_bytes(client: &mut Client) {
    use creel_wire::api::incremental_alter_configs::{
        AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
    };
    let config = AlterableConfig {
        name: "internal.segment.bytes".into(),
        config_operation: 0,
        value: Some(SEGMENT_BYTES.to_string().into()),
    };
    let resource = AlterConfigsResource {
        resource_type: 2,
        resource_name: "__consumer_offsets".into(),
        configs: vec![config],
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    assert_eq!(client.call(1, &request).await.responses[0].error_code, ErrorCode::None);
}

/// What a client knows of one group: each partition's offset, and what it may have become by a request without an answer.
#[derive(Default)]
struct Known {
    sure: BTreeMap<i32, i64>,
    maybe: Vec<BTreeMap<i32, i64>>,
    /// Commits that were refused.
    refused: usize,
}

impl Known {
    fn check(&mut self, group: &str, found: BTreeMap<i32, i64>) {
        let is_known = found == self.sure || self.maybe.contains(&found);
        assert!(is_known, "{group} has {found:?}, should have {:?} or {:?}", self.sure, self.maybe);
        (self.sure, self.maybe) = (found, Vec::new());
    }
}

/// One client: it commits, takes back, deletes its group, for as long as the broker answers.
async fn change(connector: Connector, group: String, known: Rc<RefCell<Known>>, next: Rc<RefCell<i64>>) {
    let Some(mut client) = connector.try_connect().await else { return };
    loop {
        let partition = (random_u64() % PARTITIONS as u64) as i32;
        let mut after = known.borrow().sure.clone();
        let kind = random_u64() % 40;
        match kind {
            0 => after.clear(),
            1 => drop(after.remove(&partition)),
            _ => {
                *next.borrow_mut() += 1;
                after.insert(partition, *next.borrow());
            }
        }
        known.borrow_mut().maybe = vec![after.clone()];
        let answer = match kind {
            0 => delete_group(&mut client, &group).await,
            1 => delete_offset(&mut client, &group, partition).await,
            _ => try_commit(&mut client, &group, partition, after[&partition]).await,
        };
        match answer {
            None => return,
            Some(ErrorCode::None) => {
                let mut known = known.borrow_mut();
                (known.sure, known.maybe) = (after, Vec::new());
            }
            // The group is not there, or its writes are under way: nothing has changed.
            Some(ErrorCode::GroupIdNotFound | ErrorCode::CoordinatorNotAvailable) => {
                let mut known = known.borrow_mut();
                known.maybe.clear();
                known.refused += usize::from(kind > 1);
            }
            Some(other) => panic!("{group}: {other:?}"),
        }
    }
}

async fn delete_group(client: &mut Client, group: &str) -> Option<ErrorCode> {
    let request = DeleteGroupsRequest { groups_names: vec![Str::from(group.to_owned())] };
    Some(client.try_call(2, &request).await?.results[0].error_code)
}

async fn delete_offset(client: &mut Client, group: &str, partition: i32) -> Option<ErrorCode> {
    let partition = OffsetDeleteRequestPartition { partition_index: partition };
    let topic = OffsetDeleteRequestTopic { name: "orders".into(), partitions: vec![partition] };
    let request = OffsetDeleteRequest { group_id: Str::from(group.to_owned()), topics: vec![topic] };
    Some(client.try_call(0, &request).await?.error_code)
}

/// Many lives of a broker, each under six clients until the power goes. How many of them folded, and how many commits were
/// refused.
fn live(seeds: std::ops::Range<u64>, runs_full: bool) -> (usize, usize) {
    let (mut folds, mut refused) = (0, 0);
    for seed in seeds {
        let cores = 1 + (seed % 2) as u16;
        let mut world = World::new(seed, cores, &SETTINGS);
        let (handle, broker) = (world.sim.handle(), world.broker);
        world.client(|connector| async move { prepare(&mut connector.connect().await).await });
        let names: Vec<String> = (0..6).map(|at| format!("group {at}")).collect();
        let known: Vec<_> = names.iter().map(|_| Rc::new(RefCell::new(Known::default()))).collect();
        let next = Rc::new(RefCell::new(0));
        for life in 0..8 {
            let (names, known, next) = (names.clone(), known.clone(), next.clone());
            let inside = handle.clone();
            let begun = segments(&handle, broker).0[0];
            world.client(move |connector| async move {
                let mut client = connector.connect().await;
                for (name, known) in names.iter().zip(&known) {
                    let found = committed(&mut client, name).await;
                    known.borrow_mut().check(name, found);
                }
                inside.crash_after_io(broker, 60 + (seed * 37 + life * 101) % 700);
                if runs_full {
                    let disk = inside.disk(broker);
                    disk.set_capacity(Some(disk.used() + random_u64() % 80_000));
                    spawn(async move {
                        sleep(Duration::from_millis(200)).await;
                        disk.set_capacity(None);
                    });
                }
                let clients: Vec<_> = names
                    .into_iter()
                    .zip(known)
                    .map(|(name, known)| spawn(change(connector, name, known, next.clone())))
                    .collect();
                for client in clients {
                    client.await;
                }
            });
            handle.cancel_crash(broker);
            handle.crash(broker);
            handle.disk(broker).set_capacity(None);
            folds += usize::from(segments(&handle, broker).0[0] > begun);
            world.start();
        }
        refused += world.client(move |connector| async move {
            let mut client = connector.connect().await;
            for (name, known) in names.iter().zip(&known) {
                let found = committed(&mut client, name).await;
                known.borrow_mut().check(name, found);
            }
            known.iter().map(|known| known.borrow().refused).sum::<usize>()
        });
    }
    (folds, refused)
}

#[test]
fn no_power_cut_loses_an_offset_or_brings_one_back() {
    let (folds, refused) = live(0..8, false);
    assert!(folds > 20 && refused == 0, "{folds} {refused}");
}

#[test]
fn nor_does_a_disk_that_runs_full() {
    let (folds, refused) = live(8..14, true);
    assert!(folds > 5 && refused > 5, "{folds} {refused}");
}

/// A fold keeps the time at which an offset was committed, and what has expired stays away.
#[test]
fn folded_offsets_expire_when_they_would_have() {
    let settings = ["offsets.retention.minutes=10", "offsets.retention.check.interval.ms=1000"];
    let mut world = World::new(5, 2, &[&SETTINGS[..], &settings].concat());
    let (handle, broker) = (world.sim.handle(), world.broker);
    let inside = handle.clone();
    world.client(move |connector| async move {
        let mut client = connector.connect().await;
        prepare(&mut client).await;
        commit(&mut client, "idle", 1, 7).await;
        for offset in 0..9 * 60 {
            commit(&mut client, "busy", 0, offset).await;
            sleep(Duration::from_secs(1)).await;
        }
        assert!(segments(&inside, broker).0[0] > 100, "it was folded");
        assert_eq!(committed(&mut client, "idle").await, BTreeMap::from([(1, 7)]));
    });
    world.restart();
    let inside = handle.clone();
    world.client(move |connector| async move {
        let mut client = connector.connect().await;
        assert_eq!(committed(&mut client, "idle").await, BTreeMap::from([(1, 7)]));
        for offset in 0..90 {
            commit(&mut client, "busy", 0, 1000 + offset).await;
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(committed(&mut client, "idle").await, BTreeMap::new());
        for offset in 0..200 {
            commit(&mut client, "busy", 0, 2000 + offset).await;
        }
        assert!(segments(&inside, broker).0[0] > 700, "it was folded again");
    });
    handle.crash(broker);
    world.start();
    world.client(|connector| async move {
        let mut client = connector.connect().await;
        assert_eq!(committed(&mut client, "idle").await, BTreeMap::new());
        assert_eq!(committed(&mut client, "busy").await, BTreeMap::from([(0, 2199)]));
    });
}

/// Joins a group of its own and takes its assignment.
async fn join(client: &mut Client) -> (Str, i32) {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: Default::default() };
    let mut request = JoinGroupRequest {
        group_id: "members".into(),
        session_timeout_ms: 60_000,
        rebalance_timeout_ms: 60_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    request.member_id = client.call(9, &request).await.member_id;
    let joined = client.call(9, &request).await;
    let sync = SyncGroupRequest {
        group_id: "members".into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        ..Default::default()
    };
    assert_eq!(client.call(5, &sync).await.error_code, ErrorCode::None);
    (joined.member_id, joined.generation_id)
}

#[test]
fn a_folded_group_keeps_its_members() {
    for seed in support::SEEDS {
        let mut world = World::new(seed, 2, &SETTINGS);
        let (handle, broker) = (world.sim.handle(), world.broker);
        let inside = handle.clone();
        let (member_id, generation_id) = world.client(move |connector| async move {
            let mut client = connector.connect().await;
            prepare(&mut client).await;
            let member = join(&mut client).await;
            for offset in 0..300 {
                commit(&mut client, "busy", 0, offset).await;
            }
            assert!(segments(&inside, broker).0[0] > 100, "it was folded");
            member
        });
        handle.crash(broker);
        world.start();
        world.client(move |connector| async move {
            let request = HeartbeatRequest {
                group_id: "members".into(),
                generation_id,
                member_id,
                ..Default::default()
            };
            assert_eq!(connector.connect().await.call(4, &request).await.error_code, ErrorCode::None);
        });
    }
}
