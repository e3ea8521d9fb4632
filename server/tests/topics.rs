//! Topics: made by asking for them, or by name; found by id; gone when deleted; there again after a restart.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_wire::api::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use creel_wire::api::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use creel_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
use creel_wire::api::metadata::{MetadataRequest, MetadataRequestTopic};
use creel_wire::{ErrorCode, Uuid};
use support::{World, batch, one, story, values};

#[test]
fn a_topic_asked_for_is_created_and_ready_to_use() {
    story(&["num.partitions=4"], |broker| async move {
        let mut client = broker.connect().await;
        let absent = client.topic("orders", false).await;
        assert_eq!(absent.error_code, ErrorCode::UnknownTopicOrPartition);
        let made = client.topic("orders", true).await;
        assert_eq!((made.error_code, made.partitions.len()), (ErrorCode::None, 4));
        assert!(!made.topic_id.is_zero());
        for partition in 0..4 {
            assert_eq!(client.produce("orders", partition, &batch(&["a"])).await.error_code, ErrorCode::None);
        }
        let bad = client.topic("no good", true).await;
        assert_eq!(bad.error_code, ErrorCode::InvalidTopicException);
    });
}

#[test]
fn a_broker_that_may_not_create_does_not() {
    story(&["auto.create.topics.enable=false"], |broker| async move {
        let mut client = broker.connect().await;
        let absent = client.topic("orders", true).await;
        assert_eq!(absent.error_code, ErrorCode::UnknownTopicOrPartition);
        let all = client.call(1, &MetadataRequest { topics: None, ..Default::default() }).await;
        assert_eq!(all.topics.len(), 0);
    });
}

#[test]
fn topics_are_found_by_id() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        let id = client.create_topic("orders", 1).await;
        client.produce("orders", 0, &batch(&["a"])).await;
        for (topic_id, expected) in [(id, ErrorCode::None), (Uuid([9; 16]), ErrorCode::UnknownTopicId)] {
            let topic = MetadataRequestTopic { topic_id, name: None };
            let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
            let found = client.call(12, &request).await.topics.remove(0);
            assert_eq!((found.error_code, found.topic_id), (expected, topic_id));

            let partitions = vec![FetchPartition { partition_max_bytes: 1000, ..Default::default() }];
            let topics = vec![FetchTopic { topic_id, partitions, ..Default::default() }];
            let request = FetchRequest { max_bytes: 1000, topics, ..Default::default() };
            let found = one(client.call(13, &request).await);
            assert_eq!((found.error_code, values(&found).len()), (expected, usize::from(expected.is_none())));
        }
    });
}

#[test]
fn each_topic_of_a_request_has_its_own_error() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("there", 1).await;
        let topic = |name: &'static str, num_partitions, replication_factor| CreatableTopic {
            name: name.into(),
            num_partitions,
            replication_factor,
            ..Default::default()
        };
        let config = CreatableTopicConfig { name: "retention.ms".into(), value: Some("soon".into()) };
        let topics = vec![
            topic("fine", -1, -1),
            topic("there", 1, 1),
            topic("none", 0, 1),
            topic("copies", 1, 3),
            topic("not good", 1, 1),
            topic("twice", 1, 1),
            CreatableTopic { configs: vec![config], ..topic("settings", 1, 1) },
            topic("twice", 1, 1),
        ];
        let request = CreateTopicsRequest { topics, ..Default::default() };
        let response = client.call(5, &request).await;
        let codes: Vec<_> = response.topics.iter().map(|one| one.error_code).collect();
        let expected = [
            ErrorCode::None,
            ErrorCode::TopicAlreadyExists,
            ErrorCode::InvalidPartitions,
            ErrorCode::InvalidReplicationFactor,
            ErrorCode::InvalidTopicException,
            ErrorCode::InvalidRequest,
            ErrorCode::InvalidConfig,
        ];
        assert_eq!(codes, expected);
        let validate = CreateTopicsRequest {
            topics: vec![topic("later", 1, 1)],
            validate_only: true,
            ..Default::default()
        };
        assert_eq!(client.call(5, &validate).await.topics[0].error_code, ErrorCode::None);
        let later = client.topic("later", false).await;
        assert_eq!(later.error_code, ErrorCode::UnknownTopicOrPartition);
    });
}

#[test]
fn a_deleted_topic_is_gone_and_its_name_begins_anew() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        let first = client.create_topic("orders", 3).await;
        client.produce("orders", 1, &batch(&["old"])).await;
        let state = DeleteTopicState { name: Some("orders".into()), ..Default::default() };
        let request = DeleteTopicsRequest { topics: vec![state], ..Default::default() };
        let deleted = client.call(6, &request).await.responses.remove(0);
        assert_eq!((deleted.error_code, deleted.topic_id), (ErrorCode::None, first));
        let again = client.call(6, &request).await.responses.remove(0);
        assert_eq!(again.error_code, ErrorCode::UnknownTopicOrPartition);
        let second = client.create_topic("orders", 3).await;
        assert_ne!(first, second);
        assert_eq!(client.fetch("orders", 1, 0).await.high_watermark, 0);
    });
}

#[test]
fn topics_and_their_records_survive_a_restart() {
    for seed in support::SEEDS {
        let mut world = World::new(seed, 2, &[]);
        let id = world.client(|broker| async move {
            let mut client = broker.connect().await;
            let id = client.create_topic("orders", 3).await;
            for partition in 0..3 {
                client.produce("orders", partition, &batch(&["a", "b"])).await;
            }
            id
        });
        world.restart();
        world.client(move |broker| async move {
            let mut client = broker.connect().await;
            let found = client.topic("orders", false).await;
            assert_eq!((found.topic_id, found.partitions.len()), (id, 3));
            for partition in 0..3 {
                assert_eq!(values(&client.fetch("orders", partition, 0).await).len(), 2);
                assert_eq!(client.produce("orders", partition, &batch(&["c"])).await.base_offset, 2);
            }
        });
    }
}

#[test]
fn who_names_a_topic_twice_deletes_nothing() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        let id = client.create_topic("orders", 1).await;
        let by_name = || DeleteTopicState { name: Some("orders".into()), ..Default::default() };
        let by_id = || DeleteTopicState { topic_id: id, ..Default::default() };
        for topics in [vec![by_name(), by_name()], vec![by_name(), by_id()], vec![by_id(), by_id()]] {
            let request = DeleteTopicsRequest { topics, timeout_ms: 1000, ..Default::default() };
            let codes: Vec<_> =
                client.call(6, &request).await.responses.iter().map(|one| one.error_code).collect();
            assert_eq!(codes, [ErrorCode::InvalidRequest]);
        }
        let topic_names = vec!["orders".into(), "orders".into()];
        let request = DeleteTopicsRequest { topic_names, timeout_ms: 1000, ..Default::default() };
        assert_eq!(client.call(5, &request).await.responses[0].error_code, ErrorCode::InvalidRequest);
        assert_eq!(client.topic("orders", false).await.topic_id, id);
    });
}

/// The checkpoint knows partitions by name: what it says of a deleted topic must not outlive it.
#[test]
fn a_new_topic_of_an_old_name_is_its_own_also_after_a_kill() {
    for seed in support::SEEDS {
        let mut world = World::new(seed, 2, &["log.retention.check.interval.ms=600000"]);
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            client.create_topic("orders", 1).await;
            for _ in 0..10 {
                client.produce("orders", 0, &batch(&["old"])).await;
            }
        });
        // A clean stop and a start: the checkpoint has been written.
        world.restart();
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            let topics = vec![DeleteTopicState { name: Some("orders".into()), ..Default::default() }];
            let request = DeleteTopicsRequest { topics, timeout_ms: 1000, ..Default::default() };
            client.call(6, &request).await;
            client.create_topic("orders", 1).await;
            client.produce("orders", 0, &batch(&["new"])).await;
        });
        world.sim.handle().kill(world.broker);
        world.start();
        world.client(|broker| async move {
            let mut client = broker.connect().await;
            let found = client.fetch("orders", 0, 0).await;
            assert_eq!((found.error_code, found.high_watermark), (ErrorCode::None, 1));
            assert_eq!(values(&found), [(0, "new".to_owned())]);
        });
    }
}
