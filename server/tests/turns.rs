//! Many clients that ask for much at the same time: what a core does for all of them together between two looks at the
//! network is bounded.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use bytes::Bytes;
use creel_io::{STEPS_A_TURN, spawn};
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use creel_wire::api::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use creel_wire::api::metadata::{MetadataRequest, MetadataRequestTopic};
use creel_wire::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use creel_wire::{Request, Str};
use support::{World, encoded};

const CLIENTS: usize = 40;
const REQUESTS: usize = 12;
const NAMES: i32 = 1_000;

/// What a turn has room for, the piece that goes on in it at last, and what those do who have done little: a millisecond.
const MOST: usize = 2 * STEPS_A_TURN;

/// All clients send all their requests at once, and take their answers.
fn flooded<R: Request>(cores: u16, version: i16, request: &R) {
    let manners = creel_io::sim::Config { steps_max: u64::MAX, ..creel_io::sim::Config::default() };
    let mut world = World::with(3, manners, cores, &[]);
    world.client(|broker| async move { broker.connect().await.create_topic("orders", 4).await });
    let all = Bytes::from(encoded(version, request).repeat(REQUESTS));
    world.sim.take_work(world.broker);
    world.client(move |broker| async move {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let (mut client, all) = (broker.connect().await, all.clone());
            clients.push(spawn(async move {
                client.send_raw(&all).await;
                for _ in 0..REQUESTS {
                    client.receive_frame().await.unwrap();
                }
            }));
        }
        for client in clients {
            client.await;
        }
    });
    let work = world.sim.take_work(world.broker);
    println!("{cores} cores, {}: {work:?}", R::API_KEY);
    assert!(work.longest <= MOST, "{}: {work:?}", R::API_KEY);
    assert!(work.total >= CLIENTS * REQUESTS * NAMES as usize, "{}: {work:?}", R::API_KEY);
}

#[test]
fn names_that_are_looked_up() {
    let topic = |at| MetadataRequestTopic { name: Some(Str::from(format!("{at:x}"))), ..Default::default() };
    let topics = Some((0..NAMES).map(topic).collect());
    for cores in [1, 2] {
        flooded(cores, 7, &MetadataRequest { topics: topics.clone(), ..Default::default() });
    }
}

#[test]
fn partitions_that_are_asked_about() {
    let partition = |partition_index| ListOffsetsPartition { partition_index, ..Default::default() };
    let topics = vec![ListOffsetsTopic {
        name: Str::from_static("orders"),
        partitions: (0..NAMES).map(partition).collect(),
    }];
    flooded(2, 5, &ListOffsetsRequest { topics, ..Default::default() });
}

#[test]
fn partitions_that_are_fetched() {
    let partition = |partition| FetchPartition { partition, ..Default::default() };
    let partitions = (0..NAMES).map(partition).collect();
    let topics = vec![FetchTopic { topic: Str::from_static("orders"), partitions, ..Default::default() }];
    flooded(2, 4, &FetchRequest { topics, ..Default::default() });
}

#[test]
fn partitions_that_are_written_to() {
    let partition = |index| PartitionProduceData { index, ..Default::default() };
    let topic_data = vec![TopicProduceData {
        name: Str::from_static("orders"),
        partition_data: (0..NAMES).map(partition).collect(),
        ..Default::default()
    }];
    flooded(2, 7, &ProduceRequest { acks: 1, topic_data, ..Default::default() });
}
