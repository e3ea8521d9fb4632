//! A request makes a bounded number of partitions, and while many are made others go on.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_io::spawn;
use creel_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsTopic};
use creel_wire::api::create_topics::{CreatableReplicaAssignment, CreatableTopic, CreateTopicsRequest};
use creel_wire::api::delete_topics::DeleteTopicsRequest;
use creel_wire::api::metadata::{MetadataRequest, MetadataRequestTopic};
use creel_wire::{ErrorCode, Str};
use support::{Client, World, story};

fn topic(name: impl Into<String>, num_partitions: i32) -> CreatableTopic {
    CreatableTopic {
        name: Str::from(name.into()),
        num_partitions,
        replication_factor: -1,
        ..Default::default()
    }
}

async fn create(client: &mut Client, topics: Vec<CreatableTopic>, validate_only: bool) -> Vec<ErrorCode> {
    let request = CreateTopicsRequest { topics, validate_only, ..Default::default() };
    client.call(7, &request).await.topics.iter().map(|topic| topic.error_code).collect()
}

#[test]
fn a_request_for_more_than_ten_thousand_partitions_is_refused_as_a_whole() {
    let (good, refused) = (ErrorCode::None, ErrorCode::PolicyViolation);
    story(&["num.partitions=3"], move |broker| async move {
        let mut client = broker.connect().await;
        for validate_only in [true, false] {
            let topics = vec![topic("x", 5000), topic("y", 5000), topic("z", 1)];
            assert_eq!(create(&mut client, topics, validate_only).await, [refused; 3]);
            // Those that ask for the default, for none, and for listed ones count as well.
            let topics = vec![topic("x", 9998), topic("y", -1)];
            assert_eq!(create(&mut client, topics, validate_only).await, [refused; 2]);
            let topics = (0..10_001).map(|at| topic(format!("t{at}"), 0)).collect();
            assert_eq!(create(&mut client, topics, validate_only).await, [refused; 10_001]);
            let listed =
                |partition_index| CreatableReplicaAssignment { partition_index, broker_ids: vec![1] };
            let listed = (0..5001).map(listed).collect();
            let topics = vec![topic("x", 5000), CreatableTopic { assignments: listed, ..topic("y", -1) }];
            assert_eq!(create(&mut client, topics, validate_only).await, [refused; 2]);
        }
        let request = CreateTopicsRequest { topics: vec![topic("x", 10_001)], ..Default::default() };
        let answer = client.call(7, &request).await;
        let message = answer.topics[0].error_message.as_deref();
        assert_eq!(message, Some("Excessively large number of partitions per request."));
        assert!(client.call(9, &MetadataRequest::default()).await.topics.is_empty());
        // What comes twice is refused anyway, and does not count.
        let topics = vec![topic("x", 10_000), topic("y", 1), topic("x", 10_000)];
        assert_eq!(create(&mut client, topics, true).await, [ErrorCode::InvalidRequest, good]);
        assert_eq!(create(&mut client, vec![topic("x", 10_000)], true).await, [good]);
    });
}

#[test]
fn topics_grow_by_ten_thousand_partitions_a_request() {
    let (good, refused) = (ErrorCode::None, ErrorCode::PolicyViolation);
    story(&[], move |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("a", 1).await;
        client.create_topic("b", 1).await;
        let more = |(name, count): (&'static str, i32)| CreatePartitionsTopic {
            name: name.into(),
            count,
            ..Default::default()
        };
        for (asked, expected) in [
            ([("a", 10_002), ("b", 2)], [refused, good]),
            ([("a", 5002), ("b", 5000)], [good, good]),
            ([("a", 5002), ("b", 5001)], [good, refused]),
            ([("b", i32::MAX), ("a", 10_001)], [good, refused]),
        ] {
            let topics = asked.map(more).to_vec();
            let request = CreatePartitionsRequest { topics, validate_only: true, ..Default::default() };
            let answer = client.call(3, &request).await;
            let codes: Vec<_> = answer.results.iter().map(|topic| topic.error_code).collect();
            assert_eq!(codes, expected, "{asked:?}");
        }
    });
}

#[test]
fn more_topics_than_a_request_may_make_are_not_made_by_asking_for_them() {
    story(&["num.partitions=6000"], |broker| async move {
        let mut client = broker.connect().await;
        let named =
            |name: &'static str| MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
        let request = MetadataRequest { topics: Some(["x", "y"].map(named).to_vec()), ..Default::default() };
        let answer = client.call(9, &request).await;
        assert!(answer.topics.iter().all(|topic| topic.error_code == ErrorCode::UnknownTopicOrPartition));
        assert!(client.call(9, &MetadataRequest::default()).await.topics.is_empty());
    });
}

const MANY: i32 = 4000;

#[test]
fn while_many_partitions_are_made_other_topics_are_made_too() {
    for (seed, cores) in [(1, 1), (2, 3)] {
        World::new(seed, cores, &[]).client(|broker| async move {
            let mut client = broker.connect().await;
            let making = spawn(async move {
                let mut client = broker.connect().await;
                assert_eq!(create(&mut client, vec![topic("many", MANY)], false).await, [ErrorCode::None]);
            });
            let mut beside = 0;
            while client.topic("many", false).await.error_code != ErrorCode::None {
                let name: &'static str = format!("beside-{beside}").leak();
                let found = client.topic(name, true).await;
                assert_eq!(found.error_code, ErrorCode::None);
                beside += 1;
            }
            making.await;
            // Each takes a few writes to the disk; the many take thousands.
            assert!(beside > 3, "{beside}");
            let growing = spawn(async move {
                let mut client = broker.connect().await;
                let more =
                    CreatePartitionsTopic { name: "beside-0".into(), count: MANY, ..Default::default() };
                let request = CreatePartitionsRequest { topics: vec![more], ..Default::default() };
                assert_eq!(client.call(3, &request).await.results[0].error_code, ErrorCode::None);
            });
            let mut grown = 0;
            while client.topic("beside-0", false).await.partitions.len() == 1 {
                let name: &'static str = format!("grown-{grown}").leak();
                assert_eq!(client.topic(name, true).await.error_code, ErrorCode::None);
                grown += 1;
            }
            growing.await;
            assert!(grown > 3, "{grown}");
        });
    }
}

#[test]
fn who_asks_for_a_topic_that_is_being_made_waits_for_it() {
    for (seed, cores) in [(1, 1), (2, 3)] {
        World::new(seed, cores, &[]).client(|broker| async move {
            let ask = move |validate_only| async move {
                let mut client = broker.connect().await;
                let codes = create(&mut client, vec![topic("many", 300)], validate_only).await;
                (codes, client.topic("many", false).await.partitions.len())
            };
            let asked: Vec<_> = [false, false, true, false].map(|only| spawn(ask(only))).into();
            let mut made = 0;
            for asked in asked {
                let (codes, partitions) = asked.await;
                match codes[..] {
                    [ErrorCode::None] => made += usize::from(partitions == 300),
                    [ErrorCode::TopicAlreadyExists] => assert_eq!(partitions, 300, "it is ready by then"),
                    ref other => panic!("{other:?}"),
                }
            }
            // The one that only asked may have come first, and found none.
            assert!((1..=2).contains(&made), "{made}");
            let mut client = broker.connect().await;
            let deleted = DeleteTopicsRequest { topic_names: vec!["many".into()], ..Default::default() };
            assert_eq!(client.call(5, &deleted).await.responses[0].error_code, ErrorCode::None);
            assert_eq!(create(&mut client, vec![topic("many", 2)], false).await, [ErrorCode::None]);
        });
    }
}
