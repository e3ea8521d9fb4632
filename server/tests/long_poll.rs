//! Fetches that wait: woken by what they wait for, answered when their time is over.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use std::time::Duration;

use creel_io::{now, sleep, spawn};
use creel_wire::api::delete_topics::DeleteTopicsRequest;
use creel_wire::api::fetch::FetchRequest;
use creel_wire::{ErrorCode, Records};
use support::{batch, fetch_request, one, story, values};

#[test]
fn a_waiting_fetch_is_woken_by_a_produce_of_someone_else() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        for partition in 0..3 {
            let waiting = spawn(async move {
                let mut consumer = broker.connect().await;
                let began = now();
                let found = consumer.call(12, &fetch_request("orders", partition, 0, 600_000)).await;
                (one(found), now().saturating_since(began))
            });
            sleep(Duration::from_millis(100)).await;
            client.produce("orders", partition, &batch(&["a"])).await;
            let (found, waited) = waiting.await;
            assert_eq!(values(&found), [(0, "a".to_owned())]);
            assert!(waited >= Duration::from_millis(90), "it waited {waited:?}");
            assert!(waited < Duration::from_secs(60), "it waited {waited:?}");
        }
    });
}

#[test]
fn a_fetch_that_nothing_comes_for_is_answered_when_its_time_is_over() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 2).await;
        for partition in 0..2 {
            let began = now();
            let found = one(client.call(12, &fetch_request("orders", partition, 0, 500)).await);
            let waited = now().saturating_since(began);
            assert_eq!((found.high_watermark, found.records), (0, Records::EMPTY));
            assert!(waited >= Duration::from_millis(500), "it waited {waited:?}");
        }
    });
}

#[test]
fn it_waits_for_as_many_bytes_as_it_asks_for() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 1).await;
        let size = batch(&["a"]).size_bytes() as i32;
        let waiting = spawn(async move {
            let mut consumer = broker.connect().await;
            let request = FetchRequest { min_bytes: 3 * size, ..fetch_request("orders", 0, 0, 600_000) };
            one(consumer.call(12, &request).await)
        });
        for _ in 0..3 {
            assert!(!waiting.is_finished());
            client.produce("orders", 0, &batch(&["a"])).await;
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(values(&waiting.await).len(), 3);
    });
}

#[test]
fn a_fetch_of_a_topic_that_is_deleted_meanwhile_is_told_at_once() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.create_topic("orders", 3).await;
        let waiting: Vec<_> = (0..3)
            .map(|partition| {
                spawn(async move {
                    let mut consumer = broker.connect().await;
                    one(consumer.call(12, &fetch_request("orders", partition, 0, 600_000)).await)
                })
            })
            .collect();
        sleep(Duration::from_millis(100)).await;
        let began = now();
        let topic_names = vec!["orders".into()];
        let delete = DeleteTopicsRequest { topic_names, timeout_ms: 1000, ..Default::default() };
        assert_eq!(client.call(5, &delete).await.responses[0].error_code, ErrorCode::None);
        for waiting in waiting {
            assert_eq!(waiting.await.error_code, ErrorCode::UnknownTopicOrPartition);
        }
        assert!(now().saturating_since(began) < Duration::from_secs(60));
    });
}
