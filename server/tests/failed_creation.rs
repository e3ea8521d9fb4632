//! A topic, or a partition more, that cannot be made is refused, and nothing of it stays in the way: it can be made once the
//! disk works again.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_io::sim::ErrorRates;
use creel_wire::ErrorCode;
use creel_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use creel_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use creel_wire::api::delete_topics::DeleteTopicsRequest;
use support::log::Log;
use support::{Client, World, batch, values};

const BOTH: [&str; 2] = ["kept", "rolling"];
const PARTITIONS: i32 = 3;

/// Asks for both topics in one request; what each was answered.
async fn create(client: &mut Client) -> Vec<(&'static str, ErrorCode)> {
    let topic = |name: &'static str| CreatableTopic {
        name: name.into(),
        num_partitions: PARTITIONS,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: BOTH.map(topic).to_vec(), ..Default::default() };
    let response = client.call(7, &request).await;
    BOTH.into_iter().zip(response.topics.iter().map(|topic| topic.error_code)).collect()
}

/// Every partition takes a record.
async fn is_usable(client: &mut Client, name: &'static str) -> bool {
    let mut codes = Vec::new();
    for partition in 0..PARTITIONS {
        codes.push(client.produce(name, partition, &batch(&["a"])).await.error_code);
    }
    codes.iter().all(|code| code.is_none())
}

/// Who is refused has no topic; who is not has one that works.
async fn create_once(client: &mut Client) -> Vec<ErrorCode> {
    let answers = create(client).await;
    for (name, code) in &answers {
        let found = client.topic(name, false).await.error_code;
        match code {
            ErrorCode::None => assert_eq!(found, ErrorCode::None),
            _ => {
                assert_eq!((*code, found), (ErrorCode::KafkaStorageError, ErrorCode::UnknownTopicOrPartition))
            }
        }
    }
    answers.into_iter().map(|(_, code)| code).collect()
}

/// Nothing stands in the way of topics that were refused.
async fn create_again(client: &mut Client) {
    for (name, code) in create(client).await {
        assert!(matches!(code, ErrorCode::None | ErrorCode::TopicAlreadyExists), "{name}: {code:?}");
        assert!(is_usable(client, name).await, "{name}");
    }
}

#[test]
fn topics_that_a_full_disk_refused_are_made_once_there_is_room() {
    let mut refused = 0;
    for room in (0..1400).step_by(50) {
        let mut world = World::new(room, 2, &[]);
        let disk = world.sim.handle().disk(world.broker);
        refused += world.client(move |connector| async move {
            let mut client = connector.connect().await;
            client.create_topic("first", 1).await;
            disk.set_capacity(Some(disk.used() + room));
            let mut refused = create_once(&mut client).await;
            refused.extend(create_once_more(&mut client, &refused).await);
            disk.set_capacity(None);
            create_again(&mut client).await;
            refused.iter().filter(|code| !code.is_none()).count()
        });
    }
    assert!(refused > 10, "{refused}");
}

/// The disk is as full as it was: those that were refused are refused again or made, and nobody says that they exist.
async fn create_once_more(client: &mut Client, before: &[ErrorCode]) -> Vec<ErrorCode> {
    let mut answers = Vec::new();
    for ((name, code), before) in create(client).await.into_iter().zip(before) {
        let existed = code == ErrorCode::TopicAlreadyExists;
        assert_eq!(existed, before.is_none(), "{name}: {before:?}, then {code:?}");
        answers.push(if existed { ErrorCode::None } else { code });
    }
    answers
}

#[test]
fn a_topic_whose_deletion_was_refused_stays() {
    // So that few fit into what is left of the journal's last block.
    let name: &'static str = "x".repeat(249).leak();
    for seed in 0..2 {
        let mut world = World::new(seed, 2, &[]);
        let disk = world.sim.handle().disk(world.broker);
        world.client(move |connector| async move {
            let mut client = connector.connect().await;
            let deletion = DeleteTopicsRequest { topic_names: vec![name.into()], ..Default::default() };
            loop {
                client.create_topic(name, 1).await;
                client.produce(name, 0, &batch(&["a"])).await;
                disk.set_capacity(Some(0));
                let refused = !client.call(5, &deletion).await.responses[0].error_code.is_none();
                disk.set_capacity(None);
                if refused {
                    break;
                }
            }
            client.create_topic("second", 1).await;
        });
        world.restart();
        world.client(|connector| async move {
            let found = connector.connect().await.fetch(name, 0, 0).await;
            assert_eq!(values(&found), [(0, "a".to_owned())]);
        });
    }
}

#[test]
fn topics_that_a_failing_disk_refused_are_made_after_a_restart() {
    let mut refused = 0;
    for seed in 0..60 {
        let mut world = World::new(seed, 2, &[]);
        let (handle, broker) = (world.sim.handle(), world.broker);
        let failing = handle.disk(broker);
        refused += world.client(move |connector| async move {
            let mut client = connector.connect().await;
            client.create_topic("first", 1).await;
            failing.set_error_rates(ErrorRates { read: 0.05, write: 0.05, sync: 0.05 });
            let answers = create(&mut client).await;
            answers.iter().filter(|(_, code)| !code.is_none()).count()
        });
        handle.disk(broker).set_error_rates(ErrorRates::default());
        handle.kill(broker);
        world.start();
        world.client(|connector| async move { create_again(&mut connector.connect().await).await });
    }
    assert!(refused > 10, "{refused}");
}

/// Asks for more partitions of "kept".
async fn grow(client: &mut Client) -> ErrorCode {
    let topic = CreatePartitionsTopic { name: "kept".into(), count: PARTITIONS, ..Default::default() };
    let request = CreatePartitionsRequest { topics: vec![topic], ..Default::default() };
    client.call(3, &request).await.results[0].error_code
}

#[test]
fn partitions_that_a_full_disk_refused_are_made_once_there_is_room() {
    let mut refused = 0;
    for (at, room) in (0..1400).step_by(50).enumerate() {
        let mut world = World::new(room, 2, &[]);
        let disk = world.sim.handle().disk(world.broker);
        let code = world.client(move |connector| async move {
            let mut client = connector.connect().await;
            client.create_topic("kept", 1).await;
            assert!(client.produce("kept", 0, &batch(&["old"])).await.error_code.is_none());
            disk.set_capacity(Some(disk.used() + room));
            let code = grow(&mut client).await;
            let shown = client.topic("kept", false).await.partitions;
            assert_eq!(shown.len(), if code.is_none() { PARTITIONS as usize } else { 1 });
            assert!(shown.iter().all(|partition| partition.error_code.is_none()));
            disk.set_capacity(None);
            code
        });
        refused += usize::from(code == ErrorCode::KafkaStorageError);
        // Whether what could not be written can be read by a start, or is put right before.
        if at % 2 == 0 {
            world.restart();
        }
        world.client(|connector| async move {
            let mut client = connector.connect().await;
            assert!(matches!(grow(&mut client).await, ErrorCode::None | ErrorCode::InvalidPartitions));
            assert_eq!(client.topic("kept", false).await.partitions.len(), PARTITIONS as usize);
            assert!(is_usable(&mut client, "kept").await);
            let found = values(&client.fetch("kept", 0, 0).await);
            assert_eq!(found, [(0, "old".to_owned()), (1, "a".to_owned())]);
        });
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn what_is_taken_back_is_said_to_be_and_not_to_be_offline() {
    let (mut creations, mut changes, mut last) = (0, 0, Vec::new());
    for room in (0..1400).step_by(100) {
        let lines = Log::of(|| {
            let mut world = World::new(room, 2, &[]);
            let disk = world.sim.handle().disk(world.broker);
            world.client(move |connector| async move {
                let mut client = connector.connect().await;
                client.create_topic("kept", 1).await;
                disk.set_capacity(Some(disk.used() + room));
                grow(&mut client).await;
                let rolling = CreatableTopic {
                    name: "new".into(),
                    num_partitions: PARTITIONS,
                    replication_factor: 1,
                    ..Default::default()
                };
                let request = CreateTopicsRequest { topics: vec![rolling], ..Default::default() };
                client.call(7, &request).await;
                disk.set_capacity(None);
            });
        });
        let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        assert_eq!(count("is offline") + count("groups have no coordinator"), 0, "{lines:#?}");
        creations += count("cannot create a topic: what was created of it is removed topic=new reason=");
        changes += count("cannot change a topic: the change was undone topic=kept reason=");
        last = lines;
    }
    assert!(creations > 0 && changes > 0, "{creations} {changes}: {last:#?}");
}
