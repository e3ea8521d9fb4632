//! Data directories that earlier versions left: this one opens them, every record, setting and committed offset is there, and
//! it goes on writing to them. `old_formats/README.md` says how they are made.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod real;
mod support;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use creel_wire::api::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use creel_wire::api::delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic};
use creel_wire::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use creel_wire::api::find_coordinator::FindCoordinatorRequest;
use creel_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use creel_wire::api::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use real::{Broker, free_address, on_core};
use support::{Client, Connector, batch, batch_of_producer, values};

const TOPIC: &str = "orders";
const GROUP: &str = "stock";
/// A topic's settings: nothing goes by age, and segments are small.
const CONFIGS: [(&str, &str); 3] =
    [("internal.segment.bytes", "2000"), ("max.message.bytes", "200000"), ("retention.ms", "-1")];
/// Batches of two records, of an idempotent producer, in partition 0.
const BATCHES: i32 = 30;
/// Where partition 0 begins since records were deleted.
const BEGIN: i64 = 10;
/// Records in partition 1.
const LONE: i64 = 5;
const COMMITTED: i64 = 17;
const SETTINGS: [&str; 3] =
    ["offsets.topic.num.partitions=1", "offsets.retention.minutes=2147483647", "creel.cores=0"];

fn old_formats() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old_formats")
}

/// Starts a broker that serves.
async fn start(address: SocketAddr, data_dir: &Path) -> (Broker, Client) {
    let mut broker = Broker::start(address, data_dir, &SETTINGS);
    assert!(broker.comes_up(), "{}", data_dir.display());
    (broker, Connector::to(address).connect().await)
}

fn stop(broker: Broker) {
    broker.signal("TERM");
    assert_eq!(broker.end(), Some(0));
}

async fn fill(client: &mut Client) {
    let config = |(name, value): (&'static str, &'static str)| CreatableTopicConfig {
        name: name.into(),
        value: Some(value.into()),
    };
    let topic = CreatableTopic {
        name: TOPIC.into(),
        num_partitions: 2,
        replication_factor: 1,
        configs: CONFIGS.map(config).to_vec(),
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
    assert!(client.call(7, &request).await.topics[0].error_code.is_none());
    for at in 0..BATCHES {
        let texts = [2 * at, 2 * at + 1].map(|at| text(at.into()));
        let batch = batch_of_producer(4711, 0, 2 * at, &[&texts[0], &texts[1]]);
        assert!(client.produce(TOPIC, 0, &batch).await.error_code.is_none());
    }
    for at in 0..LONE {
        assert!(client.produce(TOPIC, 1, &batch(&[&text(at)])).await.error_code.is_none());
    }
    delete_records(client).await;
    commit(client).await;
}

/// What the record at an offset says.
fn text(offset: i64) -> String {
    format!("order {offset:03}")
}

async fn delete_records(client: &mut Client) {
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset: BEGIN }];
    let topics = vec![DeleteRecordsTopic { name: TOPIC.into(), partitions }];
    let response = client.call(2, &DeleteRecordsRequest { topics, timeout_ms: 30_000 }).await;
    assert!(response.topics[0].partitions[0].error_code.is_none());
}

async fn commit(client: &mut Client) {
    let request = FindCoordinatorRequest { key: GROUP.into(), ..Default::default() };
    assert!(client.call(1, &request).await.error_code.is_none());
    let partition = OffsetCommitRequestPartition { committed_offset: COMMITTED, ..Default::default() };
    let topic =
        OffsetCommitRequestTopic { name: TOPIC.into(), partitions: vec![partition], ..Default::default() };
    let request = OffsetCommitRequest {
        group_id: GROUP.into(),
        topics: vec![topic],
        generation_id_or_member_epoch: -1,
        ..Default::default()
    };
    assert!(client.call(7, &request).await.topics[0].partitions[0].error_code.is_none());
}

async fn committed(client: &mut Client) -> i64 {
    let request = FindCoordinatorRequest { key: GROUP.into(), ..Default::default() };
    assert!(client.call(1, &request).await.error_code.is_none());
    let topic = OffsetFetchRequestTopic { name: TOPIC.into(), partition_indexes: vec![0] };
    let request =
        OffsetFetchRequest { group_id: GROUP.into(), topics: Some(vec![topic]), ..Default::default() };
    client.call(7, &request).await.topics[0].partitions[0].committed_offset
}

/// The values of the topic's own settings among `CONFIGS`.
async fn configs(client: &mut Client) -> Vec<String> {
    let resource = DescribeConfigsResource {
        resource_type: 2,
        resource_name: TOPIC.into(),
        configuration_keys: Some(CONFIGS.map(|(name, _)| name.into()).to_vec()),
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    let mut described = client.call(4, &request).await.results.remove(0).configs;
    described.sort_by(|a, b| a.name.cmp(&b.name));
    described.iter().map(|one| one.value.clone().unwrap_or_default().to_string()).collect()
}

/// All records of a partition from an offset on.
async fn read(client: &mut Client, partition: i32, mut from: i64) -> Vec<(i64, String)> {
    let mut all = Vec::new();
    loop {
        let data = client.fetch(TOPIC, partition, from).await;
        assert!(data.error_code.is_none(), "partition {partition} at {from}: {:?}", data.error_code);
        let read: Vec<_> = values(&data).into_iter().filter(|(offset, _)| *offset >= from).collect();
        let Some((last, _)) = read.last() else { return all };
        from = last + 1;
        all.extend(read);
    }
}

fn texts(offsets: std::ops::Range<i64>) -> Vec<(i64, String)> {
    offsets.map(|offset| (offset, text(offset))).collect()
}

/// All that `fill` wrote, and so many records more in each partition, are there.
async fn holds_all(client: &mut Client, data_dir: &Path, more: i64) {
    let id = client.topic(TOPIC, false).await.topic_id;
    let noted = fs::read_to_string(data_dir.join(format!("{TOPIC}-0/partition.metadata"))).unwrap();
    assert!(noted.contains(&id.to_string()), "{noted}: {id}");
    assert_eq!(configs(client).await, CONFIGS.map(|(_, value)| value));
    let first = client.fetch(TOPIC, 0, BEGIN).await;
    assert_eq!((first.log_start_offset, first.high_watermark), (BEGIN, 2 * i64::from(BATCHES) + more));
    assert_eq!(read(client, 0, BEGIN).await, texts(BEGIN..2 * i64::from(BATCHES) + more));
    assert_eq!(read(client, 1, 0).await, texts(0..LONE + more));
    assert_eq!(committed(client).await, COMMITTED);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        match from.is_dir() {
            true => copy(&from, &to),
            false => drop(fs::copy(&from, &to).unwrap()),
        }
    }
}

fn directories() -> Vec<PathBuf> {
    let entries = fs::read_dir(old_formats()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

#[test]
fn directories_of_earlier_versions_are_opened_read_and_written_to() {
    let directories = directories();
    assert!(directories.len() >= 2, "{directories:?}");
    for directory in directories {
        let temporary = tempfile::tempdir().unwrap();
        let data_dir = temporary.path().join("data");
        copy(&directory, &data_dir);
        on_core(move || async move { open_and_go_on(&data_dir).await });
    }
}

async fn open_and_go_on(data_dir: &Path) {
    let address = free_address();
    let (broker, mut client) = start(address, data_dir).await;
    holds_all(&mut client, data_dir, 0).await;
    for (partition, end) in [(0, 2 * i64::from(BATCHES)), (1, LONE)] {
        let appended = client.produce(TOPIC, partition, &batch(&[&text(end)])).await;
        assert_eq!((appended.error_code.is_none(), appended.base_offset), (true, end));
    }
    stop(broker);
    let (broker, mut client) = start(address, data_dir).await;
    holds_all(&mut client, data_dir, 1).await;
    stop(broker);
}

/// One by a clean stop, and one by kill -9.
#[test]
#[ignore = "writes the directories of this version"]
fn directories_of_this_version_are_written() {
    for end in ["clean", "killed"] {
        let data_dir = old_formats().join(format!("{}-{end}", env!("CARGO_PKG_VERSION")));
        assert!(
            !data_dir.exists(),
            "{} is there: a released version's is never written again",
            data_dir.display()
        );
        on_core(move || async move {
            let (broker, mut client) = start(free_address(), &data_dir).await;
            fill(&mut client).await;
            holds_all(&mut client, &data_dir, 0).await;
            match end {
                "clean" => stop(broker),
                _ => broker.kill(),
            }
        });
    }
}
